"""What the supervisor of the scan worker and its two children say to each other, framed as on every socket of ours."""

from __future__ import annotations

from typing import Literal

import msgspec

from scanner.model import Corrected, Correction, Refusal, ScanProblem, Source
from scanner.verdict import Verdict


class FeedTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first message to a feed. A second one, whatever it is, or the end of the line: stop."""

    what: Literal["look", "scan"]
    directory: str
    """Where pages go: `ID.part` while lines arrive, `ID.raw` once whole (see `scanner.raster`)."""
    source: Source | None = None
    """None: the feeder if there is paper in it, else the glass."""
    pages: int = 1
    """No more than this."""
    resolution: int = 300
    """Dots an inch, or what the device has next to it."""
    two_sides: bool = True
    """Both sides from a feeder that can."""
    devices: tuple[str, ...] = ()
    """Patterns of SANE's names (fnmatch); the first that fits is taken. None: any scanner."""
    options: tuple[str, ...] = ()
    """`name=value`, in SANE's words, set last."""


class Looked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="looked"):
    """There is a scanner: where its next page would come from, as far as it can tell."""

    source: Source


class Arriving(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="arriving"):
    """Lines of a page arrive. Said again and again: its absence is how a hang is known."""

    source: Source
    begun: bool = False
    """Some have come."""
    percent: int | None = None


class Whole(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="whole"):
    """A page is in the directory, whole, under this id."""

    page: str


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="closing"):
    """It lets go of the paper or the device, in which a driver may hang: then this is how it ended."""

    problem: ScanProblem | None = None


class Ended(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="ended"):
    """The last message. `problem` None: as asked, stopping included."""

    problem: ScanProblem | None = None


FeedSaid = Looked | Arriving | Whole | Closing | Ended


class Prepare(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="prepare"):
    """Make a page right. In: `RAW.raw`, or what `Compact` made of it, `RAW.jpg`. Out: `PAGE.VERSION.jpg`."""

    page: str
    version: int
    raw: str
    back: str | None = None
    """Of a card: its other face."""
    undone: tuple[Correction, ...] = ()
    quarter_turns: int = 0
    plain: bool = False
    """Without any correction: the last try."""
    verdicts: tuple[Verdict, ...] = ()
    """What was found on it before, and on the other face: it is not looked at again."""


class Prepared(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="prepared"):
    corrections: tuple[Corrected, ...] = ()
    blank: bool = False
    verdicts: tuple[Verdict, ...] = ()
    """Of each face: to be given again with the next `Prepare`."""


class Compact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="compact"):
    """`RAW.raw` in, `RAW.jpg` out."""

    raw: str


class Compacted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="compacted"):
    pass


class Encode(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="encode"):
    """A page that was made right, as it will lie in a document: `PAGE.VERSION.jpg` in, `PAGE.VERSION.page` out."""

    page: str
    version: int


class Encoded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="encoded"):
    pass


class Show(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="show"):
    """A page that was made right, as raw RGB pixels in the file `target`, no larger than `width` by `height`."""

    page: str
    version: int
    width: int
    height: int
    target: str


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="shown"):
    width: int
    height: int


class Bind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bind"):
    """The pages that were made right, as (id, version), become the document `target`; those that are not encoded yet
    are encoded for it.
    """

    pages: tuple[tuple[str, int], ...]
    target: str


class Bound(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="bound"):
    pass


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="count"):
    """How many pages has the document in `file`? A path in bytes: a name may be any, even no text."""

    file: bytes


class Counted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="counted"):
    pages: int


class Draw(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="draw"):
    """A page of a document, as `Show`. Answered by `Shown`."""

    file: bytes
    page: int
    width: int
    height: int
    target: str


class Fit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="fit"):
    """The document in `file`, in at most `limit` bytes, into `target`."""

    file: bytes
    limit: int
    target: str


class Fitted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="fitted"):
    size: int
    """Bytes."""
    lost_colour: bool = False
    """Something on it had colours that it has no more."""


class Unreadable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="unreadable"):
    """Under this limit nobody could read it, and nothing was written. What would help, as it was measured."""

    parts: int = 0
    """Into so many documents it could be cut, each under the limit; 0: one page alone is too much."""
    pages: int = 0
    """So many of its first pages would fit."""
    smallest: int = 0
    """Bytes that it needs; 0 where that is not known."""


class Come(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="come"):
    """How far a document has come."""

    percent: int


class Merge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="merge"):
    """Answered by `Bound`."""

    files: tuple[bytes, ...]
    target: str


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="split"):
    """What begins with `page` goes into `second`, the rest into `first`. Answered by `Bound`."""

    file: bytes
    page: int
    first: str
    second: str


class Read(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="read"):
    """What is written on a page. Answered by `Words`, as they are found, and in the end by `WasRead`."""

    file: bytes
    page: int


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="words"):
    """Paragraphs, from the top: all that were found so far."""

    lines: tuple[str, ...]


class WasRead(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="was-read"):
    lines: tuple[str, ...]


class Impossible(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="impossible"):
    """The task failed; the press goes on."""

    why: Refusal | None = None
    """Of a document, where it is known."""


PageTask = Prepare | Compact | Encode | Show | Bind
DocumentTask = Count | Draw | Fit | Merge | Split | Read
PressTask = PageTask | DocumentTask
PressSaid = (
    Prepared | Compacted | Encoded | Shown | Bound | Counted | Fitted | Unreadable | Come | Words | WasRead
    | Impossible
)
