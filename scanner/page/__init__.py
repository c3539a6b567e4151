"""A scanned page is made right. Pure functions on pixels: no files, no processes.

findings = examine(scan)                     # once for a page
prepared = make(scan, findings, undone={...}, quarter_turns=1)
prepared = prepare(scan)                     # both
page = card(front, back)                     # two faces on one A4 page
"""

from scanner.page.card import card
from scanner.page.model import Prepared, Scan
from scanner.page.prepare import Findings, examine, make, prepare, strips

__all__ = ["Findings", "Prepared", "Scan", "card", "examine", "make", "prepare", "strips"]
