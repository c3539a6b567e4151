"""What a scanner does and what it made, in words that the scan worker, the desk and the screens share. No behaviour.

Pages are named by ids. What is on them is nowhere here: a picture is asked for by the id of its page.
"""

from __future__ import annotations

import enum

import msgspec


class ScanStage(enum.StrEnum):
    LOOKING = "looking"
    """Devices are looked for anew on every use."""
    READY = "ready"
    SCANNING = "scanning"
    """Lines arrive."""
    DONE = "done"
    """The newest of the pages has just come: it is to be looked at."""
    KEEPING = "keeping"
    """The pages become a document."""
    PROBLEM = "problem"


class ScanProblem(enum.StrEnum):
    """Why no page came. The screens own the words; each has its remedy."""

    COVER_OPEN = "cover_open"
    JAMMED = "jammed"
    NO_PAPER = "no_paper"
    """The feeder is empty."""
    BUSY = "busy"
    """Another station scans."""
    UNPLUGGED = "unplugged"
    NOT_FOUND = "not_found"
    TRUNCATED = "truncated"
    """The page ended before its end, and was not kept."""
    FULL = "full"
    """No room for another page: those that are there are to become a document first."""
    FAILED = "failed"


DOCUMENT_REFUSED = "document_"
"""How the code of a refusal begins that tells why nothing was made of a document."""


class Refusal(enum.StrEnum):
    """Why nothing was made of a document. The screens own the words."""

    KIND = "kind"
    """Neither a PDF nor a picture that is opened here."""
    BROKEN = "broken"
    """It says that it is one, and cannot be read."""
    LOCKED = "locked"
    """It asks for a password."""
    TOO_LARGE = "too_large"
    """More bytes or pixels than are opened here."""
    TOO_MANY_PAGES = "too_many_pages"
    EMPTY = "empty"
    NO_PAGE = "no_page"
    """It has no page of that number."""
    TOO_LONG = "too_long"
    """Its page took more time or memory than one may."""


class Source(enum.StrEnum):
    GLASS = "glass"
    FEEDER = "feeder"


class Correction(enum.StrEnum):
    """What is done to a page by itself, and can be undone."""

    STRAIGHTENED = "straightened"
    CROPPED = "cropped"
    UPRIGHT = "upright"
    """Turned the right way up."""
    BRIGHTENED = "brightened"


class Corrected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    correction: Correction
    in_force: bool = True
    """False when the visitor has undone it."""


class ScannedPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    """Opaque; stays when the page is moved or changed."""
    picture: int = 0
    """Grows with each change of how the page looks; 0 while there is nothing to show."""
    blank: bool = False
    """Judged to be empty. It is kept until the visitor drops it."""
    corrections: tuple[Corrected, ...] = ()


class ScannerState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stage: ScanStage = ScanStage.READY
    source: Source = Source.GLASS
    card: bool = False
    """Both faces of a small card are to come on one page."""
    second_face: bool = False
    """The first face of the card is there."""
    percent: int | None = None
    """Of the page that comes, None where the device does not tell; while pages become a document, of that."""
    problem: ScanProblem | None = None
    newest: str = ""
    """Id of the page that came last: after a retake not the last of the pages. Empty where that is not known."""
    pages: tuple[ScannedPage, ...] = ()
    """Of the document that is being made, in its order."""


class ScannerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the station says of its scanner, for the scan worker. Patterns and options are in SANE's words."""

    devices: tuple[str, ...] = ()
    """Patterns of names; the first that fits is taken. None: any scanner."""
    options: tuple[str, ...] = ()
    """`name=value`, set last."""
    resolution: int = 300
    """Dots an inch."""
    two_sides: bool = True
    """Both sides of a sheet, from a feeder that can."""
    asker: int = 0
    """The user whose calls are answered: the desk's."""
