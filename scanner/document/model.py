"""What is asked of documents and what comes of it, in words that the worker and the desk may share. No behaviour.

No library of pictures or PDFs is loaded by this module.
"""

from __future__ import annotations

import enum
from collections.abc import Callable

import msgspec

from scanner.model import Refusal as Refusal

MAX_BYTES = 200 << 20
"""Of a document that is brought. The largest limit of a public site that was found is 200 MB."""
MAX_PAGES = 500
"""Of a document that is brought."""
MAX_PIXELS = 140_000_000
"""Of one picture: A4 in 1200 dpi. What says that it is larger is not opened."""
MIN_LIMIT = 10_000
"""Bytes: no page of anything fits under less."""

Progress = Callable[[int], None]
"""Told of percents, 0 to 100, never fewer than before."""
Cancelled = Callable[[], bool]
"""Asked often; True ends the work with `Stopped`."""


class Refused(Exception):
    """Ends the work on one document; says nothing of what is in it."""

    def __init__(self, code: Refusal) -> None:
        super().__init__(code.value)
        self.code = code


class Stopped(Exception):
    """The work was cancelled. Nothing was left behind."""


class Mode(enum.StrEnum):
    """How a page is kept."""

    COLOUR = "colour"
    GREY = "grey"
    BITONAL = "bitonal"
    """Black and white."""
    KEPT = "kept"
    """As it was brought."""


class Fitted(msgspec.Struct, frozen=True):
    """A document under the limit."""

    size: int
    """Bytes."""
    pages: int
    unchanged: bool = False
    """It was under the limit as it is: nothing was written."""
    legibility: float = 1.0
    """0 to 1, of the worst page; see `scanner.document.legible`."""
    lost_colour: int = 0
    """Pages with colours that are now grey, or black and white."""


class Unreadable(msgspec.Struct, frozen=True):
    """Under the limit nobody could read it: nothing was written. What would help instead; all are measured."""

    parts: int | None = None
    """Into so many documents it could be split, each under the limit. None: one page alone is too much."""
    pages: int = 0
    """So many of its first pages would fit."""
    grey: bool = False
    """It would fit without its colours, which were asked to be kept."""
    smallest: int = 0
    """Bytes that it needs, legibly."""
