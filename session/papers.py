"""The desk's public picture of a visitor's papers: documents, what is made of them, the picker, the USB key.

Shared by the desk and the screens, never by the root process. A room that is not there is None: the screens offer
nothing of it. Pictures are not in here: they are asked for by id, see `kiosk.papers`.
"""

from __future__ import annotations

import enum

import msgspec

from printing.model import PrintState
from scanner.model import Refusal, ScannerState
from session.procedures.model import Dossier

MAX_DOCUMENTS = 60
MAX_PAGES = 60
"""Of one scan."""
MAX_KEY_FILES = 30
MAX_LINES = 30
"""Of a dossier."""
MAX_TEXT = 8_000
"""Bytes of a page that is read, as the wire has them."""
MAX_NAME = 45
"""Characters of a name. With every list as long as it may be, a snapshot fits into one frame of the wire."""


class Label(enum.StrEnum):
    """Plain names for documents: nobody types one."""

    IDENTITY = "identity"
    ADDRESS = "address"
    TAX = "tax"
    PAY = "pay"
    BANK = "bank"
    RENT = "rent"
    FAMILY = "family"
    HEALTH = "health"
    PENSION = "pension"
    WORK = "work"
    LETTER = "letter"
    PHOTO = "photo"


class Origin(enum.StrEnum):
    SCAN = "scan"
    DOWNLOAD = "download"
    PRINT = "print"
    """A page of a site, kept in place of being printed."""
    KEY = "key"


class Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One document of the visitor's."""

    id: str
    origin: Origin
    size: int
    """Bytes."""
    pages: int = 0
    """0 where it is not known, or not a matter of pages."""
    label: Label | None = None
    name: str = ""
    """What a site or a key called it; shown where there is no label."""
    picture: int = 0
    """Grows with each change of how it looks; 0 while there is nothing to show."""
    used: bool = False
    """Sent, printed or copied at least once."""
    complete: bool = True
    closed: Refusal | None = None
    """Why it cannot be opened here. It can be sent and copied as it is."""


FIT_LIMITS = (200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000)
"""Bytes: what sites were found to take, and steps below."""


class FitStage(enum.StrEnum):
    ASKING = "asking"
    """A limit is to be chosen."""
    WORKING = "working"
    DONE = "done"
    UNREADABLE = "unreadable"
    """Under this limit nobody could read it. Nothing was changed."""
    FAILED = "failed"
    """Nothing smaller can be made of it."""


class Fit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document that is being made to fit under a limit."""

    document: str
    stage: FitStage
    limits: tuple[int, ...] = ()
    """Bytes: what can be chosen, at most four."""
    site: int = 0
    """Bytes: what the site takes that asks for a document; the first of the limits. 0 where none asks, or says it."""
    limit: int = 0
    """Bytes: the chosen one."""
    size: int = 0
    """Bytes: what came of it."""
    picture: int = 0
    """As of a document, of what came of it."""
    percent: int | None = None
    """How far it is; None where that is not known."""
    lost_colour: bool = False
    """Something on it has lost its colours."""
    parts: int = 0
    """Nobody could read it: into so many documents it could be cut, each under the limit; 0 where that is no help."""
    pages: int = 0
    """So many of its first pages would fit under the limit."""
    smallest: int = 0
    """Bytes that it needs to be read; 0 where that is not known."""
    why: Refusal | None = None
    """Why nothing can be made of it, where that is known."""


class Unfit(enum.StrEnum):
    """Why a site would refuse a document."""

    SIZE = "size"
    ARRIVING = "arriving"
    KIND = "kind"


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str
    unfit: Unfit | None = None


class Picker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A site asks for a file."""

    id: str
    site: str
    """Its plain name, or its host."""
    several: bool = False
    limit: int | None = None
    """Bytes, where the procedure says it."""
    kinds: tuple[str, ...] = ()
    """Short names of what is taken ("PDF", "JPG"); empty for all."""
    choices: tuple[Choice, ...] = ()


class KeyStage(enum.StrEnum):
    NONE = "none"
    READING = "reading"
    READY = "ready"
    COPYING = "copying"
    DONE = "done"
    """Everything is on it and was read back: it can be pulled."""
    PROBLEM = "problem"


class KeyProblem(enum.StrEnum):
    FULL = "full"
    PROTECTED = "protected"
    UNREADABLE = "unreadable"
    PULLED = "pulled"
    FAILED = "failed"
    FORMAT = "format"
    """There is no file system on it, or none of the kinds that are opened."""
    LARGE = "large"
    """The file that was to be taken is too large for this visit."""
    LEFT = "left"
    """It was plugged in before this visit's start: it may be somebody else's."""


class KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A PDF or a picture on the key."""

    id: str
    name: str
    size: int
    """Bytes."""
    picture: int = 0
    taken: bool = False
    """It is among the documents."""


class KeyState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stage: KeyStage = KeyStage.NONE
    percent: int = 0
    problem: KeyProblem | None = None
    files: tuple[KeyFile, ...] = ()
    more: bool = False
    """There are more files than are shown."""
    copied: int = 0
    """Documents that were copied to it."""
    plugged: bool = False
    """One is in, whatever is the matter with it: it is to be taken at the end."""


class ReadStage(enum.StrEnum):
    WORKING = "working"
    """Lines come as they are found."""
    DONE = "done"
    NOTHING = "nothing"
    """No words on this page."""
    FAILED = "failed"


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of a page, found by a machine: help to understand, not the paper itself."""

    document: str
    page: int
    """From 1."""
    stage: ReadStage
    lines: tuple[str, ...] = ()
    """Paragraphs and lines as they stand on the page, at most MAX_TEXT bytes in all."""
    why: Refusal | None = None
    """Why it cannot be read, where that is known."""


class Papers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything. A new one with the next `sequence` at each change."""

    sequence: int = 0
    documents: tuple[Paper, ...] | None = None
    """Oldest first. None before the desk has looked."""
    scanner: ScannerState | None = None
    printing: PrintState | None = None
    workable: bool = False
    """Whether documents can be worked on here: made to fit, joined, cut, read."""
    fit: Fit | None = None
    reading: Reading | None = None
    picker: Picker | None = None
    key: KeyState | None = None
    dossier: Dossier | None = None
    folders: int = 0
    """How often a site asked for a whole folder, which it does not get: to be said in a word."""
