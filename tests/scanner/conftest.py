"""SANE's own `test` and `pnm` backends, set up in a directory of the test's."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from scanner.messages import Closing, Ended, FeedSaid, FeedTask
from session import wire

ROOT = Path(__file__).resolve().parents[2]
A4 = (210.0, 297.0)
"""Millimetres."""


class Sane:
    """A directory for SANE_CONFIG_DIR. Settings of test.conf are those of sane-test(5)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.use("test")

    def use(self, *backends: str, **test: object) -> None:
        (self.directory / "dll.conf").write_text("\n".join(backends) + "\n")
        settings = {
            "number_of_devices": 1,
            "resolution_max": 1200.0,
            "geometry_max": A4[1],
            "test-picture": '"Color pattern"',
            **{name.replace("_", "-"): value for name, value in test.items()},
        }
        (self.directory / "test.conf").write_text("".join(f"{name} {value}\n" for name, value in settings.items()))

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/bin",
            "PYTHONPATH": str(ROOT),
            "SANE_CONFIG_DIR": str(self.directory),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
        }


@pytest.fixture
def sane(tmp_path: Path) -> Sane:
    (tmp_path / "sane.d").mkdir()
    return Sane(tmp_path / "sane.d")


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Where pages go."""
    (tmp_path / "pages").mkdir()
    return tmp_path / "pages"


def start(sane: Sane, task: FeedTask) -> subprocess.Popen[bytes]:
    """A feed with its task. Close its standard input to stop it."""
    feed = subprocess.Popen(
        [sys.executable, "-P", "-m", "scanner.feed"],
        env=sane.environment,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert feed.stdin is not None
    feed.stdin.write(wire.encode(task))
    feed.stdin.flush()
    return feed


def next_said(feed: subprocess.Popen[bytes]) -> FeedSaid | None:
    assert feed.stdout is not None
    frame = bytearray()
    while byte := os.read(feed.stdout.fileno(), 1):
        if byte == b"\0":
            return wire.decode(bytes(frame), FeedSaid)  # type: ignore[arg-type]
        frame += byte
    return None


def finish(feed: subprocess.Popen[bytes]) -> list[FeedSaid]:
    """All that it still says, once it has ended.

    The test backend ends its reader by pthread_cancel, wherever it is, and now and then waits for it for ever (2 of 150
    times, measured): then what was said before counts, as for the supervisor.
    """
    said: list[FeedSaid] = []
    with feed:
        assert feed.stdout is not None
        while True:
            hangs = said and isinstance(said[-1], Closing) and not select.select([feed.stdout], [], [], 5)[0]
            if hangs:
                feed.kill()
            if (one := next_said(feed)) is None:
                break
            said.append(one)
    if said and isinstance(said[-1], Closing):
        said.append(Ended(said[-1].problem))
    return said


def told(said: Sequence[FeedSaid]) -> list[str]:
    """The names of what was said, each once."""
    return list(dict.fromkeys(type(one).__name__ for one in said))


def task_of(directory: Path, what: str = "scan", **changes: object) -> FeedTask:
    task = FeedTask(what="look" if what == "look" else "scan", directory=str(directory), resolution=100)
    return msgspec.structs.replace(task, **changes)


def write_pnm(path: Path, pixels: np.ndarray) -> None:
    """`pixels` as uint8, (h, w, 3) RGB or (h, w) grey."""
    kind = b"P6" if pixels.ndim == 3 else b"P5"
    path.write_bytes(b"%s\n%d %d\n255\n" % (kind, pixels.shape[1], pixels.shape[0]) + pixels.tobytes())
