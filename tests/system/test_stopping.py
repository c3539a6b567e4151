"""SIGTERM in every state: wiped, verified and written down, and nothing is left."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from session.environment.mounts import mounted_below
from session.environment.users import Users
from session.model import State
from session.wipe import processes_of
from tests.station.harness import RunningStation, wait_until

FIRST_UID = 61_000


@pytest.fixture(scope="module")
def stopped() -> Iterator[RunningStation]:
    with RunningStation(
        name="stopped", first_uid=FIRST_UID + 4, supervise=False, idle_minutes=1, warning_seconds=58.5
    ) as one:
        yield one


def leads_to(station: RunningStation, state: State) -> None:
    if state is State.PREPARING:
        station.wait(lambda one: one.state is state, 20)
        return
    station.wait_state(State.READY, 40)
    if state is State.OUT_OF_SERVICE:
        station.call("OutOfService", why="essai")
    elif state is State.MAINTENANCE:
        station.call("Maintenance", why="essai")
    elif state is not State.READY:
        assert station.call_as_screen("Start") is None
        if state is State.ENDING:
            station.call("End")
    station.wait(lambda one: one.state is state, 20, f"state {state}")


@pytest.mark.parametrize("state", State)
def test_sigterm_ends_wiped_in_every_state(stopped: RunningStation, state: State) -> None:
    leads_to(stopped, state)
    assert stopped.terminate() == 0
    nothing_is_left(stopped)
    stopped.start_again()


def test_sigterm_while_the_next_environment_is_made(stopped: RunningStation) -> None:
    generation = stopped.begin()
    stopped.call("End")
    stopped.wait(lambda one: one.generation > generation, 20)
    assert stopped.terminate() == 0
    nothing_is_left(stopped)
    stopped.start_again()


def test_sigterm_at_once_and_twice(stopped: RunningStation) -> None:
    wait_until((stopped.runtime / "control").exists, 10, "the control socket")
    os.kill(stopped.pid, signal.SIGTERM)
    assert stopped.terminate() == 0
    nothing_is_left(stopped)


def nothing_is_left(station: RunningStation) -> None:
    assert station.place.generations() == []
    assert mounted_below(station.runtime) == []
    assert not list(processes_of(Users(FIRST_UID + 4)))
    assert not (station.runtime / "control").exists()
