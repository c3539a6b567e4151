"""What the desk knows of documents beyond their files, and what sites wait for: in a small file of the session.

A desk that comes after one that died finds it there; it dies with the environment.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from session.browser.filechooser import Asked
from session.papers import Label, Origin

MAX_NOTES = 200
"""Of the newest documents: three times as many as are shown."""


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    label: Label | None = None
    used: bool = False
    origin: Origin | None = None
    """Where it came from, if that is not what its directory says."""
    name: str = ""
    """What it was called when it came, if its file is not."""


class _Kept(msgspec.Struct):
    notes: dict[str, Note] = {}
    bus: str = ""
    asked: tuple[Asked, ...] = ()


class Notes:
    """By the ids of documents. A file that cannot be read or written is as none: its loss costs labels, no document."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = _Kept()
        with contextlib.suppress(OSError, msgspec.DecodeError):
            self._kept = msgspec.json.decode(path.read_bytes(), type=_Kept)

    def __getitem__(self, document: str) -> Note:
        return self._kept.notes.get(document, Note())

    def set(self, document: str, **changes: object) -> None:
        """`changes` are fields of `Note`."""
        note = msgspec.structs.replace(self[document], **changes)
        if note != self[document]:
            self._kept.notes.pop(document, None)
            self._kept.notes[document] = note
            self._save()

    def forget(self, document: str) -> None:
        if self._kept.notes.pop(document, None) is not None:
            self._save()

    @property
    def asked(self) -> tuple[str, tuple[Asked, ...]]:
        """What sites wait for, and the bus on which they do."""
        return self._kept.bus, self._kept.asked

    def ask(self, bus: str, asked: tuple[Asked, ...]) -> None:
        if (bus, asked) != self.asked:
            self._kept.bus, self._kept.asked = bus, asked
            self._save()

    def _save(self) -> None:
        for oldest in list(self._kept.notes)[:-MAX_NOTES]:
            del self._kept.notes[oldest]
        beside = self._path.with_suffix(".new")
        with contextlib.suppress(OSError):
            beside.write_bytes(msgspec.json.encode(self._kept))
            os.replace(beside, self._path)
