"""The press: everything that decodes a page, or makes a picture or a document of it. ``python -m scanner.press``.

It reads one `PressTask` after the other from its standard input, and answers each on its standard output (`PressSaid`).
What it works on came from outside, so it may crash or be killed: that costs the task. MARCHEPIED_PAGES names the
directory of the pages.
"""

from __future__ import annotations

import logging
import os
import resource
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from scanner import page
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
from scanner.page import Scan
from scanner.page.model import Pixels
from scanner.raster import HEADER, RAW, read_header
from scanner.store import ENCODED, MADE
from session import wire

logger = logging.getLogger(__name__)

QUALITY = 95
"""Of the JPEGs in which pages are kept, colours as fine as light: what is made of them is coarser."""
_MOST_MEMORY = 2 << 30
"""Bytes: a page in 600 dots an inch takes a fifth of it. What asks for more is hostile, and costs its task."""
_NICE = 5
"""The screens and the page that arrives are served first."""
_DENSITY = slice(13, 18)
"""In a JFIF header: the unit (1: an inch), and the dots in both directions (ITU-T T.871)."""


def load(directory: Path, raw: str) -> Scan:
    """A page as it came. Raises OSError, ValueError."""
    path = directory / f"{raw}{RAW}"
    if not path.exists():
        return Scan(_decoded(directory / f"{raw}{MADE}"), _dpi(directory / f"{raw}{MADE}"))
    raster = read_header(path)
    # Not read into memory: the pixels are on the memory disk already.
    flat = np.memmap(path, np.uint8, "r", HEADER)
    shape = (raster.height, raster.width, 3) if raster.channels == 3 else (raster.height, raster.width)
    return Scan(flat.reshape(shape), raster.dpi)


class StoredPage:
    """A page that was made right; its pixels are there as long as somebody holds them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.dpi = _dpi(path)

    @property
    def pixels(self) -> Pixels:
        return _decoded(self._path)


def save(path: Path, scan: Scan) -> None:
    """The pixels mean nothing afterwards. Raises OSError, ValueError."""
    ordered = scan.pixels
    if ordered.ndim == 3:
        # In place where the pixels are nobody's but ours: a page of 600 dots an inch is 100 MB.
        ours = ordered.flags.writeable and ordered.flags.c_contiguous
        ordered = cv2.cvtColor(ordered, cv2.COLOR_RGB2BGR, dst=ordered if ours else None).astype(np.uint8, copy=False)
    fine = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    settings = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, fine]
    done, encoded = cv2.imencode(".jpg", ordered, settings)
    if not done:
        raise ValueError("the page cannot be encoded")
    data = encoded.data
    dots = max(1, min(round(scan.dpi), 0xFFFF))
    data[_DENSITY] = struct.pack(">BHH", 1, dots, dots)
    part = path.with_name(f"{path.name}.new")
    part.write_bytes(data)
    part.rename(path)


def _dpi(path: Path) -> float:
    with path.open("rb") as file:
        unit, across, _ = struct.unpack(">BHH", file.read(_DENSITY.stop)[_DENSITY])
    return float(across) if unit == 1 and across else 300.0


def _decoded(path: Path, shrink: int = 1) -> Pixels:
    """RGB or grey, `shrink` times smaller (1, 2, 4 or 8: the decoder does it)."""
    flags = {1: cv2.IMREAD_UNCHANGED, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4}
    flag = flags.get(shrink, cv2.IMREAD_REDUCED_COLOR_8)
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), flag)
    if pixels is None:
        raise ValueError("a page that cannot be decoded")
    if pixels.ndim == 3:
        cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB, dst=pixels)
    return pixels.astype(np.uint8, copy=False)


def turned(scan: Scan, quarter_turns: int) -> Scan:
    """As it was scanned, turned clockwise."""
    return Scan(np.ascontiguousarray(np.rot90(scan.pixels, -quarter_turns)), scan.dpi)


class Worker:
    """Carries out tasks on the pages in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def do(self, task: PressTask) -> Iterator[PressSaid]:
        """What is said of a task: its end last."""
        refused: type[Exception] = OSError
        try:
            match task:
                case Count() | Draw() | Fit() | Merge() | Split() | Read():
                    from scanner import bound  # half a second that the first page need not wait for

                    refused = bound.Failed
                    yield from bound.do(task)
                case _:
                    yield self._do(task)
        except (refused, OSError, ValueError, MemoryError, cv2.error) as error:
            logger.error("%s failed: %s", type(task).__name__, type(error).__name__)
            yield Impossible()

    def _do(self, task: PageTask) -> PressSaid:
        match task:
            case Prepare():
                return self._prepare(task)
            case Compact(raw):
                save(self._directory / f"{raw}{MADE}", load(self._directory, raw))
                return Compacted()
            case Encode(page, version):
                from scanner import bound  # as above

                bound.encode(StoredPage(self._made(page, version)), self._encoded(page, version))
                return Encoded()
            case Show():
                return self._show(task)
            case Bind():
                return self._bind(task)

    def _prepare(self, task: Prepare) -> Prepared:
        scan = load(self._directory, task.raw)
        if task.back is not None:
            scan = page.card(scan, load(self._directory, task.back))
        if task.plain or task.back is not None:  # the faces of a card were made right one by one
            made = page.Prepared(turned(scan, task.quarter_turns), (), False)
        else:
            made = page.prepare(scan, undone=frozenset(task.undone), quarter_turns=task.quarter_turns)
        del scan
        save(self._made(task.page, task.version), Scan(np.ascontiguousarray(made.scan.pixels), made.scan.dpi))
        return Prepared(made.corrections, made.blank)

    def _show(self, task: Show) -> Shown:
        path = self._made(task.page, task.version)
        whole = self._shape(path)
        factor = min(1.0, task.width / whole[1], task.height / whole[0])
        width, height = max(1, round(whole[1] * factor)), max(1, round(whole[0] * factor))
        shrink = next((by for by in (8, 4, 2) if by * factor <= 1), 1)
        pixels = _decoded(path, shrink)
        if pixels.ndim == 2:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB).astype(np.uint8, copy=False)
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        target = Path(task.target)
        part = target.with_name(f"{target.name}.new")
        pixels.tofile(part)
        part.chmod(0o640)
        part.rename(target)
        return Shown(width, height)

    @staticmethod
    def _shape(path: Path) -> tuple[int, int]:
        """Height and width, without the pixels."""
        with Image.open(path) as page:
            return page.height, page.width

    def _bind(self, task: Bind) -> Bound:
        from scanner import bound  # the same

        pages = [
            bound.encoded(self._encoded(page, version)) or StoredPage(self._made(page, version))
            for page, version in task.pages
        ]
        bound.bind(pages, task.target)
        return Bound()

    def _made(self, page: str, version: int) -> Path:
        return self._directory / f"{page}.{version}{MADE}"

    def _encoded(self, page: str, version: int) -> Path:
        return self._directory / f"{page}.{version}{ENCODED}"


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="press: %(levelname)s %(message)s")
    out = os.dup(1)
    os.dup2(2, 1)  # libraries that print
    cv2.setNumThreads(1)  # the other processor is the browser's, or the feed's
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    worker = Worker(Path(os.environ["MARCHEPIED_PAGES"]))
    frames = wire.FrameReader()
    while data := os.read(0, wire.MAX_FRAME):
        for frame in frames.feed(data):
            for said in worker.do(wire.decode(frame, PressTask)):  # type: ignore[arg-type]
                left = memoryview(wire.encode(said))
                while left:
                    left = left[os.write(out, left) :]
    return 0


if __name__ == "__main__":
    sys.exit(main())
