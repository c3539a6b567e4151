"""What hangs (stopped, not dead) is noticed by its silence and replaced; a display that hangs ends the visit."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import psutil
import pytest

from session.model import Component, EndReason, State
from tests.portal import Portal
from tests.station.harness import RunningStation, wait_until
from tests.station.visitor import Visitor

FIRST_UID = 62_600
NOTICED = 40
"""Seconds, on a busy machine: 12 to 15 of silence, 4 for the display to answer, and then its end and a new start."""


@pytest.fixture(scope="module")
def station() -> Iterator[RunningStation]:
    with Portal() as portal, RunningStation(name="hang", first_uid=FIRST_UID, port=portal.port) as one:
        yield one


def stop(station: RunningStation, component: Component) -> set[int]:
    """Stops all processes of a component where they are. Their numbers."""
    processes = station.processes(component)
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    wait_until(lambda: all(one.status() == psutil.STATUS_STOPPED for one in processes), 5, "a standstill")
    return {one.pid for one in processes}


def main_of(station: RunningStation) -> psutil.Process:
    """The browser's process that started its others."""
    found = [one for one in station.processes(Component.BROWSER) if "--remote-debugging-pipe" in one.cmdline()]
    return next(one for one in found if one.name() == "chromium")


def verified(station: RunningStation, after: int) -> EndReason:
    """Waits for the next environment; why the one before was ended."""
    now = station.wait_state(State.READY, NOTICED, after=after)
    assert now.last_wipe is not None
    assert now.last_wipe.verified
    assert station.place.generations() == [now.generation]
    return now.last_wipe.reason


@pytest.mark.parametrize("component", [Component.GUARD, Component.UI, Component.DESK])
def test_a_part_that_hangs_is_replaced_in_the_same_visit(station: RunningStation, component: Component) -> None:
    generation = station.begin()
    old = stop(station, component)
    wait_until(lambda: not old & {one.pid for one in station.processes(component)}, NOTICED, f"the end of {component}")
    now = station.wait(lambda one: set(one.ready) >= {Component.GUARD, Component.UI, Component.DESK}, NOTICED)
    assert (now.generation, now.state) == (generation, State.ACTIVE)
    assert f"{component.value} does not answer" in station.last_words()
    station.call("End")
    assert verified(station, generation) is EndReason.AGENT


def test_a_browser_that_hangs_as_a_whole_is_started_anew_with_its_page(station: RunningStation) -> None:
    """One page that hangs is the visitor's to decide: see tests/system/test_pages.py."""
    ready = station.wait_state(State.READY, 40)
    with station.screen() as screen:
        visitor = Visitor(station, screen)
        visitor.begin()
        visitor.open_first_site()
        main = main_of(station)
        main.suspend()
        wait_until(lambda: not main.is_running(), NOTICED, "the end of the browser")
        visitor.wait_title("Accueil - Portail", NOTICED)
    assert "browser does not answer" in station.last_words()
    station.call("End")
    assert verified(station, ready.generation) is EndReason.AGENT


@pytest.mark.parametrize("state", [State.READY, State.ACTIVE])
def test_a_display_that_hangs_ends_the_environment(station: RunningStation, state: State) -> None:
    generation = station.begin() if state is State.ACTIVE else station.wait_state(State.READY, 40).generation
    stop(station, Component.DISPLAY)
    reason = verified(station, generation)
    assert reason is (EndReason.DISPLAY_LOST if state is State.ACTIVE else EndReason.COMPONENT_FAILED)
    assert "display does not answer" in station.last_words()
