"""How large the PDF of a few pages is, and how well it is read, beside what others make of the same pixels.

Five pages in 300 dpi (see `tests.scanner.document.maker`): a letter, small print, a letter with stamp and signature,
one with a photo, a form filled with a pencil. Others:

- img2pdf: each page a JPEG of quality 75, as it comes from the scanner, put into a PDF.
- simple-scan as it is after installation (the settings of 42.5: document type "photo", 300 dpi, JPEG quality 75): the
  same JPEGs. And with its other button, "text" (150 dpi): grey JPEGs of quality 75 stand for it; it was not run itself.
- `ocrmypdf -O2` of the first, without its reading.

Legibility is that of the worst page; read is the share of the words that tesseract still finds, of those that it finds
in the pixels as they were scanned. Both look at the pictures in the PDF, taken out by `pdfimages`.
"""

from __future__ import annotations

import difflib
import io
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import img2pdf
import numpy as np
from PIL import Image

from scanner.document.build import build
from scanner.document.legible import COMFORTABLE, Original
from scanner.document.raster import Page, Pixels, grey, resized, sized
from tests.bench.measure import Measure
from tests.scanner.document import maker

KB = 1000
_FEWER = 0.02
"""So many words fewer than the other's are as many: tesseract's own mood."""


class Made(NamedTuple):
    size: int
    legibility: float
    read: float


def measure(quick: bool) -> list[Measure]:
    pages = [maker.stamped(), maker.pencilled()]
    if not quick:
        pages = [maker.lettered(), maker.lettered(points=7), maker.stamped(), maker.illustrated(), maker.pencilled()]
    directory = Path(tempfile.mkdtemp(prefix="marchepied-bench-"))
    try:
        before = [words_of(page.pixels) for page in pages]
        with open(directory / "ours.pdf", "w+b") as out:
            build(pages, out)
        _img2pdf([_jpeg(page.pixels, page.dpi) for page in pages], directory / "img2pdf.pdf")
        half = [_jpeg(resized(grey(page.pixels), 150 / page.dpi), 150) for page in pages]
        _img2pdf(half, directory / "text.pdf")
        subprocess.run(
            ["ocrmypdf", "--quiet", "--tesseract-timeout", "0", "-O2", "--output-type", "pdf",
             str(directory / "img2pdf.pdf"), str(directory / "ocrmypdf.pdf")],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        made = {
            name: _judged(directory / f"{name}.pdf", pages, before) for name in ("ours", "img2pdf", "text", "ocrmypdf")
        }
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    ours = made.pop("ours")
    names = {
        "img2pdf": "img2pdf of JPEG q75; simple-scan's defaults",
        "text": "simple-scan's 150 dpi for text, grey",
        "ocrmypdf": "ocrmypdf -O2",
    }
    return [
        Measure(
            f"pdf_size_{name}",
            ours.size / KB / len(pages),
            "KB/page",
            "smaller, and read as well",
            ours.size < other.size and ours.read >= other.read - _FEWER and ours.legibility >= COMFORTABLE,
            other.size / KB / len(pages),
            names[name],
            f"legibility {ours.legibility:.3f} against {other.legibility:.3f}, words read {ours.read:.3f} against "
            f"{other.read:.3f}, {len(pages)} pages",
        )
        for name, other in made.items()
    ]


def _jpeg(pixels: Pixels, dpi: float) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=75, dpi=(dpi, dpi))
    return out.getvalue()


def _img2pdf(pictures: Sequence[bytes], path: Path) -> None:
    path.write_bytes(img2pdf.convert(list(pictures)))


def _judged(path: Path, pages: Sequence[Page], before: Sequence[list[str]]) -> Made:
    into = path.with_suffix("")
    into.mkdir()
    subprocess.run(["pdfimages", "-png", str(path), str(into / "page")], check=True)
    found = []
    for picture in sorted(into.iterdir()):
        with Image.open(picture) as opened:
            found.append(np.asarray(opened.convert("RGB")))
    if len(found) != len(pages):
        raise RuntimeError(f"{path.name} has {len(found)} pictures")
    legibility = min(Original(page).seen(one).legibility for page, one in zip(pages, found, strict=True))
    read = []
    for words, page, one in zip(before, pages, found, strict=True):
        after = words_of(sized(one, page.pixels.shape[1], page.pixels.shape[0]))
        blocks = difflib.SequenceMatcher(None, words, after, autojunk=False).get_matching_blocks()
        read.append(sum(block.size for block in blocks) / len(words))
    return Made(path.stat().st_size, legibility, statistics.mean(read))


def words_of(pixels: Pixels, layout: str = "3") -> list[str]:
    """As tesseract reads them, in its layout (`--psm`) of that number."""
    out = io.BytesIO()
    Image.fromarray(grey(pixels)).save(out, "PNG", compress_level=1)
    done = subprocess.run(
        ["tesseract", "stdin", "stdout", "-l", "fra", "--dpi", "300", "--psm", layout],
        input=out.getvalue(), capture_output=True, check=True, env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    )  # fmt: skip
    return re.findall(r"\w+", done.stdout.decode("utf-8").lower())
