"""Pages of documents as pixels: for the screens, and for what has to be encoded anew."""

from __future__ import annotations

import io
import math
from typing import BinaryIO, NamedTuple

import numpy as np
from pikepdf import Array, Page

from scanner.document import children
from scanner.document.brought import Kind, kind_of, opened_pdf, opened_picture, plain
from scanner.document.model import Cancelled, Refusal, Refused
from scanner.document.raster import Pixels, sized

_SECONDS = 20
"""Of processor time for one page."""
_SIDE = 20_000
"""Pixels: a page that is shown is never larger."""
_PDFTOPPM = "/usr/bin/pdftoppm"
_PDFIMAGES = "/usr/bin/pdfimages"


def never() -> bool:
    return False


def render(untrusted_file: BinaryIO, page: int, box: tuple[int, int], *, cancelled: Cancelled = never) -> Pixels:
    """Page number `page`, from 1, as large as it can be within `box` (width, height): RGB, uint8 (height, width, 3).

    PDFs are drawn by poppler in a process of its own, see `children`; `untrusted_file` has to have a descriptor.
    Raises Refused, Stopped, OSError.
    """
    if kind_of(untrusted_file) is Kind.PICTURE:
        if page != 1:
            raise Refused(Refusal.NO_PAGE)
        return _picture(untrusted_file, box)
    points = points_of(untrusted_file, page)
    width, height = within(*points, box)
    return sized(drawn(untrusted_file, page, points, 72 * width / points[0], cancelled=cancelled), width, height)


def within(width: float, height: float, box: tuple[int, int]) -> tuple[int, int]:
    """The largest size of that shape in the box; pixels."""
    factor = min(box[0] / width, box[1] / height)
    return max(1, min(box[0], round(width * factor))), max(1, min(box[1], round(height * factor)))


def _picture(untrusted_file: BinaryIO, box: tuple[int, int]) -> Pixels:
    with opened_picture(untrusted_file) as untrusted:
        longer = max(box)
        untrusted.draft("RGB", (longer, longer))  # a JPEG need not be decoded at its full size
        pixels = plain(untrusted)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    width, height = within(pixels.shape[1], pixels.shape[0], box)
    return sized(pixels, width, height)


def points_of(untrusted_file: BinaryIO, page: int) -> tuple[float, float]:
    """Width and height of a PDF's page as it is shown, in 1/72 of an inch. Raises Refused."""
    with opened_pdf(untrusted_file) as pdf:
        if not 1 <= page <= len(pdf.pages):
            raise Refused(Refusal.NO_PAGE)
        return shown_points(pdf.pages[page - 1])


def shown_points(page: Page) -> tuple[float, float]:
    """The crop box turned as the page is; ISO 32000-1, 14.11.2. Raises what pikepdf raises for boxes that are none."""
    box: Array = page.cropbox
    left, bottom, right, top = (float(one) for one in box)
    width, height = abs(right - left), abs(top - bottom)
    if not (1 <= width <= 20_000 and 1 <= height <= 20_000):
        width, height = 595.0, 842.0  # poppler draws something; a shape for it is needed
    untrusted_turn = page.obj.get("/Rotate", 0)
    turned = isinstance(untrusted_turn, int) and untrusted_turn % 180 != 0
    return (height, width) if turned else (width, height)


def drawn(
    untrusted_file: BinaryIO, page: int, points: tuple[float, float], dpi: float, *, cancelled: Cancelled = never
) -> Pixels:
    """A page of a PDF whose size, as shown, is `points`; RGB."""
    width, height = (math.ceil(one / 72 * dpi) + 1 for one in points)
    if width > _SIDE or height > _SIDE:
        raise Refused(Refusal.TOO_LARGE)
    said = children.run(
        [
            *(_PDFTOPPM, "-f", str(page), "-l", str(page), "-cropbox", "-singlefile", "-q"),
            *("-r", f"{dpi:.5f}", "-"),
        ],
        untrusted_file,
        most=3 * width * height + 100,
        seconds=_SECONDS,
        cancelled=cancelled,
    )
    head = io.BytesIO(said[:100])
    kind, size, depth = head.readline().strip(), head.readline().split(), head.readline().strip()
    if kind != b"P6" or depth != b"255" or len(size) != 2 or not all(one.isdigit() for one in size):
        raise Refused(Refusal.BROKEN)
    across, down = (int(one) for one in size)
    if len(said) - head.tell() != 3 * across * down or not said[head.tell() :]:
        raise Refused(Refusal.BROKEN)
    return np.frombuffer(said, np.uint8, offset=head.tell()).reshape(down, across, 3)


class Placed(NamedTuple):
    """A picture of a PDF, as it lies on a page."""

    page: int
    number: int
    """Of its object in the file."""
    dpi: float


def placed(untrusted_file: BinaryIO, *, cancelled: Cancelled = never) -> list[Placed]:
    """Every picture of every page, as `pdfimages -list` tells. Masks, and pictures without an object, are left out."""
    said = children.run(
        [_PDFIMAGES, "-list", "-"], untrusted_file, most=4 << 20, seconds=_SECONDS, cancelled=cancelled
    ).decode("ascii", "replace")
    found = []
    for line in said.splitlines()[2:]:
        fields = line.split()
        # page num type width height color comp bpc enc interp object ID x-ppi y-ppi size ratio
        if len(fields) < 14 or fields[2] != "image" or fields[10] == "[inline]":
            continue
        try:
            found.append(Placed(int(fields[0]), int(fields[10]), float(min(int(fields[12]), int(fields[13])))))
        except ValueError:
            continue
    return found
