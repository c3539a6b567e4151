"""Make it fit: the best-looking PDF under a limit, as long as it can be read.

Every size is that of something that was encoded, every legibility that of something that was looked at: nothing is
guessed. What does not fit says what would.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

import pikepdf

from scanner.document import pdf as pdf_file
from scanner.document.build import finish, in_memory, never, nothing
from scanner.document.encode import encode
from scanner.document.ladder import Option, options, share
from scanner.document.model import (
    MIN_LIMIT,
    Cancelled,
    Fitted,
    Mode,
    Progress,
    Refusal,
    Refused,
    Stopped,
    Unreadable,
)
from scanner.document.raster import Raster, coloured

_FILE = 3_000
"""Bytes of a PDF besides its pages; a little more than measured. What really came is measured at the end."""
_PAGE = 900
"""Bytes of a page besides its picture: the same."""


def fit_pages(
    pages: Sequence[Raster],
    limit: int,
    out: BinaryIO,
    *,
    keep_colour: bool = False,
    progress: Progress = nothing,
    cancelled: Cancelled = never,
) -> Fitted | Unreadable:
    """Writes a PDF/A-2b of at most `limit` bytes into `out`, which can be read too; or says what would help.

    Pages share the limit by need: a byte is spent where it makes most difference to see. With `keep_colour` no page
    loses its colours. Each page's `pixels` are asked for twice. Raises Refused(EMPTY), Stopped, OSError.
    """
    if not pages:
        raise Refused(Refusal.EMPTY)
    found: list[list[Option]] = []
    free: list[list[Option]] = []
    for number, page in enumerate(pages):
        if cancelled():
            raise Stopped
        progress(80 * number // len(pages))
        whole = in_memory(page)
        found.append(options(whole, limit, keep_colour=keep_colour))
        if keep_colour and not (found[-1] and coloured_ways(found[-1]) == 0):
            free.append(options(whole, limit, keep_colour=False))
        else:
            free.append(found[-1])
    budget = limit - _FILE - _PAGE * len(pages)
    while (chosen := share(found, budget)) is not None:
        lost, size = _write(pages, chosen, out, progress, cancelled)
        if size <= limit:
            least = min(option.legibility for option in chosen)
            return Fitted(size, len(pages), legibility=round(least, 3), lost_colour=lost)
        budget -= size - limit  # more around the pictures than was thought
    out.seek(0)
    out.truncate()
    return help_for(found, limit, grey=keep_colour and share(free, budget) is not None)


def coloured_ways(found: Sequence[Option]) -> int:
    return sum(option.way.mode is Mode.COLOUR for option in found)


def _write(
    pages: Sequence[Raster], chosen: Sequence[Option], out: BinaryIO, progress: Progress, cancelled: Cancelled
) -> tuple[int, int]:
    """Pages that lost their colours, and bytes."""
    lost = 0
    with pikepdf.new() as made:
        for number, (page, option) in enumerate(zip(pages, chosen, strict=True)):
            if cancelled():
                raise Stopped
            progress(80 + 20 * number // len(pages))
            whole = in_memory(page)
            lost += option.way.mode is not Mode.COLOUR and coloured(whole)
            pdf_file.add(made, encode(whole, option.way)[0])
        return lost, finish(made, out, len(pages), progress)


def help_for(found: Sequence[Sequence[Option]], limit: int, *, grey: bool = False) -> Unreadable:
    """What would fit: how many parts, how many of the first pages, how large the whole would have to be."""
    sizes = [page[0].size + _PAGE if page else None for page in found]
    if any(size is None for size in sizes):
        parts = None
    else:
        parts, room = 0, 0
        for size in sizes:
            assert size is not None  # noqa: S101 - for the types: looked at above
            if size > room:
                parts, room = parts + 1, limit - _FILE
            room -= size
    first, room = 0, limit - _FILE
    for size in sizes:
        if size is None or size > room:
            break
        first, room = first + 1, room - size
    return Unreadable(parts, first, grey, 0 if parts is None else _FILE + sum(size or 0 for size in sizes))


assert MIN_LIMIT > _FILE + _PAGE  # noqa: S101 - or no limit could be met
