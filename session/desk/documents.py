"""The visitor's documents: the regular files of some directories, as the screen shows them.

The browser, which nobody trusts, writes to one of them. No link is followed, nothing but a regular file counts, and
names are cleaned before anybody sees them. A document's id comes from its inode, so that it outlives the desk.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path

from session.browser.pages import clean
from session.desk import given
from session.pages import Document

MAX_DOCUMENTS = 100
"""Newest ones; a snapshot must fit into one frame of the wire."""
MAX_NAME = 80
"""Characters of a shown name."""
_PARTIAL = ".crdownload"
_GUID = re.compile("[0-9a-fA-F-]{36}")
_ENDING = re.compile("[a-z0-9]{1,8}")


class Shelf:
    """The documents in `directories`. Blocking, but only ever a few hundred entries of a memory disk."""

    def __init__(self, *directories: Path) -> None:
        self._directories = directories
        self._paths: dict[str, Path] = {}

    def look(self) -> tuple[Document, ...]:
        """All documents, oldest first. A directory that is not there has none."""
        found: list[tuple[int, str, Document]] = []
        self._paths = {}
        for directory in self._directories:
            found += self._look_into(directory)
        found.sort(key=lambda item: item[:2])
        return tuple(document for _, _, document in found[-MAX_DOCUMENTS:])

    def _look_into(self, directory: Path) -> list[tuple[int, str, Document]]:
        found: list[tuple[int, str, Document]] = []
        try:
            entries = os.scandir(directory)
        except OSError:
            return []
        with entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if not stat.S_ISREG(status.st_mode) or entry.name.startswith("."):
                    continue
                document = _document(entry.name, status)
                self._paths[document.id] = directory / entry.name
                found.append((status.st_mtime_ns, document.id, document))
        return found

    def name(self, guid: str, untrusted_name: str) -> None:
        """Gives a download, whose file is named by its number, its own name, or one beside it if that is taken.

        One that cannot be named stays under its number.
        """
        if not _GUID.fullmatch(guid):
            return
        directory = self._directories[0]
        untrusted_name = untrusted_name.replace(_PARTIAL, "")
        _, dot, untrusted_ending = untrusted_name.lower().rpartition(".")
        wanted = given.name(untrusted_name, untrusted_ending if dot and _ENDING.fullmatch(untrusted_ending) else "")
        with contextlib.suppress(OSError):
            (directory / guid).rename(directory / given.free(wanted, os.listdir(directory)))

    def path(self, document: str) -> Path | None:
        """Where the document with this id is, as of the last look; open it with `open`. None if it is not there."""
        return self._paths.get(document)

    def open(self, document: str) -> int:
        """A descriptor to read it from: of the very file that was seen, whatever has its name now. Raises OSError."""
        path = self._paths.get(document)
        if path is None:
            raise FileNotFoundError
        # Without O_NONBLOCK a pipe that has taken its name would hold us.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or id_of(status) != document:
            os.close(descriptor)
            raise FileNotFoundError
        return descriptor

    def remove(self, document: str) -> None:
        """Deletes it. Raises OSError."""
        path = self._paths.get(document)
        if path is None or id_of(path.lstat()) != document:
            raise FileNotFoundError
        path.unlink()


def id_of(status: os.stat_result) -> str:
    return f"{status.st_dev:x}-{status.st_ino:x}"


def _document(untrusted_name: str, status: os.stat_result) -> Document:
    complete = not untrusted_name.endswith(_PARTIAL)
    shown = untrusted_name if complete else untrusted_name.removesuffix(_PARTIAL)
    if _GUID.fullmatch(shown):
        shown = ""  # a download that is not whole, or was not when its desk died
    return Document(
        id=id_of(status),
        name=clean(os.fsencode(shown).decode("utf-8", "replace"), MAX_NAME) or "document",
        size=status.st_size,
        complete=complete,
    )
