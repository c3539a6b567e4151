"""One page, encoded as it will lie in the PDF: JPEG for colour and grey, CCITT G4 for black and white."""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from PIL import Image

from scanner.document.model import Mode
from scanner.document.raster import Pixels, Raster, bitonal, grey, resized


class Way(NamedTuple):
    """How to encode a page."""

    mode: Mode
    dpi: int
    quality: int = 0
    """Of a JPEG, 1 to 95; means nothing for black and white."""


class Encoded(NamedTuple):
    """What lies in the PDF, byte for byte."""

    data: bytes
    mode: Mode
    width: int
    height: int
    """Pixels."""
    dpi: float
    turned: int = 0
    """Degrees, clockwise, by which it is to be shown turned."""

    @property
    def size(self) -> int:
        return len(self.data)


def encode(page: Raster, way: Way) -> tuple[Encoded, Pixels]:
    """What is kept of the page, and the pixels that a reader of it will see. Never at more dots than the page has."""
    dpi = min(float(way.dpi), page.dpi)
    if way.mode is Mode.BITONAL:
        made = bitonal(page, dpi)
        return Encoded(g4(made), way.mode, made.shape[1], made.shape[0], dpi), made
    pixels = page.pixels if way.mode is Mode.COLOUR else grey(page.pixels)
    return jpeg(resized(pixels, dpi / page.dpi), dpi, way.quality)


def jpeg(pixels: Pixels, dpi: float, quality: int) -> tuple[Encoded, Pixels]:
    """Progressive, as that is 7 % smaller (measured on letters); colours at half their resolution."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(
        out, "JPEG", quality=quality, optimize=True, progressive=True, subsampling="4:2:0" if pixels.ndim == 3 else -1
    )
    data = out.getvalue()
    mode = Mode.COLOUR if pixels.ndim == 3 else Mode.GREY
    with Image.open(io.BytesIO(data)) as seen:
        return Encoded(data, mode, pixels.shape[1], pixels.shape[0], dpi), np.asarray(seen)


def g4(made: Pixels) -> bytes:
    """The bare CCITT G4 data of a picture of 0 and 255: one strip, 1 for black.

    libtiff writes it; what is around it in the TIFF is left away. Tags 273 and 279 are the strip's place and length
    (TIFF 6.0, section 8). It codes runs of 1 as black, whatever `Photometric` (262) says; so the picture is turned into
    its negative first. Letting Pillow do that takes 0.4 s a page, 25 times as long (measured).
    """
    out = io.BytesIO()
    picture = Image.fromarray(255 - made).convert("1", dither=Image.Dither.NONE)
    picture.save(out, "TIFF", compression="group4", tiffinfo={278: picture.height})
    data = out.getvalue()
    with Image.open(io.BytesIO(data)) as tiff:
        tags = tiff.tag_v2  # type: ignore[attr-defined] # of TIFF files only
        places, lengths, photometric = tags[273], tags[279], tags[262]
    if len(places) != 1 or photometric != 1:
        raise RuntimeError("libtiff wrote another kind of strip than it was asked for")
    return data[places[0] : places[0] + lengths[0]]
