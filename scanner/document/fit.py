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
from scanner.document.ladder import Option, best, finer, options, share
from scanner.document.model import (
    Cancelled,
    Fitted,
    Progress,
    Refusal,
    Refused,
    Stopped,
    Unreadable,
)
from scanner.document.raster import Raster

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
    budget = limit - _FILE - _PAGE * len(pages)
    tried: list[list[Option]] = []
    for number, page in enumerate(pages):
        if cancelled():
            raise Stopped
        progress(70 * number // len(pages))
        tried.append(options(in_memory(page), limit - _FILE - _PAGE, budget // len(pages)))
    free = [best(found) for found in tried]
    wanted = [best([one for one in found if not one.faded]) for found in tried] if keep_colour else free
    while (chosen := share(wanted, budget)) is not None:
        size = _write(pages, chosen, budget, out, progress, cancelled)
        if size <= limit:
            least = min(option.legibility for option in chosen)
            lost = sum(option.faded for option in chosen)
            return Fitted(size, len(pages), legibility=round(least, 3), lost_colour=lost)
        budget -= size - limit  # there was more around the pictures than was thought
    progress(100)
    out.seek(0)
    out.truncate()
    return help_for(wanted, limit, grey=keep_colour and share(free, budget) is not None)


def _write(
    pages: Sequence[Raster],
    chosen: Sequence[Option],
    budget: int,
    out: BinaryIO,
    progress: Progress,
    cancelled: Cancelled,
) -> int:
    """Writes the pages as chosen, better where room is left; bytes."""
    left = budget - sum(option.size for option in chosen)
    with pikepdf.new() as made:
        for number, (page, option) in enumerate(zip(pages, chosen, strict=True)):
            if cancelled():
                raise Stopped
            progress(70 + 30 * number // len(pages))
            encoded = finer(in_memory(page), option, option.size + left // (len(pages) - number))
            left -= encoded.size - option.size
            pdf_file.add(made, encoded)
        return finish(made, out, len(pages), progress)


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
