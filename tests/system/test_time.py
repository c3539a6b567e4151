"""Idle time, the length of a visit and its extensions, on a whole station; and that no wall clock has a say in it."""

from __future__ import annotations

import ast
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from session.model import EndReason, EndWarning, Snapshot, State, WarningKind
from tests.portal import Portal
from tests.station.fixtures import at_welcome
from tests.station.harness import RunningStation
from tests.station.visitor import PORTAL, Visitor
from tests.test_house import ROOT, file_of, parsed, reached_from, sources

FIRST_UID = 61_000
IDLE = 6.0
WARNING = 3.0
LENGTH, EXTENSION, LENGTH_WARNING = 6.0, 3.0, 2.9
LATE = 1.5
"""Seconds by which something may be late on a machine that does other things."""
HOUR = 3600.0


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("clock") / "seconds"
    file.write_text("0", "ascii")
    return file


@pytest.fixture(scope="module")
def station(portal: Portal, clock: Path) -> Iterator[RunningStation]:
    """One that asks soon whether somebody is there, and whose wall clock can be set."""
    with RunningStation(
        name="idle", first_uid=FIRST_UID, port=portal.port, tls_port=portal.tls_port, minutes=10,
        idle_minutes=IDLE / 60, warning_seconds=WARNING, tampered=("--clock", str(clock)),
    ) as one:  # fmt: skip
        yield one


@pytest.fixture
def visitor(station: RunningStation) -> Iterator[Visitor]:
    with at_welcome(station) as one:
        yield one


def covered(visitor: Visitor) -> bool:
    """A full screen of ours is light where the bar is dark."""
    return sum(visitor.screen.picture(4, 4, 1, 1).getpixel((0, 0))[:3]) > 600  # type: ignore[index]


def ended(station: RunningStation, before: Snapshot, reason: EndReason) -> Snapshot:
    """Waits for the end and the next welcome."""
    ending = station.wait(lambda one: one.state is State.ENDING, 20, "the end")
    assert (ending.started_at, ending.ends_at, ending.idle_ends_at, ending.warning) == (None,) * 4
    ready = station.wait_state(State.READY, 40, after=before.generation)
    assert ready.last_wipe is not None
    assert (ready.last_wipe.reason, ready.last_wipe.verified) == (reason, True)
    return ready


def test_the_idle_warning_is_answered_and_then_it_is_not(
    station: RunningStation, visitor: Visitor, clock: Path
) -> None:
    visitor.begin()
    visitor.open_first_site()
    warned = visitor.wait_state(State.WARNING)
    assert warned.idle_ends_at is not None
    assert warned.warning == EndWarning(WarningKind.IDLE, warned.idle_ends_at, True)
    assert warned.idle_ends_at - WARNING - 0.1 < time.monotonic() < warned.idle_ends_at - WARNING + LATE
    visitor.screen.wait(lambda _picture: covered(visitor), what="the warning over the page")

    visitor.tap_until("more_time", lambda: visitor.state() is State.ACTIVE, WARNING)
    visitor.screen.wait(lambda _picture: not covered(visitor), what="the page under its bar")
    assert any("Accueil" + PORTAL in title for title in visitor.titles())

    warned = visitor.wait_state(State.WARNING)
    assert warned.warning is not None
    clock.write_text(str(-24 * HOUR), "ascii")
    assert station.status() == warned, "the wall clock has a say"
    clock.write_text(str(HOUR), "ascii")
    station.wait(lambda one: one.state is State.ENDING, 10, "the end")
    assert warned.warning.ends_at - 0.1 < time.monotonic() < warned.warning.ends_at + LATE
    ready = station.wait_state(State.READY, 40, after=warned.generation)
    assert ready.last_wipe is not None
    assert (ready.last_wipe.reason, ready.last_wipe.verified) == (EndReason.IDLE, True)
    off = datetime.fromtimestamp(ready.last_wipe.ended_at, UTC).timestamp() - time.time()
    assert HOUR - 60 < off <= HOUR, "the clock of this test was not that of the daemon"


def test_whoever_moves_is_not_asked(station: RunningStation, visitor: Visitor) -> None:
    visitor.begin()
    visitor.open_first_site()
    now = station.status()
    assert now is not None
    assert now.idle_ends_at is not None
    first, told, x = now.idle_ends_at, now.idle_ends_at, 200
    while time.monotonic() < first:
        moved = time.monotonic()
        x = 600 - x
        visitor.screen.move(x, 400)
        now = station.wait(lambda one, told=told: (one.idle_ends_at or 0) > told, 4, "news of a hand")  # type: ignore[misc]
        assert now.idle_ends_at is not None
        assert moved + IDLE - 0.1 < now.idle_ends_at < moved + IDLE + 1.0 + LATE
        assert now.state is State.ACTIVE
        told = now.idle_ends_at
    ended(station, now, EndReason.IDLE)


def test_the_time_is_over_after_its_extensions(portal: Portal) -> None:
    with RunningStation(
        name="length", first_uid=FIRST_UID + 4, port=portal.port, tls_port=portal.tls_port, minutes=LENGTH / 60,
        idle_minutes=LENGTH / 60, warning_seconds=LENGTH_WARNING, extension_minutes=EXTENSION / 60,
    ) as station:  # fmt: skip
        station.wait_state(State.READY, 40)
        with station.screen() as screen:
            visitor = Visitor(station, screen)
            visitor.begin()
            for left in (2, 1):
                warned = visitor.wait_state(State.WARNING)
                assert warned.ends_at is not None
                assert warned.warning == EndWarning(WarningKind.TIME_OVER, warned.ends_at, True)
                assert warned.extensions_left == left
                visitor.tap_until("more_time", lambda left=left: extended(station, left - 1), LENGTH_WARNING)  # type: ignore[misc]
                more = station.status()
                assert more is not None
                assert more.ends_at == pytest.approx(warned.ends_at + EXTENSION)
            warned = station.wait(
                lambda one: one.warning is not None and not one.warning.can_extend, 10, "the last warning"
            )
            visitor.screen.wait(lambda _picture: covered(visitor), what="the warning")
            visitor.tap("more_time")  # there is nothing there any more
            assert station.call_as_screen("MoreTime") == "no_extension_left"
            assert visitor.state() is State.WARNING
        ended(station, warned, EndReason.TIME_OVER)


def extended(station: RunningStation, left: int) -> bool:
    now = station.status()
    return now is not None and now.extensions_left == left


# -- the wall clock ------------------------------------------------------------------------------------------------

WALL = {
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.strftime"),
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now"),
    *("time.CLOCK_REALTIME", "signal.setitimer", "signal.alarm"),
}
MAY_LOOK = {
    ("session/daemon.py", "time.time"),  # when a receipt was written, for people
    ("kiosk/screens/welcome.py", "time.time"),  # "erased yesterday at 14:05"
    ("kiosk/words.py", "time.localtime"),
}


def looks_at_the_wall(path: Path) -> set[str]:
    """Uses of the wall clock in a file, calls and bare names alike."""
    found = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in WALL:
            found.add(ast.unparse(node))
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            found |= {f"time.{name.name}" for name in node.names} & WALL
    return found


def test_nothing_on_the_way_of_a_deadline_looks_at_the_wall_clock() -> None:
    ours = {file for file in map(file_of, reached_from("session.sessiond")) if file is not None}
    assert ROOT / "session" / "machine.py" in ours
    found = {
        (str(path.relative_to(ROOT)), use) for path in {*ours, *sources("kiosk")} for use in looks_at_the_wall(path)
    }
    assert found == MAY_LOOK
    calls = ast.unparse(parsed(ROOT / "session" / "daemon.py")).count("time.time()")
    assert (calls, "ended_at=time.time()" in ast.unparse(parsed(ROOT / "session" / "daemon.py"))) == (1, True)
