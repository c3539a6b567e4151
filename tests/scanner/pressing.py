"""A press of its own, asked directly, and the most memory that it had at a task."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from scanner.messages import Compact, Prepare, Prepared, PressSaid, PressTask, Show
from scanner.model import Correction
from scanner.raster import HEADER, RAW, PageFile
from session import wire
from tests.pages import letter

ROOT = Path(__file__).resolve().parents[2]
A4 = (216.0, 297.0)
"""Millimetres: with the glass beside it."""


class Pressing:
    """Its pages are in `directory`."""

    def __init__(self, process: subprocess.Popen[bytes], directory: Path) -> None:
        self._process, self.directory = process, directory
        self._frames = wire.FrameReader()
        self.libraries = 0
        """Bytes of files in its memory at rest: other processes have the same."""

    def ask(self, task: PressTask) -> PressSaid:
        """Its answer; `peak` counts from here."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5", "ascii")  # proc(5): the peak is what is there now
        self._process.stdin.write(wire.encode(task))
        self._process.stdin.flush()
        while True:
            data = os.read(self._process.stdout.fileno(), wire.MAX_FRAME)
            if not data:
                raise EOFError("the press has ended")
            for frame in self._frames.feed(data):
                said: PressSaid = wire.decode(frame, PressSaid)  # type: ignore[arg-type]
                return said

    def peak(self, looked_into: str) -> int:
        """Bytes: the most that it had since it was last asked, and all files of its directory.

        The one that it `looked_into`, from its first byte to its last, is a part of what it had.
        """
        files = sum(file.stat().st_size for file in self.directory.iterdir() if file.name != looked_into)
        return self._memory("VmHWM") - self.libraries + files

    def rested(self) -> None:
        """What it has of libraries now, it has always."""
        self.libraries = self._memory("RssFile")

    def _memory(self, name: str) -> int:
        status = Path(f"/proc/{self._process.pid}/status").read_text("ascii")
        return 1024 * int(re.findall(rf"{name}:\s*(\d+)", status)[0])


@contextlib.contextmanager
def pressing(directory: Path) -> Iterator[Pressing]:
    """One that has made a small page before."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "scanner.press"],
        env={"PATH": "/usr/bin", "PYTHONPATH": str(ROOT), "MARCHEPIED_PAGES": str(directory), "LANG": "C.UTF-8"},
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with process:
        try:
            one = Pressing(process, directory)
            write_page(directory, "small", 75)
            one.ask(Prepare("small", 1, "small"))
            for path in directory.glob("small*"):
                path.unlink()
            one.rested()
            yield one
        finally:
            assert process.stdin is not None
            process.stdin.close()


def write_page(directory: Path, name: str, dpi: float) -> int:
    """A letter that calls for every correction but the way up, as it came from a scanner in colour; bytes.

    Drawn small and enlarged by parts, with a sensor's noise: it is nowhere in memory whole.
    """
    small = letter(3, 75, angle=2.3, lid=200.0, light=0.2, noise=0.0).scan
    width, height = (round(side / 25.4 * dpi) for side in A4)
    noise = np.random.default_rng(1).normal(0, 4, (256, width, 3)).astype(np.int16)
    file = PageFile(directory, name, width, 3, dpi)
    for first in range(0, height, 256):
        rows = min(256, height - first)
        part = small.pixels[first * small.height // height : (first + rows) * small.height // height + 1]
        enlarged = cv2.resize(part, (width, rows)).astype(np.int16)
        file.write(np.clip(enlarged + noise[:rows], 0, 255).astype(np.uint8).tobytes())
    file.keep(height)
    return (directory / f"{name}{RAW}").stat().st_size - HEADER


def large_page(press: Pressing) -> tuple[int, dict[str, int]]:
    """A page of A4 in colour, 600 dots an inch: its bytes as it came, and what it took to do each thing with it."""
    pages = press.directory
    raw = write_page(pages, "large", 600)
    picture = pages / "picture"
    peaks = {}
    made = press.ask(Prepare("large", 1, "large"))
    if not isinstance(made, Prepared) or len(made.corrections) < 3:
        raise ValueError("the page is not made right")
    peaks["made right"] = press.peak("large.raw")
    press.ask(Prepare("large", 1, "large", quarter_turns=1, verdicts=made.verdicts))
    peaks["turned"] = press.peak("large.raw")
    press.ask(Show("large", 1, 1080, 1920, str(picture)))
    peaks["shown"] = press.peak("large.1.jpg")
    picture.unlink()
    press.ask(Compact("large"))
    peaks["compacted"] = press.peak("large.raw")
    (pages / f"large{RAW}").unlink()
    press.ask(Prepare("large", 2, "large", undone=(Correction.CROPPED,), verdicts=made.verdicts))
    peaks["undone"] = press.peak("large.jpg")
    return raw, peaks
