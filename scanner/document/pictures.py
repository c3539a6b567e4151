"""The pictures inside a brought PDF: read where that is simple, and put back smaller. Its text and lines stay.

Only what is plain is read here: one JPEG or one deflated picture of 8 bits in grey or RGB. Everything else stays.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image

from scanner.document.encode import Encoded
from scanner.document.model import MAX_PIXELS, Mode
from scanner.document.raster import Page, Pixels
from scanner.document.render import Placed

_SMALL = 8_000
"""Bytes: what is smaller is not worth a look."""
_PIECE = 1 << 20


class Inside(NamedTuple):
    """A picture of a PDF that can be read."""

    number: int
    """Of its object."""
    size: int
    """Bytes as it is."""
    dpi: float


def readable(pdf: Pdf, places: Sequence[Placed]) -> list[Inside]:
    """Each once, with the fewest dots per inch that it is shown with: more than one page may show it."""
    dpi: dict[int, float] = {}
    for place in places:
        dpi[place.number] = min(place.dpi, dpi.get(place.number, place.dpi))
    found = []
    for number, dots in sorted(dpi.items()):
        untrusted = pdf.get_object(number, 0)
        if not isinstance(untrusted, Stream) or _channels(untrusted) is None or not dots > 0:
            continue
        size = len(untrusted.read_raw_bytes())
        if size >= _SMALL:
            found.append(Inside(number, size, max(30.0, dots)))
    return found


def _channels(untrusted: Stream) -> int | None:
    """1 or 3 for a picture that is simple enough."""
    if untrusted.get("/Subtype") != Name.Image or untrusted.get("/ImageMask") or "/Decode" in untrusted:
        return None
    if untrusted.get("/BitsPerComponent", 8) != 8 or untrusted.get("/Filter") not in (Name.DCTDecode, Name.FlateDecode):
        return None
    width, height = untrusted.get("/Width"), untrusted.get("/Height")
    if not (isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0):
        return None
    mask = untrusted.get("/Mask"), untrusted.get("/SMask")
    if width * height > MAX_PIXELS or isinstance(mask[0], Array) or (mask[1] is not None and "/Matte" in mask[1]):
        return None  # a mask by colours would no longer find them
    return _of_space(untrusted.get("/ColorSpace"))


def _of_space(untrusted_space: object) -> int | None:
    if untrusted_space == Name.DeviceGray:
        return 1
    if untrusted_space == Name.DeviceRGB:
        return 3
    if not isinstance(untrusted_space, Array) or len(untrusted_space) != 2:
        return None
    if untrusted_space[0] == Name.ICCBased:
        channels = untrusted_space[1].get("/N")
        return int(channels) if channels in (1, 3) else None
    return {"/CalGray": 1, "/CalRGB": 3}.get(str(untrusted_space[0]))


def read(pdf: Pdf, picture: Inside) -> Page | None:
    """Its pixels; None where it is not what it says. Raises what pikepdf raises."""
    untrusted = pdf.get_object(picture.number, 0)
    assert isinstance(untrusted, Stream)  # noqa: S101 - for the types: `readable` has looked
    width, height, channels = int(untrusted.Width), int(untrusted.Height), _channels(untrusted)
    if channels is None:
        return None
    if untrusted.Filter == Name.DCTDecode:
        pixels = _jpeg(untrusted.read_raw_bytes(), width, height, channels)
    else:
        pixels = _deflated(untrusted, width, height, channels)
    return None if pixels is None else Page(pixels, picture.dpi)


def _jpeg(untrusted_data: bytes, width: int, height: int, channels: int) -> Pixels | None:
    try:
        with Image.open(io.BytesIO(untrusted_data), formats=("JPEG",)) as seen:
            if seen.size != (width, height) or seen.mode != {1: "L", 3: "RGB"}[channels]:
                return None
            return np.asarray(seen)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _deflated(untrusted: Stream, width: int, height: int, channels: int) -> Pixels | None:
    wanted = width * height * channels
    inflater, waiting, length = zlib.decompressobj(), untrusted.read_raw_bytes(), 0
    try:
        while waiting and not inflater.eof and length <= wanted + height:
            length += len(inflater.decompress(waiting, _PIECE))
            waiting = inflater.unconsumed_tail
    except zlib.error:
        return None
    if length not in (wanted, wanted + height):  # with a byte a line where a predictor is used
        return None
    data = untrusted.read_bytes()
    if len(data) != wanted:
        return None
    return np.frombuffer(data, np.uint8).reshape((height, width, 3) if channels == 3 else (height, width))


def put(pdf: Pdf, picture: Inside, encoded: Encoded) -> None:
    """In its place; its masks stay."""
    old = pdf.get_object(picture.number, 0)
    assert isinstance(old, Stream)  # noqa: S101 - for the types: `readable` has looked
    if encoded.mode is Mode.BITONAL:
        parms = Dictionary(K=-1, Columns=encoded.width, Rows=encoded.height, BlackIs1=False)
        old.write(encoded.data, filter=Name.CCITTFaxDecode, decode_parms=parms)
    else:
        old.write(encoded.data, filter=Name.DCTDecode)
    old.Width, old.Height = encoded.width, encoded.height
    old.BitsPerComponent = 1 if encoded.mode is Mode.BITONAL else 8
    old.ColorSpace = Name.DeviceRGB if encoded.mode is Mode.COLOUR else Name.DeviceGray
    for key in ("/Intent", "/Interpolate", "/Name", "/OPI", "/Alternates"):
        if key in old:
            del old[key]


def has_text(pdf: Pdf) -> bool:
    """Whether any page brings letters of its own, by having fonts: what is seen of them is not known."""
    return any(_fonts(page.obj.get("/Resources"), 0) or _inherits(page.obj, 0) for page in pdf.pages)


def _fonts(untrusted_resources: object, depth: int) -> bool:
    if not isinstance(untrusted_resources, Dictionary) or depth > 3:
        return False
    fonts = untrusted_resources.get("/Font")
    if isinstance(fonts, Dictionary) and len(fonts.keys()) > 0:
        return True
    return any(_fonts(form.get("/Resources"), depth + 1) for form in _forms(untrusted_resources))


def _inherits(untrusted_page: object, depth: int) -> bool:
    if not isinstance(untrusted_page, Dictionary) or depth > 20:
        return False
    parent = untrusted_page.get("/Parent")
    if not isinstance(parent, Dictionary):
        return False
    return _fonts(parent.get("/Resources"), 0) or _inherits(parent, depth + 1)


def _forms(untrusted_resources: Dictionary) -> Iterator[Stream]:
    inside = untrusted_resources.get("/XObject")
    if isinstance(inside, Dictionary):
        for key in inside.keys():  # noqa: SIM118 - pikepdf's dictionaries are no mappings
            one = inside.get(key)
            if isinstance(one, Stream) and one.get("/Subtype") == Name.Form:
                yield one
