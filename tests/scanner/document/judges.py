"""What others say of a PDF: qpdf, and poppler's programs. None of them is used to write one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def say(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def sound(path: Path) -> None:
    """qpdf finds nothing wrong, its hints for the web neither, and it is linearised."""
    said = say("qpdf", "--check", str(path))
    assert "No syntax or stream encoding errors found" in said
    assert "File is linearized" in said
    assert "no linearization errors" in say("qpdf", "--check-linearization", str(path))


def info(path: Path) -> dict[str, str]:
    lines = (line.partition(":") for line in say("pdfinfo", str(path)).splitlines())
    return {name.strip(): value.strip() for name, _colon, value in lines}


class Shown(NamedTuple):
    """A line of `pdfimages -list`."""

    page: int
    width: int
    height: int
    colour: str
    coding: str
    dpi: int


def images(path: Path) -> list[Shown]:
    rows = [line.split() for line in say("pdfimages", "-list", str(path)).splitlines()[2:]]
    return [
        Shown(int(row[0]), int(row[3]), int(row[4]), row[5], row[8], int(row[12])) for row in rows if row[2] == "image"
    ]


def fonts(path: Path) -> int:
    return len(say("pdffonts", str(path)).splitlines()) - 2


def words(path: Path) -> list[str]:
    return re.findall(r"\w+", say("pdftotext", str(path), "-"))


def drawn(path: Path, page: int, dpi: int, into: Path) -> NDArray[np.uint8]:
    say("pdftoppm", "-r", str(dpi), "-f", str(page), "-l", str(page), "-singlefile", str(path), str(into / "drawn"))
    with Image.open(into / "drawn.ppm") as picture:
        return np.asarray(picture)
