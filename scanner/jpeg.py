"""Pages as JPEGs on the memory disk, written some rows at a time: no page is ever in memory whole to be encoded.

Each strip of rows is encoded by itself, and what came of it is joined: with a restart marker between two strips, at
which a decoder begins anew, as the encoder did (ITU-T T.81, B.2.4.4 and E.1.4; JFIF's density: T.871). The tables are
those of the first strip; they are the same for all, being those of the quality and of the standard.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from scanner.page.model import Pixels

QUALITY = 95
"""Colours as fine as light: what is made of these pages is coarser."""
_SETTINGS = (
    *(cv2.IMWRITE_JPEG_QUALITY, QUALITY),
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444),
)
_BLOCK = 8
"""Pixels each way: with colours as fine as light, what is counted between two restarts is such blocks."""
_MOST_BLOCKS = 0xFFFF
_DENSITY = slice(13, 18)
"""In a JFIF header: the unit (1: an inch), and the dots in both directions."""
_FRAME, _SCAN, _RESTART, _INTERVAL, _END = 0xC0, 0xDA, 0xD0, 0xDD, b"\xff\xd9"
_SHRINKING = {
    1: cv2.IMREAD_UNCHANGED,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
_RESTARTS = re.compile(rb"\xff[\xd0-\xd7]")
"""Encoded pixels have no other 0xff than before 0."""


def write(path: Path, strips: Iterable[Pixels], size: tuple[int, int], dpi: float) -> None:
    """Writes a page of `size` (height, width), which is there once it is whole.

    `strips`: from top to bottom, (rows, width[, 3]) RGB or grey, all with as many rows, a multiple of 8, but the last.
    Raises OSError; ValueError where they are anything else.
    """
    part = path.with_name(f"{path.name}.new")
    try:
        with part.open("wb") as file:
            _write(file, strips, size, dpi)
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write(file: BinaryIO, strips: Iterable[Pixels], size: tuple[int, int], dpi: float) -> None:
    height, width = size
    written = number = interval = before = 0
    for rows in _smaller(strips, width):
        header, data = _encoded(rows)
        blocks = -(-len(rows) // _BLOCK) * -(-width // _BLOCK)
        if not number:
            interval = blocks
            file.write(_header(header, height, dpi, interval))
        elif blocks > interval or before < interval or written % _BLOCK:
            raise ValueError("strips of a page that are not alike")
        else:
            file.write(bytes((0xFF, _RESTART + (number - 1) % 8)))
        file.write(data)
        written, number, before = written + len(rows), number + 1, blocks
    if written != height or rows.shape[1] != width:
        raise ValueError("strips of another page")
    file.write(_END)


def read(path: Path, shrink: int = 1) -> Pixels:
    """A page that was written here, RGB or grey; `shrink` times smaller (2, 4 or 8: the decoder does it) RGB.

    Again strip by strip: a decoder of whole pictures holds them twice. Raises OSError, ValueError.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        header, height, width, step = _read_header(data)
        marks = [one.start() for one in _RESTARTS.finditer(data, len(header))]
        if len(marks) != -(-height // step) - 1 or data[-len(_END) :] != _END:
            raise ValueError("a page that is not whole")
        begins, ends = [len(header), *(mark + 2 for mark in marks)], [*marks, len(data) - len(_END)]
        page = np.zeros(0, np.uint8)
        for first, begin, end in zip(range(0, height, step), begins, ends, strict=True):
            high = min(step, height - first)
            alone = np.frombuffer(_as_high(header, high) + data[begin:end] + _END, np.uint8)
            strip = cv2.imdecode(alone, _SHRINKING[shrink])
            if strip is None or strip.shape[:2] != (-(-high // shrink), -(-width // shrink)):
                raise ValueError("a page that cannot be decoded")
            if not first:
                page = np.empty((-(-height // shrink), *strip.shape[1:]), np.uint8)
            rows = slice(first // shrink, first // shrink + len(strip))
            page[rows] = strip if strip.ndim == 2 else cv2.cvtColor(strip, cv2.COLOR_BGR2RGB)
    return page


def size_of(path: Path) -> tuple[int, int]:
    """Height, width, without the pixels. Raises OSError, ValueError."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        _, height, width, _ = _read_header(data)
    return height, width


def dpi_of(path: Path) -> float:
    """Dots an inch; 300 where the file does not say. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(_DENSITY.stop)[_DENSITY]
    if len(head) < _DENSITY.stop - _DENSITY.start:
        return 300.0
    unit, across, _ = struct.unpack(">BHH", head)
    return float(across) if unit == 1 and across else 300.0


def _smaller(strips: Iterable[Pixels], width: int) -> Iterator[Pixels]:
    """No strip with more blocks than can be counted between two restarts."""
    most = max(1, _MOST_BLOCKS // -(-width // _BLOCK))
    step = _BLOCK << (most.bit_length() - 1)  # a power of two: it divides what comes evenly
    for strip in strips:
        for first in range(0, len(strip), step):
            yield strip[first : first + step]


def _encoded(rows: Pixels) -> tuple[bytes, memoryview]:
    """What stands before the encoded pixels, and these."""
    ordered = cv2.cvtColor(rows, cv2.COLOR_RGB2BGR) if rows.ndim == 3 else np.ascontiguousarray(rows)
    done, encoded = cv2.imencode(".jpg", ordered, _SETTINGS)
    if not done:
        raise ValueError("the page cannot be encoded")
    data = encoded.data
    end = _segments(data)[_SCAN][1]
    return bytes(data[:end]), data[end : -len(_END)]


def _segments(data: mmap.mmap | memoryview | bytes) -> dict[int, tuple[int, int]]:
    """Where each segment begins and ends, by its marker, up to that of the scan. Raises ValueError."""
    found, end = {}, 2
    while _SCAN not in found:
        begin = end
        if len(data) < begin + 4 or data[begin] != 0xFF:
            raise ValueError("no page")
        end += 2 + int.from_bytes(data[begin + 2 : begin + 4], "big")
        found[data[begin + 1]] = begin, end
    return found


def _as_high(header: bytes, height: int) -> bytes:
    """The header of a page with so many rows."""
    at = _segments(header)[_FRAME][0] + 5
    return header[:at] + struct.pack(">H", height) + header[at + 2 :]


def _header(first: bytes, height: int, dpi: float, interval: int) -> bytes:
    """That of the first strip, with the height of all, the resolution, and after how many blocks coding begins anew."""
    header = bytearray(_as_high(first, height))
    dots = max(1, min(round(dpi), 0xFFFF))
    header[_DENSITY] = struct.pack(">BHH", 1, dots, dots)
    scan, _ = _segments(first)[_SCAN]
    header[scan:scan] = struct.pack(">BBHH", 0xFF, _INTERVAL, 4, interval)
    return bytes(header)


def _read_header(data: mmap.mmap) -> tuple[bytes, int, int, int]:
    """All before the encoded pixels; height, width, and the rows of a strip. Raises ValueError."""
    found = _segments(data)
    if _FRAME not in found or _INTERVAL not in found:
        raise ValueError("no page that was written here")
    height, width = struct.unpack_from(">HH", data, found[_FRAME][0] + 5)
    (interval,) = struct.unpack_from(">H", data, found[_INTERVAL][0] + 4)
    rows = _BLOCK * (interval // max(1, -(-width // _BLOCK)))
    if not rows or not height:
        raise ValueError("no page that was written here")
    return data[: found[_SCAN][1]], height, width, rows
