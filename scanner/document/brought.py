"""Documents that were brought: what they are, and whether they are opened at all. Everything of them is untrusted."""

from __future__ import annotations

import contextlib
import enum
import io
import os
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pikepdf
from PIL import Image, ImageOps, UnidentifiedImageError

from scanner.document.model import MAX_BYTES, MAX_PAGES, MAX_PIXELS, Refusal, Refused
from scanner.document.raster import Page, Pixels

Image.MAX_IMAGE_PIXELS = MAX_PIXELS  # Pillow refuses above twice of it; `opened_picture` is sooner

_A4_INCHES = 297 / 25.4
_LARGEST_INCHES = 17.0
_LEAST_DPI, _MOST_DPI = 100, 1200


class Kind(enum.StrEnum):
    PDF = "pdf"
    PICTURE = "picture"


def kind_of(untrusted_file: BinaryIO) -> Kind:
    """By how it begins, never by its name. Raises Refused(KIND, EMPTY, TOO_LARGE), OSError."""
    size = untrusted_file.seek(0, os.SEEK_END)
    untrusted_file.seek(0)
    if size > MAX_BYTES:
        raise Refused(Refusal.TOO_LARGE)
    if size == 0:
        raise Refused(Refusal.EMPTY)
    untrusted_head = untrusted_file.read(1024)
    untrusted_file.seek(0)
    if b"%PDF-" in untrusted_head:  # viewers allow for something before it, and so do sites
        return Kind.PDF
    if untrusted_head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or _heif(untrusted_head):
        return Kind.PICTURE
    raise Refused(Refusal.KIND)


def _heif(untrusted_head: bytes) -> bool:
    """Pictures of some telephones, where Pillow was given a way to open them. Debian's has none by itself."""
    brands = (b"ftypheic", b"ftypheix", b"ftypmif1")
    return untrusted_head[4:].startswith(brands) and "HEIF" in Image.OPEN


@contextlib.contextmanager
def opened_pdf(untrusted_file: BinaryIO) -> Iterator[pikepdf.Pdf]:
    """Raises Refused(LOCKED, BROKEN, TOO_MANY_PAGES, EMPTY)."""
    untrusted_file.seek(0)
    try:
        with pikepdf.open(untrusted_file, suppress_warnings=True) as pdf:
            _count(pdf)
            yield pdf
    except pikepdf.PasswordError as error:
        raise Refused(Refusal.LOCKED) from error
    except (pikepdf.PdfError, pikepdf.ForeignObjectError, RecursionError) as error:
        raise Refused(Refusal.BROKEN) from error
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, OverflowError, RuntimeError) as error:
        # pikepdf's way to say that something in the file is of another kind than PDF asks for.
        raise Refused(Refusal.BROKEN) from error


def _count(pdf: pikepdf.Pdf) -> int:
    untrusted_count = pdf.Root.Pages.get("/Count", 0)
    if isinstance(untrusted_count, int) and untrusted_count > MAX_PAGES:
        raise Refused(Refusal.TOO_MANY_PAGES)
    count = len(pdf.pages)
    if count > MAX_PAGES:
        raise Refused(Refusal.TOO_MANY_PAGES)
    if count == 0:
        raise Refused(Refusal.EMPTY)
    return count


def pages_of(untrusted_file: BinaryIO) -> int:
    """Raises Refused, OSError."""
    if kind_of(untrusted_file) is Kind.PICTURE:
        with opened_picture(untrusted_file):
            return 1
    with opened_pdf(untrusted_file) as pdf:
        return len(pdf.pages)


@contextlib.contextmanager
def opened_picture(untrusted_file: BinaryIO) -> Iterator[Image.Image]:
    """Not decoded yet; its size is bearable. Raises Refused(BROKEN, TOO_LARGE), also while it is being decoded."""
    untrusted_file.seek(0)
    formats = ("JPEG", "PNG", *(("HEIF",) if "HEIF" in Image.OPEN else ()))
    try:
        with Image.open(untrusted_file, formats=formats) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise Refused(Refusal.TOO_LARGE)
            yield picture
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise Refused(Refusal.TOO_LARGE) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, KeyError, EOFError) as error:
        raise Refused(Refusal.BROKEN) from error


def picture(untrusted_file: BinaryIO) -> Page:
    """A brought picture as a page: turned as its camera says, on white where it is transparent; only pixels are left.

    Its size on paper is its own where it tells a likely one, else its longer side is that of A4. Raises Refused.
    """
    with opened_picture(untrusted_file) as untrusted:
        dpi = page_dpi(untrusted)
        return Page(plain(untrusted), dpi)


def page_dpi(untrusted: Image.Image) -> float:
    """Dots per inch on paper, see `picture`."""
    longer = max(untrusted.size)
    told = untrusted.info.get("dpi", (0, 0))
    try:
        across, down = (float(one) for one in told)
    except (TypeError, ValueError):
        across = down = 0.0
    if across == down and _LEAST_DPI <= across <= _MOST_DPI and longer / across <= _LARGEST_INCHES:
        return across
    return max(float(_LEAST_DPI), longer / _A4_INCHES)


def plain(untrusted: Image.Image) -> Pixels:
    """RGB or grey pixels of any picture that Pillow has opened."""
    turned = ImageOps.exif_transpose(untrusted)
    if turned.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in turned.info:
        over = turned.convert("RGBA")
        paper = Image.new("RGBA", over.size, (255, 255, 255, 255))
        return np.asarray(Image.alpha_composite(paper, over).convert("RGB"))
    if turned.mode.startswith("I;16") or turned.mode == "I":
        return (np.asarray(turned).astype(np.uint32) >> 8).clip(0, 255).astype(np.uint8)
    return np.asarray(turned.convert("L" if turned.mode in ("1", "L") else "RGB"))


def kept_jpeg(untrusted_data: bytes) -> bytes:
    """A JPEG as it is, without what is not its picture: notes of the camera, places, further pictures behind it.

    Segments as in ITU-T T.81, annex B. Adobe's segment (APP14) stays: it says how the colours are meant. Raises
    Refused(BROKEN).
    """
    out = io.BytesIO()
    out.write(b"\xff\xd8")
    place, end = 2, len(untrusted_data)
    while place + 4 <= end:
        if untrusted_data[place] != 0xFF:
            break
        marker = untrusted_data[place + 1]
        if marker == 0xFF:  # filling
            place += 1
            continue
        if marker == 0xD9:
            break
        length = int.from_bytes(untrusted_data[place + 2 : place + 4], "big") + 2
        if length < 4 or place + length > end:
            raise Refused(Refusal.BROKEN)
        if not (0xE0 <= marker <= 0xEF and marker != 0xEE) and marker != 0xFE:
            out.write(untrusted_data[place : place + length])
        place += length
        if marker == 0xDA:
            scanned = _end_of_scan(untrusted_data, place)
            out.write(untrusted_data[place:scanned])
            place = scanned
    out.write(b"\xff\xd9")
    return out.getvalue()


def _end_of_scan(untrusted_data: bytes, place: int) -> int:
    """Where the next marker is that is not part of the scan's data."""
    while (place := untrusted_data.find(b"\xff", place)) >= 0 and place + 1 < len(untrusted_data):
        if untrusted_data[place + 1] != 0 and not 0xD0 <= untrusted_data[place + 1] <= 0xD7:
            return place
        place += 2
    return len(untrusted_data)
