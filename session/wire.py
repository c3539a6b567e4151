"""The one framing of the house: a JSON object ended by a NUL byte.

It is Varlink's framing (https://varlink.org/Method-Call) and also what Chromium speaks on
``--remote-debugging-pipe``, so the control socket, the desk, the guard and the browser share this module.
It knows bytes, not sockets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

MAX_FRAME = 64 * 1024
"""Bytes of one frame, before any parsing. A longer one is a protocol error."""

_T = TypeVar("_T")
_encoder = msgspec.json.Encoder()


class WireError(Exception):
    """The other end broke the framing or the shape of a message; the connection must be closed."""


class FrameReader:
    """Cuts a byte stream into frames. Feed it what was read; it yields whole frames without their NUL.

    `limit` is in bytes. Raises WireError as soon as a frame is certain to be longer than that, so that
    nobody can make us buffer without end.
    """

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0
        """Bytes of the buffer that are known to hold no NUL: one byte at a time must not cost a search of all."""

    def feed(self, untrusted_data: bytes) -> Iterator[bytes]:
        self._buffer += untrusted_data
        while True:
            end = self._buffer.find(0, self._searched)
            if end > self._limit or (end < 0 and len(self._buffer) > self._limit):
                self._buffer.clear()
                self._searched = 0
                raise WireError(f"frame longer than {self._limit} bytes")
            if end < 0:
                self._searched = len(self._buffer)
                return
            frame = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            self._searched = 0
            yield frame


def encode(message: Any) -> bytes:
    """One frame, NUL included. `message` is a msgspec Struct or plain JSON data."""
    return _encoder.encode(message) + b"\0"


def decode(untrusted_frame: bytes, kind: type[_T]) -> _T:
    """The frame as a `kind`. Raises WireError; the message names fields and types, never values."""
    try:
        return msgspec.json.decode(untrusted_frame, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(_without_values(error)) from None


# How msgspec's messages begin (0.19 to 0.22). The first say types, lengths, positions and our own field names only;
# the others go on with what was sent, and a text that is in neither list is not repeated at all.
_HARMLESS = (
    "Expected `",
    "Object missing required field `",
    "Number out of range",
    "Integer value out of range",
    "Input data was truncated",
    "JSON is malformed: ",
    "Invalid base64 encoded string",
)
_TELLING = ("Invalid enum value", "Invalid value")
_PATH = re.compile(r" - at (?:`key` in )?`\$[\w.\[\]]*`\Z")


def _without_values(error: Exception) -> str:
    """What was wrong with a message, with nothing of its content: this text ends up in logs."""
    text = str(error)
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if text.startswith(_HARMLESS):
        return text
    for telling in _TELLING:
        if text.startswith(telling):
            path = _PATH.search(text)
            return telling + (path[0] if path else "")
    if text.startswith("Object contains unknown field"):
        return "Object contains an unknown field"
    return "not what was expected"
