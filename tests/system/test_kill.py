"""kill -9 of every process in every state: the station is ready again by itself, verified, or the session goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from session.model import Component, EndReason, Snapshot, State
from tests.portal import Portal
from tests.station.harness import RunningStation, wait_until
from tests.station.visitor import PORTAL, Visitor

RESTART_SECONDS = 2.0
RESTARTED = (Component.UI, Component.GUARD, Component.DESK, Component.BROWSER)
BUSY_MACHINE = 3.0
"""The promise is 2 s on a machine that does nothing else; the tests share theirs, and timing is the bench's matter."""


@pytest.fixture(scope="module")
def station(portal: Portal) -> Iterator[RunningStation]:
    """Warns one second after each start, for half a minute: so ACTIVE and WARNING are both within reach."""
    with RunningStation(
        name="kill", port=portal.port, tls_port=portal.tls_port, minutes=30, idle_minutes=1, warning_seconds=58
    ) as one:
        yield one


@pytest.fixture
def patient_station(portal: Portal) -> Iterator[RunningStation]:
    """One that does not warn in the middle of a test."""
    with RunningStation(name="patient", first_uid=60_980, port=portal.port, tls_port=portal.tls_port) as one:
        yield one


def in_state(station: RunningStation, state: State) -> Snapshot:
    """Leads the station to `state`, from wherever the last test left it."""
    now = station.wait(lambda one: one.state in (State.READY, State.ACTIVE, State.WARNING), 90)
    if now.state is not State.READY:
        station.call("End")
        now = station.wait_state(State.READY, 60, after=now.generation)
    if state is State.READY:
        return now
    # A victim of the last test may still be dying: the station may have left READY again since it was looked at. Not
    # asked again and again: each call is a process of the screen's user, which a wipe would find.
    while station.call_as_screen("Start") is not None:
        station.wait(lambda one, seen=now: one.sequence > seen.sequence, 20)  # type: ignore[misc]
        now = station.wait_state(State.READY, 60)
    if state in (State.ACTIVE, State.WARNING):
        return station.wait_state(state, 20)
    station.call("End")
    return station.wait(lambda one: one.state is state, 20, f"state {state}")


def kill(station: RunningStation, component: Component, which: str) -> None:
    """`which`: the program itself, or the outermost process of its sandbox. A new one, if the old just went."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        processes = station.processes(component)
        if processes:
            with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
                victim = processes[0] if which == "sandbox" else _program(processes)
                os.kill(victim.pid, signal.SIGKILL)
                return
    raise TimeoutError(f"no process of {component}")


def _program(processes: list[psutil.Process]) -> psutil.Process:
    """The first that is not bubblewrap: Chromium's main process, not one of its children."""
    return next((one for one in processes if one.name() != "bwrap"), processes[-1])


def last_receipt_is_verified(station: RunningStation, after: int = 0) -> Snapshot:
    now = station.wait_state(State.READY, 90, after=after)
    assert now.last_wipe is not None
    assert now.last_wipe.verified
    assert station.place.generations() == [now.generation], "something of an older environment is left"
    return now


@pytest.mark.parametrize("which", ["program", "sandbox"])
@pytest.mark.parametrize("component", RESTARTED)
@pytest.mark.parametrize("state", [State.ACTIVE, State.WARNING])
def test_a_session_goes_on(station: RunningStation, state: State, component: Component, which: str) -> None:
    before = in_state(station, state)
    killed = time.monotonic()
    old = {one.pid for one in station.processes(component)}
    kill(station, component, which)
    wait_until(lambda: bool({one.pid for one in station.processes(component)} - old), 20, f"a new {component}")
    if component is not Component.BROWSER:
        station.wait(lambda one: component in one.ready and one.sequence > before.sequence + 1, 20)
    after = station.status()
    assert after is not None
    assert (after.generation, after.started_at) == (before.generation, before.started_at)
    assert after.state in (State.ACTIVE, State.WARNING)
    assert time.monotonic() - killed < RESTART_SECONDS * BUSY_MACHINE


@pytest.mark.parametrize("which", ["program", "sandbox"])
@pytest.mark.parametrize("state", [State.ACTIVE, State.WARNING])
def test_a_lost_display_ends_the_session(station: RunningStation, state: State, which: str) -> None:
    before = in_state(station, state)
    kill(station, Component.DISPLAY, which)
    after = station.wait_state(State.READY, 60, after=before.generation)
    assert last_receipt_is_verified(station).last_wipe == after.last_wipe
    assert after.last_wipe is not None
    assert after.last_wipe.reason is EndReason.DISPLAY_LOST


@pytest.mark.parametrize("component", sorted({*Component} - {Component.SCANNER}))  # this station has none
@pytest.mark.parametrize("state", [State.READY, State.PREPARING, State.ENDING])
def test_a_station_without_a_visitor_is_made_anew(
    station: RunningStation, state: State, component: Component
) -> None:
    before = in_state(station, state)
    kill(station, component, "program")
    last_receipt_is_verified(station, before.generation if state is State.READY else 0)


@pytest.mark.parametrize("state", [State.READY, State.ACTIVE, State.WARNING, State.ENDING, State.PREPARING])
def test_a_killed_daemon_wipes_what_it_left(station: RunningStation, state: State) -> None:
    before = in_state(station, state)
    starts = station.starts
    station.kill_daemon()
    wait_until(lambda: station.starts > starts, 10, "a new daemon")
    after = last_receipt_is_verified(station)
    assert after.last_wipe is not None
    assert after.last_wipe.reason is EndReason.LEFTOVERS
    assert after.started_at is None, "an orphaned session was adopted"
    assert not station.place.tree(before.generation).exists() or after.generation == before.generation


def test_a_killed_browser_comes_back_with_its_page_and_documents(patient_station: RunningStation) -> None:
    station = patient_station
    snapshot = in_state(station, State.READY)
    with station.screen() as screen:
        visitor = Visitor(station, screen)
        visitor.begin()
        visitor.open_first_site()
        visitor.log_in("jeanne", "secret")
        document = station.place.tree(snapshot.generation) / "documents" / "attestation.pdf"
        document.write_bytes(b"%PDF-1.4")
        kill(station, Component.BROWSER, "program")
        wait_until(lambda: not visitor.titles(), 10, "the browser's end")
        # Chromium writes cookies to its profile every half minute: the site may ask for the log-in again.
        wait_until(
            lambda: any(page + PORTAL in title for title in visitor.titles() for page in ("Mon espace", "Connexion")),
            30,
            "the page",
        )
        assert document.exists()


def test_the_daemon_killed_twice_while_it_wipes(station: RunningStation) -> None:
    in_state(station, State.ENDING)
    for _ in range(2):
        starts = station.starts
        station.kill_daemon()
        wait_until(lambda starts=starts: station.starts > starts, 10, "a new daemon")  # type: ignore[misc]
        station.wait(lambda one: True, 20)
    last_receipt_is_verified(station)
