"""What is on a key: its PDFs and pictures, newest first. Everything here is a stranger's, the file system included.

No link is followed, nothing but a regular file counts, and a name is bytes until it was cleaned. A picture or a PDF is
one by its ending and by its first bytes, both.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from session.browser.pages import clean
from session.papers import MAX_KEY_FILES, MAX_NAME

MAX_ENTRIES = 10_000
"""Looked at, over all volumes."""
MAX_DEPTH = 8
SECONDS = 8.0
"""A key that is slower shows what was found until then."""
_HEAD = 16

_NOT_ENTERED = frozenset(
    name.casefold()
    for name in (
        *("System Volume Information", "$RECYCLE.BIN", "RECYCLER", "RECYCLED", "FOUND.000", "LOST.DIR", "lost+found"),
        *("__MACOSX", "Windows", "Program Files", "Program Files (x86)", "ProgramData"),
    )
)

KINDS: dict[str, str] = {
    ".pdf": "pdf",
    ".jpg": "jpg",
    ".jpeg": "jpg",
    ".png": "png",
    ".tif": "tif",
    ".tiff": "tif",
    ".webp": "webp",
    ".gif": "gif",
    ".bmp": "bmp",
}
"""Endings, and the one under which a file of that kind is kept."""


def kind_of(untrusted_head: bytes) -> str | None:
    """What the first bytes of a file say, as a value of KINDS. A PDF that begins later is not taken."""
    starts = {
        b"%PDF-": "pdf",
        b"\xff\xd8\xff": "jpg",
        b"\x89PNG\r\n\x1a\n": "png",
        b"II*\0": "tif",
        b"MM\0*": "tif",
        b"GIF87a": "gif",
        b"GIF89a": "gif",
        b"BM": "bmp",
    }
    if untrusted_head[:4] == b"RIFF" and untrusted_head[8:12] == b"WEBP":
        return "webp"
    return next((kind for start, kind in starts.items() if untrusted_head.startswith(start)), None)


class Found(msgspec.Struct, frozen=True):
    """A file that is offered."""

    volume: bytes
    """Directory of its volume."""
    parts: tuple[bytes, ...]
    """Names from there, the file's own last."""
    size: int
    """Bytes."""
    kind: str

    @property
    def name(self) -> str:
        """As it is shown."""
        return clean(self.parts[-1].decode("utf-8", "replace"), MAX_NAME) or f"document.{self.kind}"


class _Candidate(msgspec.Struct, frozen=True):
    volume: bytes
    parts: tuple[bytes, ...]
    size: int
    changed: int


def look(key: Path, seconds: float = SECONDS) -> tuple[list[Found], bool]:
    """The newest files of all volumes below `key`, at most MAX_KEY_FILES; and whether there may be more.

    Raises OSError where a volume cannot be looked at at all.
    """
    found: list[Found] = []
    volumes = sorted(entry.path for entry in os.scandir(os.fsencode(key)))
    if not volumes:
        raise FileNotFoundError(2, "no volume")
    candidates, whole = _candidates(volumes, time.monotonic() + seconds)
    candidates.sort(key=lambda one: (-one.changed, one.parts))
    for candidate in candidates:
        kind = _kind(candidate)
        if kind is None:
            continue
        if len(found) == MAX_KEY_FILES:
            return found, True
        found.append(Found(candidate.volume, candidate.parts, candidate.size, kind))
    return found, not whole


def _kind(candidate: _Candidate) -> str | None:
    with contextlib.suppress(OSError), os.fdopen(open_file(candidate.volume, candidate.parts), "rb") as file:
        return kind_of(file.read(_HEAD))
    return None


def _candidates(volumes: list[bytes], deadline: float) -> tuple[list[_Candidate], bool]:
    """By ending alone; and whether everything was looked at. What cannot be read is passed over."""
    candidates: list[_Candidate] = []
    left = MAX_ENTRIES
    # Broad before deep, volume by volume in turn: what is found when time is over is what people put on top.
    waiting: list[tuple[bytes, tuple[bytes, ...]]] = [(volume, ()) for volume in volumes]
    whole = True
    broken = 0
    while waiting:
        volume, above = waiting.pop(0)
        try:
            for name, status in _entries(volume, above):
                left -= 1
                if left < 0 or time.monotonic() > deadline:
                    return candidates, False
                parts = (*above, name)
                if stat.S_ISDIR(status.st_mode):
                    if len(parts) < MAX_DEPTH:
                        waiting.append((volume, parts))
                    else:
                        whole = False
                elif stat.S_ISREG(status.st_mode) and status.st_size > 0 and _ending(name) in KINDS:
                    candidates.append(_Candidate(volume, parts, status.st_size, status.st_mtime_ns))
        except OSError:
            broken += not above
            if broken == len(volumes):
                raise
    return candidates, whole


def _entries(volume: bytes, above: tuple[bytes, ...]) -> Iterator[tuple[bytes, os.stat_result]]:
    """Directories to go into, and everything else, of one directory. Raises OSError."""
    directory = open_directory(volume, above)
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                name = os.fsencode(entry.name)
                if name.startswith((b".", b"~$")) or name.decode("utf-8", "replace").casefold() in _NOT_ENTERED:
                    continue
                with contextlib.suppress(OSError):
                    yield name, os.stat(name, dir_fd=directory, follow_symlinks=False)
    finally:
        os.close(directory)


def _ending(name: bytes) -> str:
    return os.path.splitext(name)[1].decode("ascii", "replace").lower()


def open_directory(volume: bytes, parts: tuple[bytes, ...]) -> int:
    """A descriptor. Component by component: a link anywhere on the way is an error. Raises OSError."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    directory = os.open(volume, flags)
    for part in parts:
        try:
            below = os.open(part, flags, dir_fd=directory)
        finally:
            os.close(directory)
        directory = below
    return directory


def open_file(volume: bytes, parts: tuple[bytes, ...]) -> int:
    """A descriptor of a regular file, to be read. Raises OSError."""
    directory = open_directory(volume, parts[:-1])
    try:
        # Not blocking: whatever has taken the file's place since (a pipe, say) must not hold us.
        file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
    finally:
        os.close(directory)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise FileNotFoundError(2, os.strerror(2))
    return file
