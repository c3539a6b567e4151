"""Lines as a device gives them, as rows of a page."""

from __future__ import annotations

import sys

from scanner.libsane import Frame, Parameters


class Rows:
    """Lines of a device as rows of eight-bit samples: 16 bits lose their lower half, one bit becomes 0 or 255."""

    def __init__(self, parameters: Parameters) -> None:
        self.channels = 3 if parameters.frame is Frame.RGB else 1
        self._line, self._width, self._depth = parameters.bytes_per_line, parameters.width, parameters.depth
        if parameters.frame not in (Frame.GRAY, Frame.RGB) or parameters.depth not in (1, 8, 16):
            raise ValueError("one colour after the other, or a depth that nobody has")
        if self._line * 8 < self._width * self.channels * self._depth:
            raise ValueError("lines that are shorter than their pixels")
        if parameters.depth == 1 and self.channels == 3:
            raise ValueError("eight colours")
        self._plain = self._depth == 8 and self._line == self._width * self.channels
        self._rest = b""
        self.received = 0
        """Bytes."""

    @property
    def count(self) -> int:
        """Whole lines so far."""
        return self.received // self._line

    @property
    def broken(self) -> bool:
        """A line has begun and not ended."""
        return self.received % self._line != 0

    def take(self, data: memoryview) -> bytes | memoryview:
        self.received += len(data)
        if self._plain:
            return data
        whole = self._rest + bytes(data)
        end = len(whole) - len(whole) % self._line
        self._rest = whole[end:]
        return b"".join(self._row(whole[at : at + self._line]) for at in range(0, end, self._line))

    def _row(self, line: bytes) -> bytes:
        samples = self._width * self.channels
        if self._depth == 16:
            return line[1 if sys.byteorder == "little" else 0 : 2 * samples : 2]
        if self._depth == 1:  # the standard: 1 is black
            return b"".join(_BITS[byte] for byte in line)[:samples]
        return line[:samples]


_BITS = tuple(bytes(0 if byte & 0x80 >> bit else 255 for bit in range(8)) for byte in range(256))
