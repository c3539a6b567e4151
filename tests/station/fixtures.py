"""What tests on a whole station begin with: the demonstration site, and a visitor who has come so far.

`tests/system/conftest.py` offers the fixture; the rest is for fixtures, each on a station of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from session.model import State
from tests.portal import Portal
from tests.station.harness import RunningStation
from tests.station.visitor import Visitor


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal() as one:
        yield one


@contextlib.contextmanager
def at_welcome(station: RunningStation) -> Iterator[Visitor]:
    """Before "Commencer"; a visit that is still on afterwards is ended."""
    station.wait_state(State.READY, 60)
    with station.screen() as screen:
        yield Visitor(station, screen)
    if getattr(station.status(), "state", None) in (State.ACTIVE, State.WARNING):
        station.call("End")


@contextlib.contextmanager
def at_site(station: RunningStation) -> Iterator[Visitor]:
    """One who has just opened the portal, on a station that is proved clean; the visit is ended afterwards."""
    ready = station.wait_state(State.READY, 60)
    assert ready.last_wipe is not None
    assert ready.last_wipe.verified
    with station.screen() as screen:
        visitor = Visitor(station, screen)
        visitor.begin()
        visitor.open_first_site()
        yield visitor
    station.call("End")
