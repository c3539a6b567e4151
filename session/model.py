"""What a session is, in words that every process of the station shares. No behaviour, no input or output.

Everything here may be seen by the root process: states, codes, counts and monotonic times. Nothing here can
hold a name, a URL, a title or a page.
"""

from __future__ import annotations

import enum

import msgspec


class State(enum.StrEnum):
    PREPARING = "preparing"
    READY = "ready"
    ACTIVE = "active"
    WARNING = "warning"
    ENDING = "ending"
    OUT_OF_SERVICE = "out_of_service"
    MAINTENANCE = "maintenance"


class Component(enum.StrEnum):
    """The processes of an environment. `DISPLAY` is the one whose death ends the session."""

    DISPLAY = "display"
    DESK = "desk"
    BROWSER = "browser"
    GUARD = "guard"
    UI = "ui"


class EndReason(enum.StrEnum):
    """Why a session, or an environment that nobody used yet, was ended."""

    VISITOR = "visitor"
    """"J'ai fini"."""
    IDLE = "idle"
    TIME_OVER = "time_over"
    AGENT = "agent"
    """`marchepied end`."""
    OUT_OF_SERVICE = "out_of_service"
    DISPLAY_LOST = "display_lost"
    COMPONENT_FAILED = "component_failed"
    """A component died more often than it may."""
    NO_MEMORY = "no_memory"
    """The session's own memory disk is full, or the machine has none left."""
    LEFTOVERS = "leftovers"
    """A previous run of the daemon left something behind."""
    STOPPING = "stopping"
    """The daemon was asked to stop."""
    INTERNAL = "internal"


class Trouble(enum.StrEnum):
    """Why a station is out of service. The UI owns the words; the log has the details."""

    OPERATOR = "operator"
    WIPE_UNVERIFIED = "wipe_unverified"
    NO_DISPLAY = "no_display"
    NO_BROWSER = "no_browser"
    NO_MEMORY = "no_memory"
    NO_NETWORK_GUARD = "no_network_guard"
    """The egress rules could not be put in force."""
    BAD_POLICY = "bad_policy"
    STATE_UNWRITABLE = "state_unwritable"
    COMPONENT_FAILS = "component_fails"
    INTERNAL = "internal"


class WarningKind(enum.StrEnum):
    IDLE = "idle"
    TIME_OVER = "time_over"


class EndWarning(msgspec.Struct, frozen=True):
    """The session will end at `ends_at` (CLOCK_MONOTONIC seconds) unless the visitor answers."""

    kind: WarningKind
    ends_at: float
    can_extend: bool


class WipeSummary(msgspec.Struct, frozen=True):
    """What the welcome screen says of the last visit's end."""

    verified: bool
    ended_at: float
    """Seconds since the epoch (the wall clock: shown to people, never computed with)."""
    milliseconds: int
    reason: EndReason
    receipt: str
    """First 12 hexadecimal digits of the receipt's hash."""


class Snapshot(msgspec.Struct, frozen=True):
    """The whole public state. Each change publishes a new one with the next `sequence`.

    Times are CLOCK_MONOTONIC seconds, which all processes of the machine share.
    """

    sequence: int = 0
    state: State = State.PREPARING
    generation: int = 0
    """Number of the environment; it never comes back while the machine is up."""
    ready: tuple[Component, ...] = ()
    """Components of this environment that said that they are up."""
    started_at: float | None = None
    ends_at: float | None = None
    """When the session's length is over, extensions included; None outside a session."""
    idle_ends_at: float | None = None
    extensions_left: int = 0
    warning: EndWarning | None = None
    trouble: Trouble | None = None
    note: str = ""
    """What the operator wrote with `out-of-service --why`."""
    last_wipe: WipeSummary | None = None
    demonstration: bool = False
