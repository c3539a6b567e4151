"""Marks: random words that a visit leaves wherever a visitor's data goes, and the eye that knows them again.

A mark is 26 characters of base32 (130 random bits): 13 that all marks of one seed share, the *stem*, then 13 of the
route by which it is planted. The eye looks for the stem in every encoding and then reads which route it was, so that a
mark of which only the beginning is left is found too.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

HALF = 13
"""Characters of the stem, and of the route's part: 65 bits each."""
CUT = "(cut short)"
"""Stands for a route: a stem whose second half was not that of any route."""
BLOCK = 8 << 20
INFLATED = 64 << 10
"""Most bytes that one compressed stream is opened to; `OVERLAP` is so large for their sake."""
OVERLAP = 64 << 10

_FLATE = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")
"""How zlib (RFC 1950, the four levels) and gzip (RFC 1952) streams begin."""

Found = Counter[tuple[str, str]]
"""(route, encoding) -> number of times."""


def stem(seed: bytes) -> str:
    return _letters(seed, "stem")


def mark(seed: bytes, route: str) -> str:
    """The mark of one route. ASCII, so that a keyboard can type it; no capital, so that no Shift is needed."""
    return stem(seed) + _letters(seed, f"route {route}")


def _letters(seed: bytes, what: str) -> str:
    digest = hashlib.sha256(seed + what.encode()).digest()
    return base64.b32encode(digest).decode("ascii").lower()[:HALF]


def percent(text: str) -> str:
    """Every character as %xx, as nobody needs to but everybody may."""
    return "".join(f"%{ord(character):02x}" for character in text)


def base64_of(text: str, skipped: int = 0) -> str:
    """The characters of the base64 of `text` that depend on it alone, when `skipped` (0 to 2) bytes come before."""
    encoded = base64.b64encode(b"\0" * skipped + text.encode("ascii")).decode("ascii")
    return encoded[-(-8 * skipped // 6) : 8 * (skipped + len(text)) // 6]


_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def figures(text: str) -> str:
    """Two figures for each character: what a machine reads on paper without ever taking one for another (measured)."""
    return "".join(str(10 + _ALPHABET.index(character)) for character in text)


TEXT_FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "capitals": str.upper,
    "hex": lambda text: text.encode("ascii").hex(),
    "HEX": lambda text: text.encode("ascii").hex().upper(),
    "percent": percent,
    "PERCENT": lambda text: percent(text).upper(),
    "percent twice": lambda text: percent(text).replace("%", "%25"),
    "PERCENT twice": lambda text: percent(text).upper().replace("%", "%25"),
    "base64 +0": lambda text: base64_of(text, 0),
    "base64 +1": lambda text: base64_of(text, 1),
    "base64 +2": lambda text: base64_of(text, 2),
    "figures": figures,
}
"""Beginnings map to beginnings: a form of the stem begins the same form of the mark. Of ASCII letters and digits the
URL-safe base64 is the same, and so are UTF-8 and all the ISO 8859 and Windows code pages."""

CARRIERS = {"8-bit": "ascii", "UTF-16LE": "utf-16-le", "UTF-16BE": "utf-16-be", "UTF-32LE": "utf-32-le"}


def encodings() -> Iterator[tuple[str, Callable[[str], bytes]]]:
    """Every encoding that the eye knows: each form in bytes and in UTF-16LE; the plain one in all carriers."""
    for form_name, form in TEXT_FORMS.items():
        for carrier, codec in CARRIERS.items():
            if form_name == "plain" or carrier in ("8-bit", "UTF-16LE"):
                name = carrier if form_name == "plain" else f"{form_name}, {carrier}"
                yield name.replace("8-bit", "UTF-8"), _encoder(form, codec)


def _encoder(form: Callable[[str], str], codec: str) -> Callable[[str], bytes]:
    return lambda text: form(text).encode(codec)


class Eye:
    """Finds the marks of `routes` (pairs of a seed and a route's name) in bytes."""

    def __init__(self, routes: Iterable[tuple[bytes, str]]) -> None:
        self._anchors: list[tuple[bytes, str, dict[bytes, str]]] = []
        known: dict[bytes, list[str]] = {}
        for seed, route in routes:
            known.setdefault(seed, []).append(route)
        for seed, names in known.items():
            for encoding, encode in encodings():
                whole = {encode(mark(seed, name)): name for name in names}
                self._anchors.append((encode(stem(seed)), encoding, whole))
        self.masks = [(mark(seed, name), name) for seed, names in known.items() for name in names]

    def look(self, data: bytes | bytearray, fresh: int | None = None) -> Found:
        """What is in `data`, compressed streams opened; only what begins before `fresh` (default: all) counts."""
        limit = len(data) if fresh is None else fresh
        found = self._plain(data, limit, "")
        for start in _FLATE.finditer(data):
            if start.start() >= limit:
                break
            opened = _inflate(data, start.start())
            if len(opened) >= HALF:
                found.update(self._plain(opened, len(opened), "deflated "))
        return found

    def look_through(self, blocks: Iterable[bytes]) -> tuple[Found, int]:
        """The same for something long that comes in parts of any size, and its length in bytes."""
        found: Found = Counter()
        length = 0
        kept = bytearray()
        for block in blocks:
            length += len(block)
            kept += block
            if len(kept) >= BLOCK + OVERLAP:
                fresh = len(kept) - OVERLAP
                found.update(self.look(kept, fresh))
                del kept[:fresh]
        found.update(self.look(kept))
        return found, length

    def mask(self, text: str) -> str:
        """`text` without any mark: what the proof prints and writes must not be what it looks for."""
        for one, route in self.masks:
            text = text.replace(one, f"<{route}>")
        return text

    def _plain(self, data: bytes | bytearray, limit: int, prefix: str) -> Found:
        hits: dict[tuple[str, int], str] = {}
        for anchor, encoding, whole in self._anchors:
            at = data.find(anchor)
            while 0 <= at < limit:
                route = next((name for text, name in whole.items() if data.startswith(text, at)), CUT)
                hits[encoding, at] = route
                at = data.find(anchor, at + 1)
        for encoding, at in [hit for hit in hits if hit[0] == "UTF-16BE"]:
            # In "\0a\0b\0" both orders are to be read; that is one mark and not two.
            other = hits.get(("UTF-16LE", at + 1))
            if other is not None:
                del hits[("UTF-16LE", at + 1) if other == CUT else (encoding, at)]
        return Counter((route, prefix + encoding) for (encoding, _), route in hits.items())


def _inflate(data: bytes | bytearray, start: int) -> bytes:
    """The beginning of the stream that begins at `start`; empty if there is none, what came before damage if there is.

    Fed bit by bit: zlib gives nothing of a part in which the damage comes.
    """
    machine = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    opened = b""
    try:
        for size in (64, 256, 1024, 4096, INFLATED):
            opened += machine.decompress(data[start : start + size], INFLATED - len(opened))
            start += size
            if machine.eof or len(opened) >= INFLATED:
                break
    except zlib.error:
        pass
    return opened
