"""The feed with SANE's own backends: pages that come whole, and every way in which one does not."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from scanner.messages import Arriving, Ended, Looked, Whole
from scanner.model import ScanProblem, Source
from scanner.raster import HEADER, read_header
from session import wire
from tests.scanner.conftest import A4, Sane, finish, next_said, start, task_of, told, write_pnm


def whole(pages: Path) -> list[Path]:
    return sorted(pages.glob("*.raw"), key=lambda path: path.stat().st_mtime_ns)


def nothing_half(pages: Path) -> bool:
    return list(pages.glob("*.part")) == []


def test_a_page_from_the_glass(sane: Sane, pages: Path) -> None:
    said = finish(start(sane, task_of(pages, source=Source.GLASS)))
    assert told(said) == ["Arriving", "Whole", "Closing", "Ended"]
    assert said[-1] == Ended()
    (path,) = whole(pages)
    assert said[-3] == Whole(path.stem)
    raster = read_header(path)
    assert (raster.channels, raster.dpi) == (3, 100.0)
    assert raster.width == pytest.approx(220 / 25.4 * 100, abs=2)
    assert raster.height == pytest.approx(A4[1] / 25.4 * 100, abs=2)
    assert path.stat().st_size == HEADER + raster.size
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_feeder_until_it_is_empty(sane: Sane, pages: Path) -> None:
    """The test backend's has ten sheets."""
    said = finish(start(sane, task_of(pages, source=Source.FEEDER, pages=60, resolution=30)))
    assert [type(one) for one in said].count(Whole) == len(whole(pages)) == 10
    assert said[-1] == Ended()
    assert {one.source for one in said if isinstance(one, Arriving)} == {Source.FEEDER}


def test_the_feeder_no_further_than_asked(sane: Sane, pages: Path) -> None:
    finish(start(sane, task_of(pages, source=Source.FEEDER, pages=3, resolution=30)))
    assert len(whole(pages)) == 3


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        ("UNSUPPORTED", ScanProblem.FAILED),
        ("CANCELLED", ScanProblem.TRUNCATED),
        ("DEVICE_BUSY", ScanProblem.BUSY),
        ("INVAL", ScanProblem.FAILED),
        ("EOF", ScanProblem.TRUNCATED),
        ("JAMMED", ScanProblem.JAMMED),
        ("NO_DOCS", ScanProblem.NO_PAPER),
        ("COVER_OPEN", ScanProblem.COVER_OPEN),
        ("IO_ERROR", ScanProblem.FAILED),
        ("NO_MEM", ScanProblem.FULL),
        ("ACCESS_DENIED", ScanProblem.FAILED),
    ],
)
def test_every_status_is_a_problem_and_no_page(sane: Sane, pages: Path, status: str, problem: ScanProblem) -> None:
    sane.use("test", read_status_code=f'"SANE_STATUS_{status}"')
    said = finish(start(sane, task_of(pages, source=Source.GLASS)))
    assert said[-1] == Ended(problem)
    assert list(pages.iterdir()) == []


def test_a_device_that_is_gone_after_an_error_was_unplugged(sane: Sane, pages: Path) -> None:
    """It vanishes between the opening of the device and the first line."""
    # A reader that sleeps does not hang when it is cancelled: see `finish`.
    sane.use("test", read_delay="true", read_delay_duration=200_000, read_status_code='"SANE_STATUS_IO_ERROR"')
    feed = start(sane, task_of(pages, source=Source.GLASS))
    assert isinstance(next_said(feed), Arriving)
    feed.send_signal(signal.SIGSTOP)
    (sane.directory / "dll.conf").write_text("")
    feed.send_signal(signal.SIGCONT)
    assert finish(feed)[-1] == Ended(ScanProblem.UNPLUGGED)
    assert list(pages.iterdir()) == []


def test_a_feeder_that_is_empty_leads_to_the_glass(sane: Sane, pages: Path) -> None:
    """The test backend says so for the glass as well; what counts is that both were tried."""
    sane.use("test", read_status_code='"SANE_STATUS_NO_DOCS"')
    said = finish(start(sane, task_of(pages)))
    assert list(dict.fromkeys(one.source for one in said if isinstance(one, Arriving))) == [Source.FEEDER, Source.GLASS]
    assert said[-1] == Ended(ScanProblem.NO_PAPER)


def test_no_scanner_at_all(sane: Sane, pages: Path) -> None:
    (sane.directory / "dll.conf").write_text("")
    assert finish(start(sane, task_of(pages))) == [Ended(ScanProblem.NOT_FOUND)]


def test_only_the_devices_of_the_station(sane: Sane, pages: Path) -> None:
    sane.use("test", "pnm")
    assert finish(start(sane, task_of(pages, devices=("airscan:*",)))) == [Ended(ScanProblem.NOT_FOUND)]
    assert finish(start(sane, task_of(pages, "look", devices=("airscan:*", "pnm:0")))) == [
        Looked(Source.GLASS),
        Ended(),
    ]


def test_a_page_that_is_stopped_is_not_kept(sane: Sane, pages: Path) -> None:
    sane.use("test", read_delay="true", read_delay_duration=100_000)
    feed = start(sane, task_of(pages, source=Source.GLASS, resolution=300))
    while not (isinstance(said := next_said(feed), Arriving) and said.percent):
        assert said is not None
    assert len(list(pages.glob("*.part"))) == 1
    assert feed.stdin is not None
    feed.stdin.close()
    feed.stdin = None
    assert finish(feed)[-1] == Ended()
    assert list(pages.iterdir()) == []


def test_a_feed_that_is_killed_keeps_the_pages_before(sane: Sane, pages: Path) -> None:
    sane.use("test", read_delay="true", read_delay_duration=20_000)
    feed = start(sane, task_of(pages, source=Source.FEEDER, pages=60))
    while not isinstance(next_said(feed), Whole):
        pass
    while not list(pages.glob("*.part")):
        assert isinstance(next_said(feed), Arriving)
    feed.send_signal(signal.SIGKILL)
    finish(feed)
    kept = whole(pages)
    assert [read_header(path).channels for path in kept] == [3] * len(kept) != []
    with pytest.raises(ValueError, match="no page"):
        read_header(next(pages.glob("*.part")))


def test_the_height_that_nobody_knows_before(sane: Sane, pages: Path) -> None:
    sane.use("test", hand_scanner="true")
    said = finish(start(sane, task_of(pages, source=Source.GLASS)))
    assert said[-1] == Ended()
    assert {one.percent for one in said if isinstance(one, Arriving)} == {None}
    assert read_header(whole(pages)[0]).height > 1


@pytest.mark.parametrize(
    ("settings", "channels"),
    [({"ppl_loss": 7}, 3), ({"fuzzy_parameters": "true"}, 3), ({"read_limit": "true", "read_limit_size": 1000}, 3)],
)
def test_what_devices_do_with_their_lines(sane: Sane, pages: Path, settings: dict[str, object], channels: int) -> None:
    """Lines that are longer than their pixels, a height that is a guess before, bytes in crumbs."""
    sane.use("test", **settings)
    assert finish(start(sane, task_of(pages, source=Source.GLASS, resolution=50)))[-1] == Ended()
    raster = read_header(whole(pages)[0])
    assert raster.channels == channels


def test_pixels_arrive_as_they_are(sane: Sane, pages: Path) -> None:
    random = np.random.default_rng(4)
    picture = random.integers(0, 256, (301, 203, 3), np.uint8)
    write_pnm(sane.directory / "page.ppm", picture)
    sane.use("pnm")
    said = finish(start(sane, task_of(pages, options=(f"filename={sane.directory}/page.ppm",), resolution=300)))
    assert said[-1] == Ended()
    raw = whole(pages)[0].read_bytes()
    assert np.array_equal(np.frombuffer(raw, np.uint8, offset=HEADER).reshape(301, 203, 3), picture)
    assert read_header(whole(pages)[0]).dpi == 300


@pytest.mark.parametrize("depth", [1, 16])
def test_other_depths_become_bytes(sane: Sane, pages: Path, depth: int) -> None:
    sane.use("test", test_picture='"Solid white"')
    options = ("mode=Gray", f"depth={depth}")
    said = finish(start(sane, task_of(pages, source=Source.GLASS, options=options, resolution=50)))
    assert said[-1] == Ended()
    path = whole(pages)[0]
    raster = read_header(path)
    assert raster.channels == 1
    assert set(path.read_bytes()[HEADER:]) == {255}


def test_a_colour_after_the_other_is_refused(sane: Sane, pages: Path) -> None:
    said = finish(start(sane, task_of(pages, source=Source.GLASS, options=("three-pass=yes",))))
    assert said[-1] == Ended(ScanProblem.FAILED)
    assert list(pages.iterdir()) == []


def test_a_memory_disk_without_room(sane: Sane, pages: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(pages)], check=True)
    try:
        said = finish(start(sane, task_of(pages, source=Source.GLASS)))
        assert said[-1] == Ended(ScanProblem.FULL)
        assert nothing_half(pages)
    finally:
        subprocess.run(["umount", str(pages)], check=True)


def test_a_large_page_takes_less_than_twice_its_size(sane: Sane, pages: Path) -> None:
    """600 dots an inch, colour: the file on the memory disk, and the most that the process ever held itself."""
    feed = start(sane, task_of(pages, source=Source.GLASS, resolution=600))
    peak = 0
    while (said := next_said(feed)) is not None:
        if isinstance(said, Whole):
            status = Path(f"/proc/{feed.pid}/status").read_text("ascii")
            peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    finish(feed)
    path = whole(pages)[0]
    size = read_header(path).size
    assert size > 100_000_000
    assert 0 < peak + path.stat().st_size < 1.5 * size
    path.unlink()


def test_nobody_to_listen_ends_it(sane: Sane, pages: Path) -> None:
    sane.use("test", read_delay="true", read_delay_duration=100_000)
    feed = start(sane, task_of(pages, source=Source.GLASS))
    assert next_said(feed) is not None
    assert feed.stdout is not None
    feed.stdout.close()
    feed.stdout = None
    assert feed.wait(20) == 1
    assert list(pages.iterdir()) == []
    assert feed.stdin is not None
    feed.stdin.close()


def test_it_dies_with_whoever_started_it(sane: Sane, pages: Path) -> None:
    """A process that starts a feed and is killed: the scanner must not stay in the feed's hands."""
    sane.use("test", read_delay="true", read_delay_duration=200_000)
    script = (
        "import subprocess, sys\n"
        "feed = subprocess.Popen([sys.executable, '-P', '-m', 'scanner.feed'], stdin=subprocess.PIPE,"
        " stdout=sys.stdout)\n"
        "feed.stdin.write(sys.stdin.buffer.read()); feed.stdin.flush()\n"
        "print(feed.pid, file=sys.stderr, flush=True); feed.wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=sane.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as parent:
        assert parent.stdin is not None
        assert parent.stderr is not None
        parent.stdin.write(wire.encode(task_of(pages, source=Source.GLASS)))
        parent.stdin.close()
        feed = psutil.Process(int(parent.stderr.readline()))
        assert isinstance(next_said(parent), Arriving)
        parent.kill()
        parent.wait()
        with contextlib.suppress(psutil.NoSuchProcess):
            feed.wait(10)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(feed.pid, 0)
