"""What the press does with whole documents: theirs and ours, all of them untrusted. Imported when first needed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np

from scanner.document import build, model, parts, reading, render, smaller
from scanner.document.brought import Kind, kind_of, pages_of, picture
from scanner.document.encode import Encoded
from scanner.document.ladder import usual
from scanner.document.raster import Page, Pixels, Raster
from scanner.messages import (
    Bound,
    Come,
    Count,
    Counted,
    DocumentTask,
    Draw,
    Fit,
    Fitted,
    Impossible,
    Merge,
    PressSaid,
    Read,
    Shown,
    Split,
    Unreadable,
    WasRead,
    Words,
)
from scanner.raster import part_of

Tell = Callable[[PressSaid], None]
"""Called with what is said of a task before its end."""

_MODE = 0o660
_LANGUAGES = (reading.Language.FRENCH, reading.Language.DUTCH, reading.Language.ENGLISH)
_READ_BOX = (2600, 3700)
"""Pixels: A4 in 300 dots an inch."""
_READ_DPI = 200
"""A larger page is read as if it had so many dots: letters are large on it too, and in 300 dots A0 would take 2 GB."""
_MOST_TEXT = 8_000
"""Bytes, as the wire has them, that are told of a page: about as many letters (`session.papers.MAX_TEXT`)."""
_LONGEST_ESCAPE = 6
"""Bytes of one character in JSON: \\u001f."""


def do(task: DocumentTask, tell: Tell) -> Iterator[PressSaid]:
    """What is said of a task, its end last. Raises model.Refused, OSError, ValueError, MemoryError."""
    match task:
        case Count(file):
            with _opened(file) as document:
                yield Counted(pages_of(document))
        case Draw():
            yield _draw(task)
        case Fit():
            yield _fit(task, tell)
        case Merge(files, target):
            with contextlib.ExitStack() as stack:
                documents = [stack.enter_context(_opened(file)) for file in files]
                with _made(target) as out:
                    parts.merge(documents, out)
            yield Bound()
        case Split():
            yield _split(task)
        case Read():
            yield from _read(task)


def encode(page: Raster, path: Path) -> None:
    """The page as it will lie in a document, before anybody asks for one."""
    part = path.with_name(f"{path.name}.new")
    part.write_bytes(msgspec.msgpack.encode(usual(build.in_memory(page))))
    part.rename(path)


def encoded(path: Path) -> Encoded | None:
    """What `encode` made; None where it has not yet, or not whole."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=Encoded)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def bind(pages: Sequence[Raster | Encoded], target: str, tell: Tell) -> None:
    """The pages as one document."""
    with _made(target) as out:
        build.build(pages, out, progress=_told(tell))


def _told(tell: Tell) -> model.Progress:
    """Tells of each percent once."""
    last = -1

    def progress(percent: int) -> None:
        nonlocal last
        if percent != last:
            last = percent
            tell(Come(percent))

    return progress


def _draw(task: Draw) -> Shown:
    with _opened(task.file) as document:
        pixels = render.render(document, task.page, (task.width, task.height))
    save_raw(pixels, Path(task.target))
    return Shown(pixels.shape[1], pixels.shape[0])


def save_raw(pixels: Pixels, target: Path) -> None:
    """For the screens: nothing but the pixels, there at once or not at all."""
    part = target.with_name(f"{target.name}.new")
    np.ascontiguousarray(pixels).tofile(part)
    part.chmod(0o640)
    part.rename(target)


def _fit(task: Fit, tell: Tell) -> PressSaid:
    with _opened(task.file) as document, _made(task.target) as out:
        found = smaller.fit(document, task.limit, out, progress=_told(tell))
        if isinstance(found, model.Unreadable):
            return Unreadable(found.parts or 0, found.pages, found.smallest)
        # What was small enough as it is, is the same in the new place.
        return Impossible() if found.unchanged else Fitted(found.size, found.lost_colour > 0)


def _split(task: Split) -> Bound:
    with _opened(task.file) as document, _made(task.first) as first, _made(task.second) as second:
        count = pages_of(document)
        parts.split(document, [(range(1, task.page), first), (range(task.page, count + 1), second)])
    return Bound()


def _read(task: Read) -> Iterator[PressSaid]:
    with _opened(task.file) as document:
        if kind_of(document) is Kind.PICTURE:
            page = picture(document)
        else:
            pixels = render.render(document, task.page, _READ_BOX)
            points = render.points_of(document, task.page)
            page = Page(pixels, max(float(_READ_DPI), 72 * pixels.shape[1] / points[0]))
    lines: list[str] = []
    for lines in _paragraphs(reading.read(page, _LANGUAGES)):
        yield Words(_bounded(lines))
    yield WasRead(_bounded(lines))


def _paragraphs(words: Iterable[reading.Word]) -> Iterator[list[str]]:
    """Everything so far, as often as a paragraph has ended."""
    found: list[str] = []
    now = -1
    for word in words:
        if word.paragraph != now:
            if found:
                yield list(found)
            found.append(word.text)
            now = word.paragraph
        else:
            found[-1] += f" {word.text}"
    yield found


def _bounded(lines: list[str]) -> tuple[str, ...]:
    left, kept = _MOST_TEXT, []
    for line in lines:
        fits = line[:left]
        while (over := len(msgspec.json.encode(fits)) + 1 - left) > 0 and fits:
            fits = fits[: -over // _LONGEST_ESCAPE]
        if fits or (not line and left > len('"",')):
            kept.append(fits)
        left -= len(msgspec.json.encode(fits)) + 1
        if fits != line:
            break
    return tuple(kept)


@contextlib.contextmanager
def _opened(file: bytes) -> Iterator[BinaryIO]:
    """Never a link, and nothing that could hold us."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as document:
        yield document


@contextlib.contextmanager
def _made(target: str) -> Iterator[BinaryIO]:
    """A file that is there under its name once it is whole, and not at all if it stays empty."""
    path = Path(target)
    part = part_of(path)
    try:
        with part.open("w+b") as out:
            yield out
            size = out.seek(0, os.SEEK_END)
        if size:
            part.chmod(_MODE)
            part.rename(path)
    finally:
        part.unlink(missing_ok=True)
