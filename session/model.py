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
    SCANNER = "scanner"
    """Only where the station has one; no session waits for it, or ends with it."""


class EndReason(enum.StrEnum):
    """Why a session, or an environment that nobody used yet, was ended."""

    VISITOR = "visitor"
    """"J'ai fini"."""
    IDLE = "idle"
    TIME_OVER = "time_over"
    AGENT = "agent"
    """`marchepied end`, or the agent's panel."""
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


class Network(enum.StrEnum):
    """The way to the Internet, as far as this machine can tell without asking anybody."""

    UP = "up"
    DOWN = "down"


class AgentStage(enum.StrEnum):
    """How far the agent has come at the screen."""

    AWAY = "away"
    FREEZING = "freezing"
    """The pad was asked for: the browser is being stopped first."""
    PIN = "pin"
    """The browser stands still, and a PIN can be typed."""
    PANEL = "panel"
    """An agent has proved to be one; the browser still stands still."""


class Act(enum.StrEnum):
    """What an agent did, or was asked for: by kind, for the receipt; never who, nor anything of the visitor's."""

    CALLED = "called"
    ENTERED = "entered"
    WRONG_PIN = "wrong_pin"
    EXTENDED = "extended"
    PRIVATE = "private"
    ALLOWED_HOST = "allowed_host"
    ALLOWED_CAMERA = "allowed_camera"
    OUTCOME_DONE = "outcome_done"
    OUTCOME_PARTLY = "outcome_partly"
    OUTCOME_NOT_DONE = "outcome_not_done"
    OUTCOME_REFERRED = "outcome_referred"
    OUTCOME_RETURN = "outcome_return"
    """To be gone on with at another time."""


ALLOWANCES = frozenset({Act.ALLOWED_HOST, Act.ALLOWED_CAMERA})
OUTCOMES = frozenset(act for act in Act if act.startswith("outcome_"))


class ClosedWhy(enum.StrEnum):
    """Why an agent took the station out of service. The UI owns the words."""

    PAPER = "paper"
    NETWORK = "network"
    DEVICE = "device"
    OTHER = "other"


class AgentState(msgspec.Struct, frozen=True):
    """The agent and this station. Times are CLOCK_MONOTONIC seconds."""

    called_at: float | None = None
    stage: AgentStage = AgentStage.AWAY
    held_since: float | None = None
    """The visit's clock stands still from here on."""
    leaves_at: float | None = None
    """When the pad or the panel closes by itself if nobody touches it."""
    locked_until: float | None = None
    """No PIN is taken before; None if one is now."""
    private: bool = False
    """The agent stepped back while the visitor types something private."""
    outcome: Act | None = None
    """How the visit went, as the agent noted it last."""


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
    agent: AgentState = AgentState()
    why: ClosedWhy | None = None
    """Why an agent closed the station, from the panel."""
    network: Network = Network.UP
    """Always up where no site of the station is on another machine."""
    memory_low: bool = False
    """The session would have to end if it took much more memory."""
