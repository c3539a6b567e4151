"""What kind of file a document is, by its first bytes; and whether a site takes it. Pure."""

from __future__ import annotations

import fnmatch
import mimetypes
import re
from collections.abc import Iterable, Sequence

HEAD = 1024
"""Bytes that are looked at: a PDF may say what it is as late as that (ISO 32000-1, Adobe's note 13)."""

_BEGINNINGS = (
    (b"\xff\xd8\xff", "jpg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF8", "gif"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
    (b"BM", "bmp"),
)
_BRANDS = {b"heic": "heic", b"heix": "heic", b"mif1": "heic", b"avif": "avif", b"mp42": "mp4", b"isom": "mp4"}
_ALIKE = (("jpg", "jpeg", "jpe", "jfif"), ("tif", "tiff"), ("heic", "heif"), ("htm", "html"))
"""Endings of one kind: the first is the usual one."""
_USUAL = {other: alike[0] for alike in _ALIKE for other in alike}
_FAMILIAR = ("pdf", "jpg", "png", "heic", "tif", "docx", "odt")
"""Kinds that people have heard of, told first."""
_TYPES = mimetypes.MimeTypes()  # without the machine's own tables
_MORE_TYPES = {
    "heic": "image/heic",
    "avif": "image/avif",
    "webp": "image/webp",
    "odt": "application/vnd.oasis.opendocument.text",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
_CASE = re.compile(r"\[(\w)(\w)\]")
_ENDING = re.compile(r"\*\.([a-z0-9]{1,8})")
_SAFE = re.compile(r"[a-z0-9]{1,8}")


def ending(head: bytes, untrusted_name: str) -> str:
    """Its usual ending, without a dot: by what it is, else by its name; empty for none that can be used."""
    if b"%PDF-" in head[:HEAD]:
        return "pdf"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp" and head[8:12] in _BRANDS:
        return _BRANDS[head[8:12]]
    found = next((kind for beginning, kind in _BEGINNINGS if head.startswith(beginning)), None)
    if found is not None:
        return found
    _, dot, last = untrusted_name.rpartition(".")
    last = last.lower()
    return _USUAL.get(last, last) if dot and _SAFE.fullmatch(last) else ""


def fitting(untrusted_patterns: Sequence[str], usual: str) -> str | None:
    """The ending with which a site takes a file of this kind; None if it does not.

    A pattern is a glob for names, as GTK has them, or a kind of content, with or without "/*".
    """
    if not untrusted_patterns:
        return usual
    alike = next((one for one in _ALIKE if usual in one), (usual,))
    for one in alike:
        name = f"document.{one}" if one else "document"
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in untrusted_patterns if "/" not in pattern):
            return one
    kind = _type(usual)
    return usual if any(_covers(pattern, kind) for pattern in untrusted_patterns if "/" in pattern) else None


def _type(usual: str) -> str:
    return _MORE_TYPES.get(usual) or _TYPES.types_map[True].get(f".{usual}", "application/octet-stream")


def _covers(pattern: str, kind: str) -> bool:
    return pattern == kind or (pattern.endswith("/*") and kind.startswith(pattern[:-1]))


def short_names(untrusted_patterns: Iterable[str], most: int = 8) -> tuple[str, ...]:
    """What is taken, as people call it: "PDF", "JPG". Empty for everything."""
    found: set[str] = set()
    for pattern in untrusted_patterns:
        if "/" in pattern:
            found |= {one for one in _FAMILIAR if _covers(pattern, _type(one))}
            continue
        match = _ENDING.fullmatch(_CASE.sub(lambda pair: pair.group(1).lower(), pattern).lower())
        if match:
            found.add(_USUAL.get(match.group(1), match.group(1)))
    known = [one for one in _FAMILIAR if one in found]
    return tuple(one.upper() for one in (*known, *sorted(found - set(known)))[:most])
