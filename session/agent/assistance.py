"""The agent at the screen, as a part of the state machine: pure, like the rest of it.

The browser stands still from before the pad is shown until the panel is closed: a PIN is never typed in front of a
page that runs. Meanwhile the visit's clock stands still too, for a bounded time: `PAD_MOST` or `PANEL_MOST` at once,
and `UNPROVED_MOST` in a whole session for pads on which no right PIN was typed. Nobody's hand for a minute, or the
death of any component, closes what is open.
"""

from __future__ import annotations

import msgspec

from session.events import (
    AgentAllowed,
    AgentAsked,
    AgentCalled,
    AgentExtended,
    AgentLeft,
    CallCancelled,
    Effect,
    Freeze,
    Frozen,
    OutcomeNoted,
    PinAnswered,
    PrivateAsked,
    Sign,
    Signal,
    Thaw,
)
from session.model import ALLOWANCES, OUTCOMES, Act, AgentStage, AgentState, State
from session.rpc import Refused
from session.standing import CLOSED, IN_SESSION, Limits, Outcome, Station, changed, with_public

IDLE_SECONDS = 60.0
FREEZE_SECONDS = 5.0
PAD_MOST = 2 * 60.0
PANEL_MOST = 10 * 60.0
UNPROVED_MOST = 3 * 60.0
MOST_AHEAD = 8 * 3600.0
"""An agent cannot make a visit last longer than this from now."""
MOST_CALLS = 1_000

Event = (
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
)


def step(station: Station, event: Event, now: float, limits: Limits) -> Outcome:
    """Raises Refused for what does not fit. The caller looks at the clock again when the agent has left."""
    match event:
        case AgentCalled():
            return _called(station, now)
        case CallCancelled():
            _require(station.public.state in IN_SESSION)
            return _answered(station, Sign.CANCELLED)
        case AgentAsked(locked_until):
            return _asked(station, now, locked_until)
        case Frozen():
            return _frozen(station, event, now)
        case PinAnswered():
            return _pin_answered(station, event, now)
        case AgentLeft():
            _require(present(station))
            return leave(station, now, limits)
        case AgentExtended(minutes):
            return _extended(station, minutes, now)
        case PrivateAsked(on):
            return _private(station, on, now, limits)
        case AgentAllowed(act):
            return _allowed(station, act)
        case OutcomeNoted(outcome):
            return _noted(station, outcome)


def present(station: Station) -> bool:
    """Whether the pad or the panel is open, or about to be."""
    return station.public.agent.stage is not AgentStage.AWAY


def require_panel(station: Station) -> None:
    """Raises Refused unless an agent has proved to be one."""
    _require(station.public.agent.stage is AgentStage.PANEL)


def deadline(station: Station) -> float | None:
    """When a Tick is due because of the agent, instead of all that is due in a visit."""
    return station.public.agent.leaves_at


def activity(station: Station, now: float) -> Station:
    """A hand on the pad or the panel keeps it open, up to its bound."""
    agent = station.public.agent
    if agent.stage not in (AgentStage.PIN, AgentStage.PANEL):
        return station
    return _agent(station, leaves_at=min(now + IDLE_SECONDS, _latest(agent)))


def leave(station: Station, now: float, limits: Limits) -> Outcome:
    """Closes the pad or the panel: the page and the clock go on. Nothing is done where nothing is open."""
    agent, public = station.public.agent, station.public
    if agent.stage is AgentStage.AWAY:
        return station, ()
    proved = agent.stage is AgentStage.PANEL
    stood = now - agent.held_since if agent.held_since is not None else 0.0
    if not proved:
        stood = min(stood, UNPROVED_MOST - station.unproved)
        station = changed(station, unproved=station.unproved + stood)
    if public.state in IN_SESSION and public.ends_at is not None and public.idle_ends_at is not None:
        idle_ends_at = now + limits.idle if proved else public.idle_ends_at + stood
        station = with_public(station, ends_at=public.ends_at + stood, idle_ends_at=idle_ends_at)
    station = _agent(station, stage=AgentStage.AWAY, held_since=None, leaves_at=None, locked_until=None)
    return station, (Thaw(public.generation),)


def over(station: Station) -> tuple[Station, tuple[Effect, ...], tuple[tuple[Act, int], ...]]:
    """The session ends: nothing of its agent stays. The acts are for the receipt."""
    effects = (Signal(Sign.CANCELLED),) if station.public.agent.called_at is not None else ()
    acts, station = station.acts, with_public(station, agent=AgentState())
    return changed(station, acts=(), unproved=0.0), effects, acts


def _called(station: Station, now: float) -> Outcome:
    _require(station.public.state in IN_SESSION and not present(station))
    if station.public.agent.called_at is not None:
        return station, ()
    return _agent(_count(station, Act.CALLED), called_at=now), (Signal(Sign.CALLED),)


def _answered(station: Station, sign: Sign) -> Outcome:
    if station.public.agent.called_at is None:
        return station, ()
    return _agent(station, called_at=None), (Signal(sign),)


def _asked(station: Station, now: float, locked_until: float | None) -> Outcome:
    public = station.public
    _require(public.state in IN_SESSION | CLOSED | {State.READY} and not station.wiping)
    if present(station):
        return station, ()
    # A warning is put aside with the clock; it comes back, if it is still due, when the agent has left.
    state = State.ACTIVE if public.state is State.WARNING else public.state
    station = with_public(station, state=state, warning=None)
    station = _agent(
        station,
        stage=AgentStage.FREEZING,
        held_since=now,
        leaves_at=now + FREEZE_SECONDS,
        locked_until=locked_until,
    )
    return station, (Freeze(public.generation),)


def _frozen(station: Station, event: Frozen, now: float) -> Outcome:
    agent = station.public.agent
    if event.generation != station.public.generation or agent.stage is not AgentStage.FREEZING:
        return station, ()
    if not event.ok:
        return _agent(station, leaves_at=now), ()  # the next tick, which is due at once, closes it
    return activity(_agent(station, stage=AgentStage.PIN), now), ()


def _pin_answered(station: Station, event: PinAnswered, now: float) -> Outcome:
    public = station.public
    _require(event.generation == public.generation and public.agent.stage is AgentStage.PIN)
    if not event.right:
        return _agent(_count(station, Act.WRONG_PIN), locked_until=event.locked_until), ()
    station = _agent(_count(station, Act.ENTERED), stage=AgentStage.PANEL, locked_until=None, private=False)
    return _answered(activity(station, now), Sign.ANSWERED)


def _extended(station: Station, minutes: int, now: float) -> Outcome:
    require_panel(station)
    public = station.public
    _require(public.state in IN_SESSION)
    ends_at = (public.ends_at or now) + 60.0 * minutes
    if ends_at - now > MOST_AHEAD:
        raise Refused("too_long")
    return with_public(_count(station, Act.EXTENDED), ends_at=ends_at), ()


def _private(station: Station, on: bool, now: float, limits: Limits) -> Outcome:
    """Only an agent steps back; the visitor may say that it is over."""
    _require(station.public.state in IN_SESSION)
    if not on:
        return _agent(station, private=False), ()
    require_panel(station)
    return leave(_agent(_count(station, Act.PRIVATE), private=True), now, limits)


def _allowed(station: Station, act: Act) -> Outcome:
    require_panel(station)
    _require(station.public.state in IN_SESSION and act in ALLOWANCES)
    return _count(station, act), ()


def _noted(station: Station, outcome: Act) -> Outcome:
    """The last word counts: an agent may have touched the wrong one."""
    require_panel(station)
    _require(station.public.state in IN_SESSION)
    acts = tuple((act, times) for act, times in station.acts if act not in OUTCOMES)
    return _agent(_count(changed(station, acts=acts), outcome), outcome=outcome), ()


def _count(station: Station, act: Act) -> Station:
    counted = dict(station.acts)
    counted[act] = min(counted.get(act, 0) + 1, MOST_CALLS)
    return changed(station, acts=tuple(sorted(counted.items())))


def _latest(agent: AgentState) -> float:
    most = PANEL_MOST if agent.stage is AgentStage.PANEL else PAD_MOST
    return (agent.held_since or 0.0) + most


def _agent(station: Station, **changes: object) -> Station:
    return with_public(station, agent=msgspec.structs.replace(station.public.agent, **changes))


def _require(holds: bool) -> None:
    if not holds:
        raise Refused("wrong_state")
