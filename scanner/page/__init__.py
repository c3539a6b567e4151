"""A scanned page is made right. Pure functions on pixels: no files, no processes.

findings = examine(scan)                     # once for a page
prepared = make(scan, findings, undone={...}, quarter_turns=1)
prepared = prepare(scan)                     # both
findings = recall(scan, findings.verdict)    # what was found, without looking again
page = card(front, back)                     # two faces on one A4 page
"""

from scanner.page.card import card, lay
from scanner.page.model import Prepared, Scan
from scanner.page.prepare import Findings, examine, make, prepare, recall, strips, untouched

__all__ = [
    "Findings",
    "Prepared",
    "Scan",
    "card",
    "examine",
    "lay",
    "make",
    "prepare",
    "recall",
    "strips",
    "untouched",
]
