"""A page as it came, in a file: netpbm's PPM or PGM, eight bits a sample, written line by line as the lines arrive.

The header has a fixed length, so that the height can be filled in when the last line is there; and only then does the
file get the name of a whole page. Nothing here decodes: what came from a device is bytes. Format: ppm(5), pgm(5).
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import msgspec

HEADER = 39
"""Bytes."""
PART, RAW = ".part", ".raw"
MAX_SIDE = 60_000
"""Pixels; nothing longer is a page."""
_SHAPE = re.compile(rb"P([56])\n#dpi ([0-9. ]{8})\n([0-9 ]{8}) ([0-9 ]{8})\n255\n")


def part_of(document: Path) -> Path:
    """Where a document is written until it is whole: never under a name that is shown."""
    return document.with_name(f"{'' if document.name.startswith('.') else '.'}{document.name}{PART}")


class Raster(msgspec.Struct, frozen=True):
    """The header's content. The pixels follow after `HEADER` bytes, row by row, without gaps."""

    width: int
    height: int
    channels: int
    """1 grey, 3 RGB."""
    dpi: float

    @property
    def size(self) -> int:
        """Bytes of the pixels."""
        return self.width * self.height * self.channels

    def header(self) -> bytes:
        kind = b"6" if self.channels == 3 else b"5"
        return b"P%s\n#dpi %8.2f\n%8d %8d\n255\n" % (kind, self.dpi, self.width, self.height)


def read_header(path: Path) -> Raster:
    """Raises OSError, and ValueError for a file that is not whole or is none of ours."""
    with path.open("rb") as file:
        untrusted_header = file.read(HEADER)
        size = os.fstat(file.fileno()).st_size
    found = _SHAPE.fullmatch(untrusted_header)
    if found is None:
        raise ValueError("no page")
    channels = 3 if found[1] == b"6" else 1
    raster = Raster(int(found[3]), int(found[4]), channels, float(found[2]))
    if not (0 < raster.width <= MAX_SIDE and 0 < raster.height <= MAX_SIDE) or size != HEADER + raster.size:
        raise ValueError("the page is not whole")
    return raster


class PageFile:
    """One page on its way to the disk. `keep` or `drop` ends it; a process that dies leaves `.part` behind.

    Raises OSError of errno ENOSPC when the memory disk is full.
    """

    def __init__(self, directory: Path, page: str, width: int, channels: int, dpi: float) -> None:
        self._part, self._whole = directory / f"{page}{PART}", directory / f"{page}{RAW}"
        self._width, self._channels, self._dpi = width, channels, dpi
        self._file = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._write(b"\0" * HEADER)

    def write(self, rows: bytes | memoryview) -> None:
        self._write(rows)

    def keep(self, height: int) -> None:
        """Gives it its header and its name."""
        os.pwrite(self._file, Raster(self._width, height, self._channels, self._dpi).header(), 0)
        os.close(self._file)
        self._part.rename(self._whole)

    def drop(self) -> None:
        os.close(self._file)
        self._part.unlink(missing_ok=True)

    def _write(self, data: bytes | memoryview) -> None:
        left = memoryview(data)
        while left:
            written = os.write(self._file, left)
            if written == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            left = left[written:]
