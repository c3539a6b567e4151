"""Documents put together, and taken apart. No picture is encoded a second time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import pikepdf
from pikepdf import Pdf

from scanner.document import pdf as pdf_file
from scanner.document.brought import Kind, kept_jpeg, kind_of, opened_pdf, opened_picture, page_dpi, picture
from scanner.document.build import never
from scanner.document.clean import clean
from scanner.document.encode import Encoded, jpeg
from scanner.document.model import MAX_BYTES, MAX_PAGES, Cancelled, Mode, Refusal, Refused, Stopped

_QUALITY = 90
"""Of pictures that are no JPEG, or one of a rare kind: they become one."""
_TURNED = {1: 0, 3: 180, 6: 90, 8: 270}
"""Degrees clockwise by Exif's orientation (CIPA DC-008, 4.6.4); the others are mirrored, as no camera writes them."""
_ORIENTATION = 274


def merge(untrusted_files: Sequence[BinaryIO], out: BinaryIO, *, cancelled: Cancelled = never) -> int:
    """Writes one PDF of all their pages in that order into `out`, which can be read too; bytes.

    It is a PDF/A-2b if each of them was made here. Raises Refused, Stopped, OSError.
    """
    if not untrusted_files:
        raise Refused(Refusal.EMPTY)
    archival = True
    with pikepdf.new() as made:
        for untrusted_file in untrusted_files:
            if cancelled():
                raise Stopped
            if kind_of(untrusted_file) is Kind.PICTURE:
                pdf_file.add(made, embedded(untrusted_file))
                continue
            with opened_pdf(untrusted_file) as pdf:
                archival = archival and pdf_file.is_ours(pdf)
                clean(pdf)
                made.pages.extend(pdf.pages)
                if len(made.pages) > MAX_PAGES:
                    raise Refused(Refusal.TOO_MANY_PAGES)
        return _write(made, out, archival)


def embedded(untrusted_file: BinaryIO) -> Encoded:
    """A brought picture as a page: a JPEG byte for byte, without what is not its picture. Raises Refused."""
    with opened_picture(untrusted_file) as untrusted:
        turned = _TURNED.get(untrusted.getexif().get(_ORIENTATION, 1))
        simple = untrusted.format == "JPEG" and untrusted.mode in ("L", "RGB") and turned is not None
        dpi, width, height = page_dpi(untrusted), untrusted.width, untrusted.height
        mode = Mode.GREY if untrusted.mode == "L" else Mode.COLOUR
        if simple:
            untrusted.load()  # or it is broken
    if not simple:
        page = picture(untrusted_file)
        return jpeg(page.pixels, page.dpi, _QUALITY)[0]
    untrusted_file.seek(0)
    return Encoded(kept_jpeg(untrusted_file.read(MAX_BYTES)), mode, width, height, dpi, turned or 0)


def split(
    untrusted_file: BinaryIO, outs: Sequence[tuple[range, BinaryIO]], *, cancelled: Cancelled = never
) -> list[int]:
    """Writes each range of a PDF's pages, numbered from 1, into its file, which can be read too; bytes of each.

    Raises Refused (NO_PAGE for a range that is empty or beyond the end), Stopped, OSError.
    """
    if kind_of(untrusted_file) is not Kind.PDF:
        raise Refused(Refusal.KIND)
    sizes = []
    with opened_pdf(untrusted_file) as pdf:
        archival = pdf_file.is_ours(pdf)
        clean(pdf)
        for pages, out in outs:
            if cancelled():
                raise Stopped
            if not pages or min(pages) < 1 or max(pages) > len(pdf.pages):
                raise Refused(Refusal.NO_PAGE)
            with pikepdf.new() as made:
                made.pages.extend(pdf.pages[number - 1] for number in pages)
                sizes.append(_write(made, out, archival))
    return sizes


def _write(made: Pdf, out: BinaryIO, archival: bool) -> int:
    made.remove_unreferenced_resources()
    if archival:
        pdf_file.mark_archival(made)
    return pdf_file.rewrite(made, out, len(made.pages), ours=archival)
