"""Test pages: papers that nobody owns, laid on a scanner that nobody has, and what is true of each.

    sample = letter(seed, dpi, angle=3.0, turns=2, lid=20.0)
    write_pnm(path, sample.scan)                       # as SANE's `pnm` backend reads it

Every maker takes the fields of `Laying` as keywords. The same arguments give the same pixels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from scanner.page.model import Scan
from tests.pages.glass import Laying, Sample, lay
from tests.pages.sheets import SHEETS

__all__ = [
    "SHEETS",
    "Sample",
    "blank",
    "card",
    "form",
    "letter",
    "payslip",
    "pencil",
    "photo",
    "receipt",
    "sample",
    "write_pnm",
]


def sample(kind: str, seed: int, dpi: float = 150, **laying: Any) -> Sample:
    """A page of one of the kinds in SHEETS, laid as said."""
    return lay(SHEETS[kind](seed, dpi), Laying(**laying), seed)


def letter(seed: int, dpi: float = 150, **laying: Any) -> Sample:
    return sample("letter", seed, dpi, **laying)


def form(seed: int, dpi: float = 150, **laying: Any) -> Sample:
    return sample("form", seed, dpi, **laying)


def payslip(seed: int, dpi: float = 150, **laying: Any) -> Sample:
    return sample("payslip", seed, dpi, **laying)


def receipt(seed: int, dpi: float = 150, **laying: Any) -> Sample:
    """Alone in the corner of the glass."""
    return sample("receipt", seed, dpi, **{"shadows": (0.25, 0.25, 0.15, 0.15), **laying})


def card(seed: int, dpi: float = 150, **laying: Any) -> Sample:
    return sample("card", seed, dpi, **{"shadows": (0.3, 0.3, 0.15, 0.15), **laying})


def photo(seed: int, dpi: float = 150, **laying: Any) -> Sample:
    return sample("photo", seed, dpi, **laying)


def pencil(seed: int, dpi: float = 150, **laying: Any) -> Sample:
    """Faint words in pencil on a page that has nothing else."""
    return sample("pencil", seed, dpi, **laying)


def blank(seed: int, dpi: float = 150, **laying: Any) -> Sample:
    """`seed % 6`: clean, bleed-through, dust, holes, all three, a fold."""
    return sample("blank", seed, dpi, **laying)


def write_pnm(path: Path, scan: Scan) -> None:
    """Writes binary PPM or PGM with 8 bits a channel, as SANE's `pnm` backend reads it (man sane-pnm); no dpi."""
    head = f"P{5 if scan.grey else 6}\n{scan.width} {scan.height}\n255\n"
    with path.open("wb") as file:
        file.write(head.encode("ascii"))
        np.ascontiguousarray(scan.pixels).tofile(file)
