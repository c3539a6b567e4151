"""What is printed and how it goes, in words that the print worker, the desk and the screens share. No behaviour."""

from __future__ import annotations

import enum

import msgspec


class PrintStage(enum.StrEnum):
    CHECKING = "checking"
    """The document is being made ready to be shown."""
    ASKING = "asking"
    """Nothing is printed before the visitor says so."""
    REFUSED = "refused"
    PRINTING = "printing"
    STOPPED = "stopped"
    """The printer is in trouble; it goes on by itself once that is over."""
    DONE = "done"
    CANCELLED = "cancelled"


class PrintProblem(enum.StrEnum):
    """Why the printer does not go on. The screens own the words; each has its remedy."""

    NO_PAPER = "no_paper"
    JAM = "jam"
    INK = "ink"
    """Ink or toner is used up."""
    DOOR = "door"
    TRAY_FULL = "tray_full"
    WRONG_PAPER = "wrong_paper"
    OFFLINE = "offline"
    UNPLUGGED = "unplugged"
    BUSY = "busy"
    QUOTA = "quota"
    """All pages of this visit are used up: an agent can give more."""
    FAILED = "failed"


class PrintRefusal(enum.StrEnum):
    """Why a document can't be printed at all."""

    BROKEN = "broken"
    LOCKED = "locked"
    """Encrypted."""
    TOO_LONG = "too_long"
    TOO_LARGE = "too_large"


class PrintJob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What would come out, as the visitor chose it so far. Counts are of what was chosen."""

    id: str
    document: str | None = None
    """Id of the document; None for a page of a site."""
    pages: int = 1
    """Of the document."""
    printed_pages: int = 1
    sheets: int = 1
    """Of paper that will come out, copies included."""
    picture: int = 0
    """Grows with each change of how the pages look; 0 while there is nothing to show."""
    copies: int = 1
    most_copies: int = 1
    colour: bool = False
    can_colour: bool = False
    two_sided: bool = False
    can_two_sided: bool = False
    only_page: int | None = None
    """The one page that was chosen, from 1; None for all."""
    price: int | None = None
    """Cents; None where nothing is paid."""
    left: int | None = None
    """Pages that the visitor may print; None where nobody counts."""
    printer: str = ""
    """Plain name, where there are several."""


class PrintState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    stage: PrintStage = PrintStage.DONE
    job: PrintJob | None = None
    """None while nothing is to be printed."""
    page: int = 0
    """The page that is coming out, from 1."""
    problem: PrintProblem | None = None
    refusal: PrintRefusal | None = None
    low: bool = False
    """Ink or toner is nearly used up."""
