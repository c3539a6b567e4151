"""The visitor's documents: the regular files of one directory, as the screen shows them.

The browser, which nobody trusts, writes there. No link is followed, nothing but a regular file counts, and names
are cleaned before anybody sees them. A document's id comes from its inode, so that it outlives the desk.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from session.browser.pages import clean
from session.pages import Document

MAX_DOCUMENTS = 100
"""Newest ones; a snapshot must fit into one frame of the wire."""
MAX_NAME = 80
"""Characters of a shown name."""
_PARTIAL = ".crdownload"


class Shelf:
    """The documents in `directory`. Blocking, but only ever a few hundred entries of a memory disk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._names: dict[str, str] = {}

    def look(self) -> tuple[Document, ...]:
        """All documents, oldest first. A directory that is not there has none."""
        found: list[tuple[int, str, Document]] = []
        names: dict[str, str] = {}
        try:
            entries = os.scandir(self._directory)
        except OSError:
            return ()
        with entries:
            for entry in entries:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if not stat.S_ISREG(status.st_mode) or entry.name.startswith("."):
                    continue
                document = _document(entry.name, status)
                names[document.id] = entry.name
                found.append((status.st_mtime_ns, document.id, document))
        self._names = names
        found.sort(key=lambda item: item[:2])
        return tuple(document for _, _, document in found[-MAX_DOCUMENTS:])

    def path(self, document: str) -> Path | None:
        """Where the document with this id is, as of the last look; open it with O_NOFOLLOW. None if it is not there."""
        name = self._names.get(document)
        return None if name is None else self._directory / name


def _document(untrusted_name: str, status: os.stat_result) -> Document:
    complete = not untrusted_name.endswith(_PARTIAL)
    shown = untrusted_name if complete else untrusted_name.removesuffix(_PARTIAL)
    return Document(
        id=f"{status.st_dev:x}-{status.st_ino:x}",
        name=clean(os.fsencode(shown).decode("utf-8", "replace"), MAX_NAME) or "document",
        size=status.st_size,
        complete=complete,
    )
