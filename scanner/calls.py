"""What the calls of `org.marchepied.Scanner` take and give."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from scanner.model import DOCUMENT_REFUSED, Correction, Refusal, Source

INTERFACE = "org.marchepied.Scanner"
MAX_PAGES = 60
"""Of one document; as many as a snapshot of the desk's has room for."""


def refusal(untrusted_code: str) -> Refusal | None:
    """Why nothing was made of a document, where the code of a refusal says it."""
    if not untrusted_code.startswith(DOCUMENT_REFUSED):
        return None
    known = {one.value: one for one in Refusal}
    return known.get(untrusted_code.removeprefix(DOCUMENT_REFUSED))


class ScanParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    source: Source | None = None


class CardParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    on: bool


class PageParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    page: str


class MoveParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    page: str
    by: Annotated[int, Meta(ge=-MAX_PAGES, le=MAX_PAGES)]


class CorrectParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    page: str
    correction: Correction
    on: bool


class PictureParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    of: str
    version: Annotated[int, Meta(ge=1, le=1_000_000)]
    width: Annotated[int, Meta(ge=1, le=4_096)]
    height: Annotated[int, Meta(ge=1, le=4_096)]
    page: Annotated[int, Meta(ge=1, le=100_000)] = 1


class DocumentParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str
    """Its id, as in `session.desk.documents`."""


class FitParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str
    limit: Annotated[int, Meta(ge=10_000, le=1_000_000_000)]
    """Bytes."""


class MergeParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    documents: Annotated[tuple[str, ...], Meta(min_length=2, max_length=60)]


class SplitParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str
    page: Annotated[int, Meta(ge=2, le=500)]
    """The first of the second document."""


class ReadParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document: str
    page: Annotated[int, Meta(ge=1, le=500)] = 1


class Described(msgspec.Struct, frozen=True):
    pages: int


class Made(msgspec.Struct, frozen=True):
    document: str
    """Its id."""
    name: str
    """Of the file; one that begins with a dot is no document yet."""
    size: int
    """Bytes."""


class TooSmall(msgspec.Struct, frozen=True):
    """Under the limit nobody could read it. What would help; each was measured."""

    parts: int = 0
    """Into so many documents it could be cut, each under the limit; 0: one page alone is too much."""
    pages: int = 0
    """So many of its first pages would fit."""
    smallest: int = 0
    """Bytes that it needs; 0 where that is not known."""


class Fitting(msgspec.Struct, frozen=True):
    """How far it is; in the last one what came of it, or why nothing did."""

    percent: int = 0
    made: Made | None = None
    lost_colour: bool = False
    """Something on it had colours that it has no more."""
    too_small: TooSmall | None = None


class Parts(msgspec.Struct, frozen=True):
    first: Made
    second: Made


class Text(msgspec.Struct, frozen=True):
    lines: tuple[str, ...]
    """Paragraphs, from the top."""
    whole: bool = False


class Kept(msgspec.Struct, frozen=True):
    document: str
    """Its id, as in `session.desk.documents`."""


class PictureFile(msgspec.Struct, frozen=True):
    """Raw RGB pixels, in the directory of the pictures."""

    name: str
    width: int
    height: int
