"""Scanned pages become a PDF: each kept as it needs to be, one page in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import pikepdf

from scanner.document import pdf as pdf_file
from scanner.document.encode import Encoded
from scanner.document.ladder import usual
from scanner.document.model import Cancelled, Progress, Refusal, Refused, Stopped
from scanner.document.raster import Page, Raster


def nothing(_percent: int) -> None:
    """A progress that nobody follows."""


def never() -> bool:
    return False


def build(
    pages: Sequence[Raster | Encoded], out: BinaryIO, *, progress: Progress = nothing, cancelled: Cancelled = never
) -> int:
    """Writes a PDF/A-2b of the pages into `out`, which can be read too; bytes.

    Colour, grey or black and white by what is on a page, with as many dots as its letters need. The same pages give
    the same bytes. `pixels` of each page are asked for once; what `usual` made of one before is taken as it is. Raises
    Refused(EMPTY), Stopped, OSError.
    """
    if not pages:
        raise Refused(Refusal.EMPTY)
    with pikepdf.new() as made:
        for number, page in enumerate(pages):
            if cancelled():
                raise Stopped
            progress(100 * number // len(pages))
            pdf_file.add(made, page if isinstance(page, Encoded) else usual(in_memory(page)))
        return finish(made, out, len(pages), progress)


def in_memory(page: Raster) -> Raster:
    """The page with its pixels at hand; other pages' may be gone by then."""
    return Page(np.ascontiguousarray(page.pixels), page.dpi)


def finish(made: pikepdf.Pdf, out: BinaryIO, pages: int, progress: Progress) -> int:
    """Marks, writes and checks what `pdf.add` was called for; bytes."""
    pdf_file.mark_archival(made)
    size = pdf_file.rewrite(made, out, pages, ours=True)
    progress(100)
    return size
