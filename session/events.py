"""What can happen to a station, and what the state machine then wants done. Data only."""

from __future__ import annotations

import enum

import msgspec

from session.model import Act, ClosedWhy, Component, EndReason, Network, State, Trouble, WipeSummary

# -- events ------------------------------------------------------------------------------------------------------


class Began(msgspec.Struct, frozen=True):
    """The daemon started; whatever a previous run left is to be wiped before anything else."""


class Emptied(msgspec.Struct, frozen=True):
    """No process of the ended environment is left: its users and its display may be used again."""


class Wiped(msgspec.Struct, frozen=True):
    summary: WipeSummary


class WipeFailed(msgspec.Struct, frozen=True):
    """A step or a check of the wipe failed, or its receipt could not be written."""

    trouble: Trouble
    summary: WipeSummary | None = None


class BuildFailed(msgspec.Struct, frozen=True):
    generation: int
    trouble: Trouble


class ComponentReady(msgspec.Struct, frozen=True):
    component: Component


class ComponentDied(msgspec.Struct, frozen=True):
    generation: int
    component: Component
    trouble: Trouble = Trouble.COMPONENT_FAILS
    """What it means if it keeps dying."""


class BrowserHung(msgspec.Struct, frozen=True):
    """The desk of this environment has had no answer from the browser for a while."""

    generation: int


class Started(msgspec.Struct, frozen=True):
    """ "Commencer"."""


class EndAsked(msgspec.Struct, frozen=True):
    reason: EndReason


class MoreTimeAsked(msgspec.Struct, frozen=True):
    pass


class Activity(msgspec.Struct, frozen=True):
    """A key, a touch, a move of the pointer."""


class Tick(msgspec.Struct, frozen=True):
    """A deadline of `next_deadline` came."""


class Fault(msgspec.Struct, frozen=True):
    """Something unforeseen, or memory gone: no half session goes on."""

    reason: EndReason


class ServiceAsked(msgspec.Struct, frozen=True):
    """The operator takes the station out of service, into maintenance, or back (`state` READY)."""

    state: State
    note: str = ""
    why: ClosedWhy | None = None


class NetworkChanged(msgspec.Struct, frozen=True):
    network: Network


class MemoryChanged(msgspec.Struct, frozen=True):
    """Of the session: little is left, or enough again."""

    low: bool


# -- of the agent: see session.agent.assistance ---


class AgentCalled(msgspec.Struct, frozen=True):
    """ "Appeler l'agent"."""


class CallCancelled(msgspec.Struct, frozen=True):
    pass


class AgentAsked(msgspec.Struct, frozen=True):
    """Somebody wants to type a PIN."""

    locked_until: float | None = None


class Frozen(msgspec.Struct, frozen=True):
    """The browser of this environment stands still; or cannot be stopped (`ok` False)."""

    generation: int
    ok: bool = True


class PinAnswered(msgspec.Struct, frozen=True):
    """Whether it was an agent's. The PIN itself never becomes an event."""

    generation: int
    right: bool
    locked_until: float | None = None


class AgentLeft(msgspec.Struct, frozen=True):
    """ "Annuler" on the pad, "Revenir à la visite" in the panel."""


class AgentExtended(msgspec.Struct, frozen=True):
    minutes: int


class PrivateAsked(msgspec.Struct, frozen=True):
    on: bool


class AgentAllowed(msgspec.Struct, frozen=True):
    """One more of `ALLOWANCES`: the desk carries it out, and knows alone for what."""

    act: Act


class OutcomeNoted(msgspec.Struct, frozen=True):
    outcome: Act


class AgentEnded(msgspec.Struct, frozen=True):
    pass


class AgentClosed(msgspec.Struct, frozen=True):
    """As ServiceAsked, from the panel."""

    state: State
    why: ClosedWhy | None = None


AgentEvent = (
    AgentCalled
    | CallCancelled
    | AgentAsked
    | Frozen
    | PinAnswered
    | AgentLeft
    | AgentExtended
    | PrivateAsked
    | AgentAllowed
    | OutcomeNoted
    | AgentEnded
    | AgentClosed
)

Event = (
    Began
    | Emptied
    | Wiped
    | WipeFailed
    | BuildFailed
    | ComponentReady
    | ComponentDied
    | BrowserHung
    | Started
    | EndAsked
    | MoreTimeAsked
    | Activity
    | Tick
    | Fault
    | ServiceAsked
    | NetworkChanged
    | MemoryChanged
    | AgentEvent
)

# -- effects -----------------------------------------------------------------------------------------------------


class Build(msgspec.Struct, frozen=True):
    """Make environment `generation`; `reduced` has no browser and no desk and can only show that it is closed."""

    generation: int
    reduced: bool = False


class Wipe(msgspec.Struct, frozen=True):
    """Kill, unmount and verify every environment there is; then say Emptied, and Wiped or WipeFailed."""

    reason: EndReason
    acts: tuple[tuple[Act, int], ...] = ()
    """What an agent did in the session that ends, and how often: for its receipt."""


class Restart(msgspec.Struct, frozen=True):
    generation: int
    component: Component


class BeginSession(msgspec.Struct, frozen=True):
    pass


class Kill(msgspec.Struct, frozen=True):
    """End a component that hangs; its death is then told as any other's."""

    generation: int
    component: Component


class Freeze(msgspec.Struct, frozen=True):
    """Stop the browser where it is, then say Frozen."""

    generation: int


class Thaw(msgspec.Struct, frozen=True):
    generation: int


class Sign(enum.StrEnum):
    """What a lamp or a message outside may show."""

    CALLED = "called"
    CANCELLED = "cancelled"
    ANSWERED = "answered"


class Signal(msgspec.Struct, frozen=True):
    sign: Sign


Effect = Build | Wipe | Restart | Kill | BeginSession | Freeze | Thaw | Signal
