"""Receipts of wipes: what was erased and checked, when, how long it took. Never anything about a person.

A file of receipts holds one JSON object a line, keys sorted, no spaces. The first line is an anchor (the
number and hash that the first receipt must follow). Each further line is a receipt, whose `hash` is the
SHA-256 of its own line without that field and whose `previous` is the hash of the line before, so that a
changed, dropped or moved line is noticed. The chain has no secret: who can write the file can cut off its end
or forge a whole new one. What that cannot change is a hash that was noted elsewhere (the welcome screen shows
the last one).
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from session.model import EndReason, WipeSummary

MOST = 5_000
"""Receipts in the file before the oldest are dropped."""

Code = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]*$", max_length=32)]
"""A word of our own source (a step, a check, a detail); never something that was observed."""
Count = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
ORIGIN = "0" * 64
"""`previous` of the first receipt of a chain."""


class RecordsError(Exception):
    """The receipts cannot be read or written. The text says why and what to do."""


class CheckResult(enum.StrEnum):
    OK = "ok"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"
    """This machine has no way to check it."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that the wipe did."""

    name: Code
    milliseconds: Count
    ok: bool


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that was looked at afterwards."""

    name: Code
    result: CheckResult
    detail_code: Code | None = None
    milliseconds: Count = 0


class Act(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent did in the session, by kind, and how often."""

    name: Code
    times: Count


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A field with a default is left out where it has it: lines that were written before it was there stay whole."""

    number: Count
    """1, 2, 3… over all boots."""
    generation: Count
    boot: Annotated[str, Meta(pattern="^[0-9a-f]{8}$")]
    """Which run of the machine, see `boot_mark`."""
    reason: EndReason
    ended_at: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    """UTC, to the second, by the wall clock: shown to people, never computed with."""
    milliseconds: Count
    steps: Annotated[tuple[Step, ...], Meta(max_length=64)]
    checks: Annotated[tuple[Check, ...], Meta(max_length=64)]
    verified: bool
    acts: Annotated[tuple[Act, ...], Meta(max_length=32)] = ()
    previous: Hash
    hash: Hash


class AnchorReason(enum.StrEnum):
    NEW = "new"
    ROTATED = "rotated"
    AFTER_BREAK = "after_break"


class Anchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    anchor: AnchorReason
    number: Count
    """The first receipt that follows has the next number."""
    previous: Hash


class Flaw(enum.StrEnum):
    ANCHOR = "anchor"
    UNREADABLE = "unreadable"
    CONTENT = "content"
    LINK = "link"
    NUMBER = "number"


FLAW_WORDS = {
    Flaw.ANCHOR: "the first line is not an anchor",
    Flaw.UNREADABLE: "it is not a receipt as Marchepied writes them",
    Flaw.CONTENT: "its content does not match its hash: it was changed",
    Flaw.LINK: "it does not follow the receipt before it: one was changed, dropped or moved",
    Flaw.NUMBER: "its number is not the next one: one was dropped or moved",
}


class Break(msgspec.Struct, frozen=True):
    """Where a chain stops being one."""

    number: int
    """The receipt that should have been there."""
    flaw: Flaw

    def __str__(self) -> str:
        subject = "" if self.flaw is Flaw.ANCHOR else f"receipt {self.number}: "
        return subject + FLAW_WORDS[self.flaw]


class Chain(msgspec.Struct, frozen=True):
    """What `verify_chain` found."""

    anchor: Anchor
    receipts: int
    """Good ones, up to the break if there is one."""
    lines: int
    """Of receipts, those after the break included."""
    last_number: int
    last_hash: str
    whole_bytes: int
    """Length of the file up to its last whole line; what follows was torn by a power cut."""
    torn_bytes: int
    broken: Break | None = None


class ReceiptsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of org.marchepied.Session.Receipts. A frame is bounded: there may come fewer than `last`."""

    last: Annotated[int, Meta(ge=1, le=MOST)] = 10
    before: Count | None = None
    """Only receipts with a smaller number: how the next page is asked for."""


class ReceiptsPage(msgspec.Struct, frozen=True):
    receipts: tuple[Receipt, ...] = ()
    """Oldest first."""


def canonical(record: Receipt | Anchor) -> bytes:
    """The line without its end."""
    return msgspec.json.encode(record, order="sorted")


def digest(receipt: Receipt) -> str:
    """The hash that this receipt must have. `jq -cSj 'del(.hash)' | sha256sum` on its line gives the same."""
    content = msgspec.to_builtins(receipt)
    del content["hash"]
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def find_break(receipts: Iterable[Receipt], number: int, previous: str) -> Break | None:
    """The first receipt that is wrong, when they have to follow receipt `number` whose hash is `previous`."""
    for receipt in receipts:
        number += 1
        if receipt.hash != digest(receipt):
            return Break(number, Flaw.CONTENT)
        if receipt.number != number:
            return Break(number, Flaw.NUMBER)
        if receipt.previous != previous:
            return Break(number, Flaw.LINK)
        previous = receipt.hash
    return None


def decode(line: bytes) -> Receipt | None:
    """None unless the line is byte for byte what we would write, so that nothing can hide in it."""
    try:
        receipt = msgspec.json.decode(line, type=Receipt)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return receipt if canonical(receipt) == line else None


def verify_chain(path: Path) -> Chain:
    """Reads and checks a whole file of receipts; changes nothing. Raises OSError when it cannot be read."""
    content = path.read_bytes()
    *lines, tail = content.split(b"\n")
    torn = len(tail)
    # A line that was being written when the power went has no end, or has NULs where the data never arrived.
    if not torn and lines and b"\0" in lines[-1]:
        torn = len(lines.pop()) + 1
    whole = len(content) - torn
    nothing = Anchor(AnchorReason.NEW, 0, ORIGIN)
    try:
        anchor = msgspec.json.decode(lines[0], type=Anchor)
        if canonical(anchor) != lines[0]:
            raise msgspec.ValidationError
    except (IndexError, msgspec.DecodeError, UnicodeDecodeError):
        return Chain(nothing, 0, len(lines), 0, ORIGIN, whole, torn, Break(0, Flaw.ANCHOR))
    number, previous = anchor.number, anchor.previous
    broken: Break | None = None
    for line in lines[1:]:
        receipt = decode(line)
        broken = find_break((receipt,), number, previous) if receipt else Break(number + 1, Flaw.UNREADABLE)
        if broken or receipt is None:
            break
        number, previous = receipt.number, receipt.hash
    return Chain(anchor, number - anchor.number, len(lines) - 1, number, previous, whole, torn, broken)


def summary(receipt: Receipt) -> WipeSummary:
    """What the welcome screen says of it."""
    ended_at = datetime.fromisoformat(receipt.ended_at).timestamp()
    return WipeSummary(receipt.verified, ended_at, receipt.milliseconds, receipt.reason, receipt.hash[:12])
