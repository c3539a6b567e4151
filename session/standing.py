"""What the state machine remembers, and how it is changed: shared by `session.machine` and `agent.assistance`."""

from __future__ import annotations

import msgspec

from session.events import Effect
from session.model import Act, Snapshot, State


class Limits(msgspec.Struct, frozen=True):
    """Seconds and counts, from the configuration."""

    session: float = 45 * 60
    idle: float = 5 * 60
    warning: float = 60
    extension: float = 15 * 60
    extensions: int = 10
    restarts: int = 5
    restart_window: float = 60


class Station(msgspec.Struct, frozen=True):
    """The public snapshot and what the machine remembers besides it."""

    public: Snapshot = Snapshot()
    failures: tuple[float, ...] = ()
    """When components or builds failed lately."""
    after: State = State.READY
    """Where to go once the wipe is verified: READY, OUT_OF_SERVICE or MAINTENANCE."""
    closed_by_person: State | None = None
    """OUT_OF_SERVICE or MAINTENANCE while a person wants it so: then no retry leads to READY."""
    wiping: bool = False
    rebuilding: bool = False
    """While wiping: the old environment is dead, and the new one is being made."""
    broken: bool = False
    """The environment in the making failed while the old one was still being wiped."""
    lost_service: bool = False
    """The environment is a reduced one that only shows "out of service"."""
    retry_at: float | None = None
    acts: tuple[tuple[Act, int], ...] = ()
    """Of an agent in this session, and how often."""
    unproved: float = 0.0
    """Seconds for which the visit's clock stood still in this session while the pad was open in vain."""


Outcome = tuple[Station, tuple[Effect, ...]]

IN_SESSION = frozenset({State.ACTIVE, State.WARNING})
CLOSED = frozenset({State.OUT_OF_SERVICE, State.MAINTENANCE})


def with_public(station: Station, **changes: object) -> Station:
    return msgspec.structs.replace(station, public=msgspec.structs.replace(station.public, **changes))


def changed(station: Station, **changes: object) -> Station:
    return msgspec.structs.replace(station, **changes)
