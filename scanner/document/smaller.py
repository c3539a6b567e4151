"""Make a brought document fit: a picture, or a PDF of which as much as possible stays as it is.

A PDF is first packed tightly, without what nobody sees; then its pictures are made smaller and its text stays text;
only if that is not enough its pages are drawn anew as pictures.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple, overload

import pikepdf

from scanner.document import brought, pictures
from scanner.document import pdf as pdf_file
from scanner.document.brought import Kind, kind_of, opened_pdf, pages_of
from scanner.document.build import never, nothing
from scanner.document.clean import clean
from scanner.document.encode import Way
from scanner.document.fit import fit_pages
from scanner.document.ladder import Option, best, finer, options, share
from scanner.document.model import Cancelled, Fitted, Mode, Progress, Refusal, Refused, Stopped, Unreadable
from scanner.document.raster import Pixels, Raster
from scanner.document.render import drawn, placed, points_of

_DRAWN_DPI = 300
_MOST_PIXELS = 40_000_000
"""Of a page that is drawn anew: a plan on A0 gets fewer dots."""


def fit(
    untrusted_file: BinaryIO,
    limit: int,
    out: BinaryIO,
    *,
    keep_colour: bool = False,
    progress: Progress = nothing,
    cancelled: Cancelled = never,
) -> Fitted | Unreadable:
    """Writes a PDF of at most `limit` bytes into `out`, which can be read too and is empty when nothing was written.

    What is under the limit stays as it is: `unchanged`, nothing is written. `untrusted_file` has to have a descriptor.
    Raises Refused, Stopped, OSError.
    """
    size = untrusted_file.seek(0, os.SEEK_END)
    if size <= limit:
        progress(100)
        return Fitted(size, pages_of(untrusted_file), unchanged=True)
    out.seek(0)
    out.truncate()
    if kind_of(untrusted_file) is Kind.PICTURE:
        page = brought.picture(untrusted_file)
        return fit_pages([page], limit, out, keep_colour=keep_colour, progress=progress, cancelled=cancelled)
    packed = _packed(untrusted_file, limit, out, keep_colour, lambda percent: progress(percent // 3), cancelled)
    if packed is not None:
        progress(100)
        return packed
    return fit_pages(
        Drawn(untrusted_file, cancelled),
        limit,
        out,
        keep_colour=keep_colour,
        progress=lambda percent: progress(33 + percent * 67 // 100),
        cancelled=cancelled,
    )


def fit_photo(
    untrusted_file: BinaryIO, limit: int, out: BinaryIO, *, progress: Progress = nothing, cancelled: Cancelled = never
) -> Fitted | Unreadable:
    """As `fit`, but a picture stays one: a JPEG, without its camera's notes, for sites that take no PDF.

    Raises Refused (KIND for a PDF), Stopped, OSError.
    """
    if kind_of(untrusted_file) is not Kind.PICTURE:
        raise Refused(Refusal.KIND)
    size = untrusted_file.seek(0, os.SEEK_END)
    if size <= limit:
        progress(100)
        return Fitted(size, pages_of(untrusted_file), unchanged=True)
    out.seek(0)
    out.truncate()
    page = brought.picture(untrusted_file)
    found = best([one for one in options(page, limit, limit) if one.way.mode is not Mode.BITONAL])
    if cancelled():
        raise Stopped
    chosen = share([found], limit)
    progress(100)
    if chosen is None:
        return Unreadable()
    made = finer(page, chosen[0], limit)
    out.write(made.data)
    return Fitted(made.size, 1, legibility=round(chosen[0].legibility, 3), lost_colour=int(chosen[0].faded))


def _packed(
    untrusted_file: BinaryIO, limit: int, out: BinaryIO, keep_colour: bool, progress: Progress, cancelled: Cancelled
) -> Fitted | None:
    """With its text as text, and what was made here still a PDF/A; None where that is not enough."""
    with opened_pdf(untrusted_file) as pdf:
        archival = pdf_file.is_ours(pdf)
        clean(pdf)
        if archival:
            pdf_file.mark_archival(pdf)
        pdf.remove_unreferenced_resources()
        count = len(pdf.pages)
        size = pdf_file.size(pdf)
        if size > limit:
            found = pictures.readable(pdf, placed(untrusted_file, cancelled=cancelled))
            chosen = _choose(pdf, found, limit - size, keep_colour, progress, cancelled)
            if chosen is None:
                return None
            least, faded = _put(pdf, found, chosen, limit - size, cancelled)
            size = pdf_file.size(pdf)
        else:
            least, faded = 1.0, 0
        if size > limit or (size := pdf_file.rewrite(pdf, out, count, ours=archival)) > limit:
            return None
        return Fitted(size, count, legibility=round(least, 3), lost_colour=faded)


def _choose(
    pdf: pikepdf.Pdf,
    found: Sequence[pictures.Inside],
    over: int,
    keep_colour: bool,
    progress: Progress,
    cancelled: Cancelled,
) -> list[Option] | None:
    """An option for each picture so that the file is `over` (a negative number) bytes smaller than it is."""
    budget = sum(one.size for one in found) + over
    if budget <= 0:
        return None
    tried = []
    for number, one in enumerate(found):
        if cancelled():
            raise Stopped
        progress(100 * number // len(found))
        ways = [Option(Way(Mode.KEPT, 0), one.size, 1.0, 1.0)]
        page = pictures.read(pdf, one)
        if page is not None:
            less = options(page, one.size - 1, budget // len(found))
            ways += [way for way in less if not (keep_colour and way.faded)]
        tried.append(best(ways))
    return share(tried, budget)


def _put(
    pdf: pikepdf.Pdf, found: Sequence[pictures.Inside], chosen: Sequence[Option], over: int, cancelled: Cancelled
) -> tuple[float, int]:
    """As chosen, better where room is left. The least legibility, and how many lost their colours."""
    left = sum(one.size for one in found) + over - sum(option.size for option in chosen)
    for number, (one, option) in enumerate(zip(found, chosen, strict=True)):
        if cancelled():
            raise Stopped
        page = None if option.way.mode is Mode.KEPT else pictures.read(pdf, one)
        if page is not None:
            encoded = finer(page, option, min(one.size, option.size + left // (len(found) - number)))
            left -= encoded.size - option.size
            pictures.put(pdf, one, encoded)
    return min((option.legibility for option in chosen), default=1.0), sum(option.faded for option in chosen)


class DrawnPage(NamedTuple):
    """A page of a PDF that is drawn when it is its turn."""

    untrusted_file: BinaryIO
    page: int
    points: tuple[float, float]
    dpi: float
    cancelled: Cancelled

    @property
    def pixels(self) -> Pixels:
        """Raises Refused, Stopped."""
        return drawn(self.untrusted_file, self.page, self.points, self.dpi, cancelled=self.cancelled)


class Drawn(Sequence[Raster]):
    """The pages of a PDF, at the dots per inch of their pictures where they are nothing else."""

    def __init__(self, untrusted_file: BinaryIO, cancelled: Cancelled = never) -> None:
        """Raises Refused, Stopped."""
        self._file = untrusted_file
        self._cancelled = cancelled
        self._count = pages_of(untrusted_file)
        with opened_pdf(untrusted_file) as pdf:
            self._text = pictures.has_text(pdf)
        self._dpi: dict[int, float] = {}
        for one in placed(untrusted_file, cancelled=cancelled):
            self._dpi[one.page] = max(one.dpi, self._dpi.get(one.page, 0.0))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Raster: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Raster]: ...
    def __getitem__(self, index: int | slice) -> Raster | Sequence[Raster]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError
        width, height = points_of(self._file, index + 1)
        own = _DRAWN_DPI if self._text else self._dpi.get(index + 1, _DRAWN_DPI)
        dpi = min(max(own, 72.0), float(_DRAWN_DPI), 72 * (_MOST_PIXELS / (width * height)) ** 0.5)
        return DrawnPage(self._file, index + 1, (width, height), dpi, self._cancelled)
