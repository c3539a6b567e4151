"""The press: everything that decodes a page, or makes a picture or a document of it. ``python -m scanner.press``.

It reads one `PressTask` after the other from its standard input, and answers each on its standard output (`PressSaid`).
What it works on came from outside, so it may crash or be killed: that costs the task. MARCHEPIED_PAGES names the
directory of the pages.
"""

from __future__ import annotations

import ctypes
import logging
import os
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from scanner import jpeg, page
from scanner.document.model import Refused
from scanner.messages import (
    Bind,
    Bound,
    Compact,
    Compacted,
    Count,
    Draw,
    Encode,
    Encoded,
    Fit,
    Impossible,
    Merge,
    PageTask,
    Prepare,
    Prepared,
    PressSaid,
    PressTask,
    Read,
    Show,
    Shown,
    Split,
)
from scanner.model import Corrected, Correction
from scanner.page import Scan
from scanner.page.model import Pixels
from scanner.raster import HEADER, RAW, read_header
from scanner.store import ENCODED, MADE
from scanner.verdict import Verdict
from session import wire

logger = logging.getLogger(__name__)

_MOST_MEMORY, _LEAST_MEMORY = 2 << 30, 768 << 20
"""Bytes: a page in 600 dots an inch takes a fifth of the smaller. What asks for more is hostile, and costs its task."""
_NICE = 5
"""The screens and the page that arrives are served first."""
_DOCUMENT_DPI = 300
_LARGE = 20_000_000
"""Pixels: A4 in 450 dots an inch."""
_OWN_ROOM = 1 << 20
"""Bytes: what is larger has memory of its own, and gives it back at once when it is done with."""
_M_MMAP_THRESHOLD = -3
"""malloc.h's; by itself the limit grows with what is asked for, and what was freed stays (mallopt(3))."""


def load(directory: Path, raw: str) -> Scan:
    """A page as it came. Raises OSError, ValueError."""
    path = directory / f"{raw}{RAW}"
    if not path.exists():
        path = directory / f"{raw}{MADE}"
        return Scan(jpeg.read(path), jpeg.dpi_of(path))
    raster = read_header(path)
    # Not read into memory: the pixels are on the memory disk already.
    flat = np.memmap(path, np.uint8, "r", HEADER)
    shape = (raster.height, raster.width, 3) if raster.channels == 3 else (raster.height, raster.width)
    return Scan(flat.reshape(shape), raster.dpi)


class StoredPage:
    """A page that was made right, for a document; its pixels are there as long as somebody holds them.

    A page of 600 dots an inch or more comes with half of them, or fewer: a document keeps no more than 300.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        dpi = jpeg.dpi_of(path)
        self._shrink = next((by for by in (8, 4, 2) if dpi >= by * _DOCUMENT_DPI), 1)
        self.dpi = dpi / self._shrink

    @property
    def pixels(self) -> Pixels:
        return jpeg.read(self._path, self._shrink)


def _found(scan: Scan, known: Sequence[Verdict]) -> page.Findings:
    """What is known of it already, or what is seen on it now."""
    if known and (known[0].height, known[0].width) == (scan.height, scan.width):
        return page.recall(scan, known[0])
    return page.examine(scan)


class Worker:
    """Carries out tasks on the pages in `directory`; `tell` is called with what is said before a task's end."""

    def __init__(self, directory: Path, tell: Callable[[PressSaid], None]) -> None:
        self._directory, self._tell = directory, tell

    def do(self, task: PressTask) -> Iterator[PressSaid]:
        """What is said of a task: its end last."""
        try:
            match task:
                case Count() | Draw() | Fit() | Merge() | Split() | Read():
                    from scanner import bound  # half a second that the first page need not wait for

                    yield from bound.do(task, self._tell)
                case _:
                    yield self._do(task)
        except Refused as refused:
            logger.error("%s failed: %s", type(task).__name__, refused.code)
            yield Impossible(refused.code)
        except Exception as error:
            # Whatever a document does to a library: it costs its task. Its words may be in the error.
            logger.error("%s failed: %s", type(task).__name__, type(error).__name__)
            yield Impossible()

    def _do(self, task: PageTask) -> PressSaid:
        match task:
            case Prepare():
                return self._prepare(task)
            case Compact(raw):
                scan = load(self._directory, raw)
                size, rows = page.untouched(scan)
                jpeg.write(self._directory / f"{raw}{MADE}", rows, size, scan.dpi)
                return Compacted()
            case Encode(made, version):
                from scanner import bound  # as above

                bound.encode(StoredPage(self._made(made, version)), self._encoded(made, version))
                return Encoded()
            case Show():
                return self._show(task)
            case Bind():
                return self._bind(task)

    def _prepare(self, task: Prepare) -> Prepared:
        """Never more than one scan in memory that is not on the memory disk, and some rows of what is made of it."""
        raws = [raw for raw in (task.raw, task.back) if raw is not None]
        target = self._made(task.page, task.version)
        if task.plain:
            self._write_plain(target, raws, task.quarter_turns)
            return Prepared((), False)
        undone = frozenset(task.undone)
        if len(raws) == 1:
            scan = load(self._directory, raws[0])
            findings = [_found(scan, task.verdicts)]
            size = findings[0].shape(undone, task.quarter_turns).size
            strips = page.strips(scan, findings[0], undone=undone, quarter_turns=task.quarter_turns)
            jpeg.write(target, strips, size, scan.dpi)
        else:
            findings, faces = [], []
            for number, raw in enumerate(raws):
                scan = load(self._directory, raw)
                findings.append(_found(scan, task.verdicts[number:]))
                faces.append(page.make(scan, findings[-1], undone=undone).scan)
                del scan
            laid = page.lay(faces, task.quarter_turns)
            del faces
            jpeg.write(target, laid.strips(), laid.size, laid.dpi)
        called_for = {one for found in findings for one in found.corrections}
        corrections = tuple(Corrected(one, one not in undone) for one in Correction if one in called_for)
        return Prepared(corrections, all(found.blank for found in findings), tuple(found.verdict for found in findings))

    def _write_plain(self, target: Path, raws: Sequence[str], quarter_turns: int) -> None:
        scans = [load(self._directory, raw) for raw in raws]
        if len(scans) == 1:
            size, rows = page.untouched(scans[0], quarter_turns)
            jpeg.write(target, rows, size, scans[0].dpi)
        else:
            laid = page.lay(scans, quarter_turns)
            jpeg.write(target, laid.strips(), laid.size, laid.dpi)

    def _show(self, task: Show) -> Shown:
        path = self._made(task.page, task.version)
        whole = jpeg.size_of(path)
        # A page too large to be decoded beside its scan is shown at half its size: more than a screen has.
        largest = 1.0 if whole[0] * whole[1] < _LARGE else 0.5
        factor = min(largest, task.width / whole[1], task.height / whole[0])
        width, height = max(1, round(whole[1] * factor)), max(1, round(whole[0] * factor))
        shrink = next((by for by in (8, 4, 2) if by * factor <= 1), 1)
        pixels = jpeg.read(path, shrink)
        if pixels.ndim == 2:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB).astype(np.uint8, copy=False)
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        target = Path(task.target)
        part = target.with_name(f"{target.name}.new")
        pixels.tofile(part)
        part.chmod(0o640)
        part.rename(target)
        return Shown(width, height)

    def _bind(self, task: Bind) -> Bound:
        from scanner import bound  # the same

        pages = [
            bound.encoded(self._encoded(page, version)) or StoredPage(self._made(page, version))
            for page, version in task.pages
        ]
        bound.bind(pages, task.target, self._tell)
        return Bound()

    def _made(self, page: str, version: int) -> Path:
        return self._directory / f"{page}.{version}{MADE}"

    def _encoded(self, page: str, version: int) -> Path:
        return self._directory / f"{page}.{version}{ENCODED}"


def _available() -> int:
    """Bytes of memory that nobody needs now: a session in which there is next to none is ended."""
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="press: %(levelname)s %(message)s")
    out = os.dup(1)
    os.dup2(2, 1)  # libraries that print
    cv2.setNumThreads(1)  # the other processor is the browser's, or the feed's
    os.nice(_NICE)
    ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _OWN_ROOM)
    most = min(_MOST_MEMORY, max(_LEAST_MEMORY, _available() // 3))
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))

    def tell(said: PressSaid) -> None:
        left = memoryview(wire.encode(said))
        while left:
            left = left[os.write(out, left) :]

    worker = Worker(Path(os.environ["MARCHEPIED_PAGES"]), tell)
    frames = wire.FrameReader()
    while data := os.read(0, wire.MAX_FRAME):
        for frame in frames.feed(data):
            for said in worker.do(wire.decode(frame, PressTask)):  # type: ignore[arg-type]
                tell(said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
