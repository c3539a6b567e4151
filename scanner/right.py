"""Where the press meets `scanner.page` (making a page right) and `scanner.document` (making a document): here alone.

TO BE JOINED: until those are there, a page is shown and kept as it was scanned, turned as asked, without corrections
(`prepare` gives none, so that the screens say of none that it was done), both faces of a card stand one below the
other, and a document is the pages' own JPEGs in a PDF by img2pdf. What `scanner.page` gives has the same fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from scanner.model import Corrected, Correction

Pixels = NDArray[np.uint8]


class Scan(NamedTuple):
    pixels: Pixels
    """(h, w, 3) RGB, or (h, w) grey."""
    dpi: float


class Prepared(NamedTuple):
    scan: Scan
    corrections: tuple[Corrected, ...]
    blank: bool


class Stored(Protocol):
    """A page that was made right, in a file; read when it is asked for."""

    dpi: float

    @property
    def pixels(self) -> Pixels: ...
    @property
    def jpeg(self) -> bytes: ...


def prepare(scan: Scan, *, undone: frozenset[Correction] = frozenset(), quarter_turns: int = 0) -> Prepared:
    # JOIN: return scanner.page.prepare(scan, undone=undone, quarter_turns=quarter_turns)
    return Prepared(plain(scan, quarter_turns), (), False)


def plain(scan: Scan, quarter_turns: int = 0) -> Scan:
    """The page as it was scanned, turned clockwise."""
    return Scan(np.rot90(scan.pixels, -quarter_turns), scan.dpi)


def card(front: Scan, back: Scan) -> Scan:
    """Both faces, each made right, on one page."""
    # JOIN: return scanner.page.card(front, back)
    faces = [np.atleast_3d(face.pixels) for face in (front, back)]
    width, channels = (max(face.shape[axis] for face in faces) for axis in (1, 2))
    wide = [
        np.pad(np.broadcast_to(face, (*face.shape[:2], channels)), ((0, 0), (0, width - face.shape[1]), (0, 0)), "edge")
        for face in faces
    ]
    return Scan(np.concatenate(wide), front.dpi)


def build(pages: Sequence[Stored], out: BinaryIO) -> None:
    # JOIN: scanner.document.build(pages, out)
    import img2pdf  # half a second that the first page need not wait for

    boxes = [(img2pdf.in_to_pt(page.pixels.shape[1] / page.dpi), None) for page in pages]
    layout = img2pdf.get_layout_fun(boxes[0] if len(set(boxes)) == 1 else None)
    img2pdf.convert([page.jpeg for page in pages], outputstream=out, layout_fun=layout, nodate=True, producer="")
