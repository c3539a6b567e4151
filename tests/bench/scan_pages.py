"""The papers of the scan bench, a scanner that has them on its glass, and what is looked at in a finished PDF."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from scanner.page.model import Pixels
from tests import pages

DPI = 300
_KINDS = ("letter", "form", "payslip", "letter", "article", "letter", "form", "note", "payslip", "letter")
_ANGLES = (3.0, -2.0, 1.0, -4.0, 2.5, 0.5, -1.2, 4.0, -3.0, 2.0)
"""Degrees: as people lay paper on a glass."""
_TRIED = 8.0
"""Degrees, within which a page is looked for askew."""


class Glass:
    """SANE's `pnm` backend in `directory`, with one page on the glass: a copy that is as large as any, and quick."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.chmod(0o755)  # of a station's, the scan worker's user reads it
        (directory / "dll.conf").write_text("pnm\n")
        self._numbers = itertools.count()

    @property
    def file(self) -> Path:
        return self.directory / "page.ppm"

    @property
    def option(self) -> str:
        return f"filename={self.file}"

    def lay(self, page: Path) -> None:
        """In place of what lies there. `page` is in the same directory."""
        link = self.directory / f"link-{next(self._numbers)}"
        os.link(page, link)
        link.rename(self.file)


def papers(glass: Glass, count: int) -> list[Path]:
    """`count` A4 pages of the project's as they lie on a glass of 216 by 297 mm: colour, askew, in their own shadows,
    lit from one side, noisy; letters, forms, payslips, an article with a photograph, a note by hand.
    """
    made = []
    for number in range(count):
        laying = {"angle": _ANGLES[number % 10], "noise": 3.0, "light": 0.12 * (number % 3)}
        kind = _KINDS[number % 10]
        path = glass.directory / f"paper-{number}.ppm"
        pages.write_pnm(path, pages.sample(kind, number, DPI, **laying).scan)
        made.append(path)
    return made


class Seen(NamedTuple):
    """What is left to be seen in a PDF."""

    pages: int
    askew: float
    """Degrees: the mean of what its pages are still askew, whatever way."""
    worst: float
    size: tuple[float, float]
    """Millimetres: the mean page."""
    bytes: int


def seen(pdf: Path, kinds: Sequence[str] = _KINDS) -> Seen:
    """Looks at a finished document, as drawn by poppler at 100 dots an inch."""
    into = pdf.with_suffix("")
    into.mkdir()
    subprocess.run(["pdftoppm", "-r", "100", "-gray", str(pdf), str(into / "page")], check=True)
    askew, sizes = [], []
    for number, path in enumerate(sorted(into.iterdir())):
        with Image.open(path) as opened:
            pixels = np.asarray(opened.convert("L"))
        sizes.append((pixels.shape[1] * 25.4 / 100, pixels.shape[0] * 25.4 / 100))
        if kinds[number % len(kinds)] != "note":  # what is written by hand has no straight line
            askew.append(abs(_askew(pixels)))
    wide, high = np.mean(sizes, axis=0)
    return Seen(len(sizes), float(np.mean(askew)), max(askew), (float(wide), float(high)), pdf.stat().st_size)


def _askew(grey: Pixels) -> float:
    """Degrees by which lines of text are askew: where the rows of a turned page differ most from one to the next.

    Nothing of `scanner.page` is used: it is what is being looked at.
    """
    ink = np.asarray(255 - grey, np.float32)
    # The page's own edges and shadows say how the paper lies, not how what is printed on it lies.
    high, wide = ink.shape
    ink = ink[high // 12 : -high // 12, wide // 12 : -wide // 12]
    ink -= cv2.blur(ink, (31, 31))

    def uneven(angle: float) -> float:
        middle = (ink.shape[1] / 2, ink.shape[0] / 2)
        turn = cv2.getRotationMatrix2D(middle, angle, 1.0)
        rows = cv2.warpAffine(ink, turn, (ink.shape[1], ink.shape[0]), flags=cv2.INTER_LINEAR).sum(axis=1)
        return float(np.square(np.diff(rows)).sum())

    best = max(np.arange(-_TRIED, _TRIED + 0.1, 0.4), key=uneven)
    return float(max(np.arange(best - 0.4, best + 0.41, 0.05), key=uneven))
