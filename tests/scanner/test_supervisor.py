"""The supervisor with SANE's own backends: what a visitor asks for, and what is left when something dies."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pikepdf
import psutil
import pytest

from scanner import bound, calls
from scanner.children import Patience
from scanner.model import ScannerSettings, ScanProblem, ScanStage, Source
from scanner.store import Saved
from session import rpc, wire
from tests.scanner.conftest import Sane, write_pnm
from tests.scanner.worker import SETTINGS, worker
from tests.session.talk import until

QUICK = Patience(look=5, start=5, lines=1.0, stop=0.5, press=10, bind=10)


async def test_a_page_and_what_is_seen_meanwhile(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sane.use("test", read_delay="true", read_delay_duration=50_000)
    async with worker(sane, tmp_path, monkeypatch) as one:
        assert (one.state.stage, one.state.pages) == (ScanStage.READY, ())
        done = await one.scan(source="glass")
        stages = list(dict.fromkeys(state.stage for state in one.states))
        assert stages == [ScanStage.READY, ScanStage.LOOKING, ScanStage.SCANNING, ScanStage.DONE]
        percents = [state.percent for state in one.states if state.percent is not None]
        assert percents == sorted(percents) != []
        (page,) = (await one.made()).pages
        assert (page.id, page.picture) == (done.pages[0].id, 1)
        expected = sorted([f"{page.id}.jpg", f"{page.id}.1.jpg", "pages.json"])
        await until(lambda: sorted(path.name for path in one.places.pages.iterdir()) == expected)


async def test_every_page_of_the_feeder(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        done = await one.scan()
        assert (done.stage, done.source, len(done.pages)) == (ScanStage.DONE, Source.FEEDER, 10)
        assert len({page.id for page in (await one.made()).pages}) == 10


async def test_a_problem_keeps_the_pages_before(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        (before,) = (await one.scan(source="glass")).pages
        sane.use("test", read_status_code='"SANE_STATUS_COVER_OPEN"')
        wrong = await one.scan(source="glass")
        assert (wrong.stage, wrong.problem) == (ScanStage.PROBLEM, ScanProblem.COVER_OPEN)
        assert [page.id for page in wrong.pages] == [before.id]
        sane.use("test")
        assert (await one.scan(source="glass")).problem is None
        assert len(one.state.pages) == 2


@pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
async def test_a_feed_that_hangs_or_dies_costs_its_page(
    sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    sane.use("test", read_delay="true", read_delay_duration=20_000)
    async with worker(sane, tmp_path, monkeypatch, QUICK) as one:
        await one.call("Scan", source="feeder")
        await one.until(lambda state: len(state.pages) >= 2 and bool(state.percent))
        feed = one.supervisor.children[0]
        assert feed is not None
        process = psutil.Process(feed)
        os.kill(feed, how)
        wrong = await one.until(lambda state: state.stage is ScanStage.PROBLEM)
        assert wrong.problem is ScanProblem.FAILED
        assert len(wrong.pages) >= 2
        assert not process.is_running()
        assert list(one.places.pages.glob("*.part")) == []
        assert all(page.picture for page in (await one.made()).pages)
        assert (await one.scan(source="glass")).stage is ScanStage.DONE


async def test_stop(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sane.use("test", read_delay="true", read_delay_duration=20_000)
    async with worker(sane, tmp_path, monkeypatch) as one:
        await one.call("Scan", source="feeder")
        await one.until(lambda state: len(state.pages) >= 1 and bool(state.percent))
        with pytest.raises(rpc.Refused, match="scanning"):
            await one.call("Scan")
        await one.call("StopScan")
        after = await one.until(lambda state: state.stage is ScanStage.DONE)
        assert (after.problem, len(after.pages) >= 1) == (None, True)
        assert list(one.places.pages.glob("*.part")) == []


async def test_stop_of_one_that_hangs(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sane.use("test", read_delay="true", read_delay_duration=20_000)
    async with worker(sane, tmp_path, monkeypatch, Patience(lines=60, stop=0.3)) as one:
        await one.call("Scan", source="glass")
        await one.until(lambda state: bool(state.percent))
        feed = one.supervisor.children[0]
        assert feed is not None
        os.kill(feed, signal.SIGSTOP)
        await one.call("StopScan")
        after = await one.until(lambda state: state.stage is ScanStage.READY)
        assert (after.problem, after.pages) == (None, ())


async def test_a_press_that_dies_loses_nothing(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch, QUICK) as one:
        await one.scan(source="glass")
        (page,) = (await one.made()).pages
        press = one.supervisor.children[1]
        assert press is not None
        os.kill(press, signal.SIGSTOP)
        await one.call("Turn", page=page.id)
        os.kill(press, signal.SIGKILL)
        turned = await one.until(lambda state: state.pages[0].picture == 2)
        assert turned.pages[0].id == page.id
        assert one.supervisor.children[1] not in (None, press)


async def test_pages_outlive_the_supervisor(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        await one.scan(source="glass")
        await one.scan(source="glass")
        before = (await one.made()).pages
    pages = one.places.pages
    saved = wire.decode((pages / "pages.json").read_bytes(), Saved)
    assert [len(page.verdicts) for page in saved.pages] == [1, 1], "what was found on them outlives it too"
    # What a kill in the middle leaves: half a page, and a whole one that nobody wrote down.
    (pages / "0123456789abcdef.part").write_bytes(b"P6")
    raw = np.zeros((20, 30, 3), np.uint8)
    header = b"P6\n#dpi %8.2f\n%8d %8d\n255\n" % (50, 30, 20)
    (pages / "fedcba9876543210.raw").write_bytes(header + raw.tobytes())
    async with worker(sane, tmp_path, monkeypatch) as one:
        after = (await one.made()).pages
        assert after[:2] == before
        assert [page.id for page in after[2:]] == ["fedcba9876543210"]
        assert one.state.stage is ScanStage.DONE
        assert list(pages.glob("*.part")) == []


async def test_turn_move_drop(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        for _ in range(3):
            await one.scan(source="glass")
        a, b, c = (page.id for page in (await one.made()).pages)
        await one.call("Move", page=a, by=1)
        assert [page.id for page in (await one.until(lambda state: state.pages[0].id == b)).pages] == [b, a, c]
        await one.call("Move", page=c, by=-60)
        await one.until(lambda state: [page.id for page in state.pages] == [c, b, a])
        upright = await one.picture(a, 1)
        await one.call("Turn", page=a)
        await one.until(lambda state: state.pages[2].picture == 2)
        turned = await one.picture(a, 2)
        assert (turned.width, turned.height) == (upright.height, upright.width)
        with pytest.raises(rpc.Refused, match="no_picture"):
            await one.picture(a, 1)
        assert [path.name for path in one.places.pictures.iterdir()] == [turned.name]
        await one.call("DropPage", page=a)
        await one.until(lambda state: [page.id for page in state.pages] == [c, b])
        assert not any(path.name.startswith(a) for path in one.places.pages.iterdir())
        assert list(one.places.pictures.iterdir()) == []
        with pytest.raises(rpc.Refused, match="no_scan_page"):
            await one.call("Turn", page=a)


async def test_retake_is_in_its_place(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        for _ in range(2):
            await one.scan(source="glass")
        a, b = (await one.made()).pages
        sane.use("test", read_status_code='"SANE_STATUS_JAMMED"')
        await one.call("Retake", page=a.id)
        wrong = await one.until(lambda state: state.stage is ScanStage.PROBLEM)
        assert wrong.pages == (a, b), "what was there stays until another one has come"
        sane.use("test")
        await one.call("Retake", page=a.id)
        again = await one.until(lambda state: state.stage is ScanStage.DONE and state.pages[0].picture == 2)
        assert [page.id for page in again.pages] == [a.id, b.id]
        await one.scan(source="glass")
        assert len(one.state.pages) == 3


async def test_both_faces_of_a_card_are_one_page(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        await one.call("Card", on=True)
        first = await one.scan()
        assert (first.stage, first.card, first.second_face, first.pages) == (ScanStage.READY, True, True, ())
        second = await one.scan()
        assert (second.stage, second.card, second.second_face, len(second.pages)) == (ScanStage.DONE, False, False, 1)
        await one.made()
        # One face only, and a change of mind: it is a page.
        await one.call("Card", on=True)
        await one.scan()
        await one.call("Card", on=False)
        after = await one.until(lambda state: len(state.pages) == 2)
        assert (after.card, after.second_face) == (False, False)
        await one.made()


async def test_the_document(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        with pytest.raises(rpc.Refused, match="no_scan_page"):
            await one.call("Keep")
        await one.scan(source="feeder")
        kept = await one.call("Keep", calls.Kept)
        (path,) = one.places.papers.iterdir()
        status = path.stat()
        assert kept == calls.Kept(f"{status.st_dev:x}-{status.st_ino:x}")
        assert status.st_mode & 0o777 == 0o660
        with pikepdf.open(path) as document:
            assert len(document.pages) == 10
        after = await one.until(lambda state: state.pages == ())
        assert after.stage is ScanStage.READY
        # A small copy that is being made of a page goes as soon as it is there.
        await until(lambda: [path.name for path in one.places.pages.iterdir()] == ["pages.json"], 20)


def presses() -> int:
    found = 0
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            found += "scanner.press" in child.cmdline()
    return found


@pytest.mark.parametrize(("largest", "most"), [(300, 2), (SETTINGS.resolution - 1, 1)])
async def test_pages_that_wait_are_made_two_at_a_time(
    sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, largest: int, most: int
) -> None:
    """But not large ones: they take too much memory."""
    monkeypatch.setattr("scanner.supervisor._TWO_AT_ONCE", largest)
    async with worker(sane, tmp_path, monkeypatch) as one:
        scanned = await one.scan(source="feeder")
        await until(lambda: presses() == most, 20)
        made = await one.made()
        assert presses() == most
        assert [page.id for page in made.pages] == [page.id for page in scanned.pages]
        await one.call("Keep", calls.Kept)
        (path,) = one.places.papers.iterdir()
        with pikepdf.open(path) as document:
            assert len(document.pages) == 10


async def test_pages_are_encoded_before_anybody_asks(
    sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        (page,) = (await one.scan(source="glass")).pages
        pages = one.places.pages
        await until(lambda: (pages / f"{page.id}.1.page").exists(), 20)
        assert not (pages / f"{page.id}.raw").exists(), "first it is kept in less room"
        upright = bound.encoded(pages / f"{page.id}.1.page")
        await one.call("Turn", page=page.id)
        await until(lambda: [path.name for path in pages.glob("*.page")] == [f"{page.id}.2.page"], 20)
        lying = bound.encoded(pages / f"{page.id}.2.page")
        assert upright is not None
        assert lying is not None
        assert (lying.width, lying.height) == (upright.height, upright.width)
        await one.call("Keep", calls.Kept)
        (path,) = one.places.papers.iterdir()
        with pikepdf.open(path) as document:
            assert document.pages[0].Resources.XObject.Im0.read_raw_bytes() == lying.data


def colour(pixel: np.ndarray) -> str:
    """Whatever was done to the light of the page."""
    red, green, blue = map(int, pixel)
    return "red" if red > 150 > 60 > max(green, blue) else "green" if green > 150 > 60 > max(red, blue) else "neither"


async def test_pictures_are_the_page(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A red page with one green corner, through a real scan, as the screens would see it."""
    red = np.zeros((400, 300, 3), np.uint8)
    red[..., 0] = 200
    red[:100, :100] = (0, 200, 0)
    write_pnm(sane.directory / "page.ppm", red)
    sane.use("pnm")
    settings = ScannerSettings(options=(f"filename={sane.directory}/page.ppm",), asker=os.getuid())
    async with worker(sane, tmp_path, monkeypatch, settings=settings) as one:
        await one.scan()
        (page,) = (await one.made()).pages
        small = await one.picture(page.id, 1, 150, 100)
        pixels = np.fromfile(one.places.pictures / small.name, np.uint8).reshape(small.height, small.width, 3)
        assert (small.width, small.height) == (75, 100)
        assert colour(pixels[5, 5]) == "green"
        assert colour(pixels[-5, -5]) == "red"
        await one.call("Turn", page=page.id)
        await one.until(lambda state: state.pages[0].picture == 2)
        large = await one.picture(page.id, 2, 4096, 4096)
        assert (large.width, large.height) == (400, 300), "never larger than it is"
        pixels = np.fromfile(one.places.pictures / large.name, np.uint8).reshape(300, 400, 3)
        assert colour(pixels[50, 350]) == "green", "clockwise"


async def test_as_many_pages_as_there_may_be(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MAX_PAGES", 3)
    async with worker(sane, tmp_path, monkeypatch) as one:
        assert len((await one.scan(source="feeder")).pages) == 3
        await one.call("Scan")
        full = await one.until(lambda state: state.stage is ScanStage.PROBLEM)
        assert (full.problem, len(full.pages)) == (ScanProblem.FULL, 3)


async def test_where_the_first_page_comes_from_is_known_before_it_is_asked_for(
    sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a scanner that is switched off when the station starts is no problem before somebody wants it."""
    (sane.directory / "dll.conf").write_text("")
    async with worker(sane, tmp_path, monkeypatch) as one:
        await until(lambda: one.supervisor.children[0] is not None)
        await until(lambda: one.supervisor.children[0] is None, 20)
        assert {state.stage for state in one.states} == {ScanStage.READY}
        sane.use("test")
        assert (await one.scan(source="glass")).stage is ScanStage.DONE


async def test_a_look_tells_whether_there_is_one(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        await one.call("Look")
        await one.until(lambda _: any(state.stage is ScanStage.LOOKING for state in one.states))
        await one.until(lambda state: state.stage is ScanStage.READY)
        (sane.directory / "dll.conf").write_text("")
        await one.call("Look")
        gone = await one.until(lambda state: state.stage is ScanStage.PROBLEM)
        assert gone.problem is ScanProblem.NOT_FOUND


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("Turn", {}),
        ("Turn", {"page": 7}),
        ("Turn", {"page": "x", "more": 1}),
        ("Scan", {"source": "roof"}),
        ("Move", {"page": "x", "by": 1000}),
        ("Picture", {"of": "x", "version": 0, "width": 1, "height": 1}),
        ("Picture", {"of": "x", "version": 1, "width": 10**6, "height": 1}),
        ("Correct", {"page": "x", "correction": "prettier", "on": True}),
    ],
)
async def test_calls_that_make_no_sense(
    sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, parameters: dict[str, Any]
) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        with pytest.raises(rpc.CallFailed, match="InvalidParameter"):
            await one.call(method, **parameters)


async def test_nobody_but_the_desk_is_answered(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = ScannerSettings(asker=SETTINGS.asker + 1)
    async with worker(sane, tmp_path, monkeypatch, settings=settings) as one:
        for method in ("Watch", "Scan", "Keep"):
            with pytest.raises(rpc.Denied):
                await one.call(method)
        assert one.states == []


async def test_it_says_what_it_can_do(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        asked = {"interface": calls.INTERFACE}
        told = await one.call("org.varlink.service.GetInterfaceDescription", dict[str, str], **asked)
        methods = {line.split(" ", 1)[1] for line in told["description"].splitlines() if line.startswith("method")}
        assert {
            "Keep() -> (document: string)",
            "Move(page: string, by: int) -> ()",
            "Turn(page: string) -> ()",
            "StopScan() -> ()",
        } <= methods
