"""The life of a station as one pure function: `step(station, event, now, limits) -> (station, effects)`.

No clock, no input or output: the daemon owns one queue of events, applies this function to each, publishes the
new snapshot and carries out the effects. `now` is CLOCK_MONOTONIC seconds; a jump of the wall clock changes
nothing.

The next environment is built while the dead one is still being unmounted and verified (see
docs/decisions/0003-overlapped-rebuild.md), so ENDING holds three facts: is the old one verified, is the new one
built, and where to go then.
"""

from __future__ import annotations

from session.agent import assistance
from session.events import (
    Activity,
    AgentClosed,
    AgentEnded,
    AgentLeft,
    Began,
    BeginSession,
    BrowserHung,
    Build,
    BuildFailed,
    ComponentDied,
    ComponentReady,
    Emptied,
    EndAsked,
    Event,
    Fault,
    Kill,
    MemoryChanged,
    MoreTimeAsked,
    NetworkChanged,
    Restart,
    ServiceAsked,
    Started,
    Tick,
    Wipe,
    Wiped,
    WipeFailed,
)
from session.model import Component, EndReason, EndWarning, Snapshot, State, Trouble, WarningKind, WipeSummary
from session.rpc import Refused
from session.standing import CLOSED, IN_SESSION, Outcome, changed, with_public
from session.standing import Limits as Limits
from session.standing import Station as Station

RETRY_SECONDS = 60.0
"""An out-of-service station that was not put so by a person tries again by itself this often."""

NEEDED = frozenset(Component) - {Component.DISPLAY, Component.BROWSER, Component.SCANNER}
"""Who must say "ready": the desk answers for the browser; the display must be up for anything else to be; a visit can
begin without a scanner.
"""


def step(station: Station, event: Event, now: float, limits: Limits) -> Outcome:
    """The next station and what is to be done. Raises Refused(code) for a call that does not fit the state."""
    before = station.public
    match event:
        case Began():
            outcome = _end(station, EndReason.LEFTOVERS, State.READY)
        case Emptied():
            outcome = _emptied(station)
        case Wiped(summary):
            outcome = _wiped(station, summary, now, limits)
        case WipeFailed():
            outcome = _wipe_failed(station, event, now)
        case BuildFailed():
            outcome = _build_failed(station, event, now, limits)
        case ComponentReady(component):
            outcome = _component_ready(station, component, now)
        case ComponentDied():
            outcome = _component_died(station, event, now, limits)
        case BrowserHung(generation):
            outcome = _browser_hung(station, generation)
        case Started():
            outcome = _started(station, now, limits)
        case EndAsked(reason):
            outcome = _end_asked(station, reason)
        case MoreTimeAsked():
            outcome = _more_time(station, now, limits)
        case Activity():
            outcome = _activity(station, now, limits)
        case Tick():
            outcome = _tick(station, now, limits)
        case Fault(reason):
            outcome = _fault(station, reason, now, limits)
        case ServiceAsked():
            outcome = _service_asked(station, event)
        case NetworkChanged(network):
            outcome = with_public(station, network=network), ()
        case MemoryChanged(low):
            outcome = with_public(station, memory_low=low and before.state in IN_SESSION), ()
        case AgentEnded():
            assistance.require_panel(station)
            outcome = _end_asked(station, EndReason.AGENT)
        case AgentClosed():
            outcome = _agent_closed(station, event, now, limits)
        case _:
            outcome = _by_agent(station, event, now, limits)
    after, effects = outcome
    if after.public != before:
        after = with_public(after, sequence=before.sequence + 1)
    return after, effects


def next_deadline(station: Station, limits: Limits) -> float | None:
    """When a Tick is due (CLOCK_MONOTONIC seconds), or None."""
    public = station.public
    if assistance.present(station):
        return assistance.deadline(station)
    if public.state in CLOSED:
        return station.retry_at
    if public.state is State.WARNING and public.warning is not None:
        # An idle warning must not hide that the session's length ends before it.
        return min(public.warning.ends_at, public.ends_at or public.warning.ends_at)
    if public.state is State.ACTIVE and public.ends_at is not None and public.idle_ends_at is not None:
        return min(public.ends_at, public.idle_ends_at) - limits.warning
    return None


def _end(station: Station, reason: EndReason, after: State) -> Outcome:
    """Leads every environment to its wipe; nothing of a session stays in the snapshot."""
    station, signals, acts = assistance.over(station)
    station = with_public(
        station,
        state=State.ENDING,
        ready=(),
        started_at=None,
        ends_at=None,
        idle_ends_at=None,
        extensions_left=0,
        warning=None,
        memory_low=False,
    )
    station = changed(station, after=after, wiping=True, rebuilding=False, broken=False, retry_at=None)
    return station, (Wipe(reason, acts), *signals)


def _emptied(station: Station) -> Outcome:
    if not station.wiping:
        return station, ()
    station = with_public(changed(station, rebuilding=True), generation=station.public.generation + 1, ready=())
    # A closed station needs no browser, and the way out of it leads through another environment.
    reduced = station.lost_service or station.after in CLOSED
    return station, (Build(station.public.generation, reduced=reduced),)


def _wiped(station: Station, summary: WipeSummary, now: float, limits: Limits) -> Outcome:
    if not station.wiping:
        return station, ()
    station = changed(with_public(station, last_wipe=summary), wiping=False)
    broken, station = station.broken, changed(station, broken=False)
    if station.after in CLOSED:
        closed, effects = _close(station, now)
        return _notice_failed(closed, now, limits) if broken else (closed, effects)
    if broken:
        return _failed_outside_session(station, Trouble.COMPONENT_FAILS, now, limits)
    return _arrive(with_public(station, state=State.PREPARING))


def _arrive(station: Station) -> Outcome:
    """READY as soon as the wipe is verified and everybody is up."""
    public = station.public
    if public.state is State.PREPARING and set(public.ready) >= NEEDED and not station.wiping:
        return with_public(station, state=State.READY, trouble=None, note="", why=None), ()
    return station, ()


def _close(station: Station, now: float) -> Outcome:
    retry_at = None if station.closed_by_person is not None else now + RETRY_SECONDS
    return changed(with_public(station, state=station.after), retry_at=retry_at), ()


def _wipe_failed(station: Station, event: WipeFailed, now: float) -> Outcome:
    if not station.wiping:
        return station, ()
    station = with_public(
        station,
        state=State.OUT_OF_SERVICE,
        trouble=event.trouble,
        last_wipe=event.summary or station.public.last_wipe,
    )
    # Tried again even where a person closed the station: what is left of a visitor must go.
    retry_at = now + RETRY_SECONDS
    return changed(station, wiping=False, broken=False, after=State.OUT_OF_SERVICE, retry_at=retry_at), ()


def _build_failed(station: Station, event: BuildFailed, now: float, limits: Limits) -> Outcome:
    if event.generation != station.public.generation:
        return station, ()
    if station.wiping:
        return _broken(station, event.trouble)
    if station.public.state in CLOSED:
        # Even the notice cannot be shown: stay closed, and try the whole again later.
        return changed(station, retry_at=now + RETRY_SECONDS), ()
    return _failed_outside_session(station, event.trouble, now, limits)


def _broken(station: Station, trouble: Trouble) -> Outcome:
    """The new environment failed; of the old one no death is news. The first trouble is the cause of all."""
    if not station.rebuilding:
        return station, ()
    return with_public(changed(station, broken=True), trouble=station.public.trouble or trouble), ()


def _failed_outside_session(station: Station, trouble: Trouble, now: float, limits: Limits) -> Outcome:
    """An environment without a visitor failed: make another, or give up for a while when that keeps happening."""
    failures = (*_recent(station, now, limits), now)
    station = changed(station, failures=failures)
    if len(failures) <= limits.restarts:
        after = station.after if station.after in CLOSED else State.READY
        return _end(station, EndReason.COMPONENT_FAILED, after)
    station = with_public(station, trouble=station.public.trouble or trouble)
    return _end(changed(station, lost_service=True), EndReason.COMPONENT_FAILED, State.OUT_OF_SERVICE)


def _notice_failed(station: Station, now: float, limits: Limits) -> Outcome:
    """What shows "out of service" died: show it again, but not as fast as it can die."""
    station = changed(station, failures=(*_recent(station, now, limits), now))
    if len(station.failures) <= limits.restarts:
        return _end(station, EndReason.COMPONENT_FAILED, station.public.state)
    return changed(station, retry_at=now + RETRY_SECONDS), ()


def _recent(station: Station, now: float, limits: Limits) -> tuple[float, ...]:
    return tuple(moment for moment in station.failures if moment > now - limits.restart_window)


def _component_ready(station: Station, component: Component, now: float) -> Outcome:
    ready = set(station.public.ready) | {component}
    return _arrive(with_public(station, ready=tuple(sorted(ready))))


def _component_died(station: Station, event: ComponentDied, now: float, limits: Limits) -> Outcome:
    public = station.public
    if event.generation != public.generation:
        return station, ()
    station = with_public(station, ready=tuple(one for one in public.ready if one is not event.component))
    if public.state in IN_SESSION:
        if event.component is Component.DISPLAY:
            return _end(station, EndReason.DISPLAY_LOST, State.READY)
        failures = (*_recent(station, now, limits), now)
        station = changed(station, failures=failures)
        if len(failures) > limits.restarts:
            return _end(station, EndReason.COMPONENT_FAILED, State.READY)
        # What an agent had opened is asked for again: a new browser must not run behind it, nor a new screen show it.
        station, thaw = assistance.leave(station, now, limits)
        return station, (*thaw, Restart(public.generation, event.component))
    if station.wiping:
        return _broken(station, event.trouble)
    if public.state in CLOSED:
        return _notice_failed(station, now, limits)
    return _failed_outside_session(station, event.trouble, now, limits)


def _browser_hung(station: Station, generation: int) -> Outcome:
    """One that was stopped for an agent gives no answer either; outside a session nobody waits for one."""
    public = station.public
    if public.state not in IN_SESSION or generation != public.generation or assistance.present(station):
        return station, ()
    return station, (Kill(generation, Component.BROWSER),)


def _by_agent(station: Station, event: assistance.Event, now: float, limits: Limits) -> Outcome:
    """What an agent does; the clock, which stood still, is looked at again when the agent has left."""
    was_present = assistance.present(station)
    station, effects = assistance.step(station, event, now, limits)
    if was_present and not assistance.present(station):
        station, more = _tick(station, now, limits)
        effects = (*effects, *more)
    return station, effects


def _agent_closed(station: Station, event: AgentClosed, now: float, limits: Limits) -> Outcome:
    assistance.require_panel(station)
    left, thaw = assistance.leave(station, now, limits)
    station, effects = _service_asked(left, ServiceAsked(event.state, why=event.why))
    return station, (*thaw, *effects)


def _started(station: Station, now: float, limits: Limits) -> Outcome:
    if station.public.state is not State.READY or assistance.present(station):
        raise Refused("wrong_state")
    station = with_public(
        station,
        state=State.ACTIVE,
        started_at=now,
        ends_at=now + limits.session,
        idle_ends_at=now + limits.idle,
        extensions_left=limits.extensions,
    )
    return changed(station, failures=()), (BeginSession(),)


def _end_asked(station: Station, reason: EndReason) -> Outcome:
    if reason is EndReason.STOPPING:
        return _end(with_public(station, trouble=Trouble.OPERATOR), reason, State.OUT_OF_SERVICE)
    if station.public.state not in IN_SESSION:
        raise Refused("wrong_state")
    return _end(station, reason, State.READY)


def _more_time(station: Station, now: float, limits: Limits) -> Outcome:
    public = station.public
    if public.state is not State.WARNING or public.warning is None:
        raise Refused("wrong_state")
    changes: dict[str, object] = {"state": State.ACTIVE, "warning": None, "idle_ends_at": now + limits.idle}
    if public.warning.kind is WarningKind.TIME_OVER:
        if public.extensions_left <= 0:
            raise Refused("no_extension_left")
        changes["ends_at"] = (public.ends_at or now) + limits.extension
        changes["extensions_left"] = public.extensions_left - 1
    return _tick(with_public(station, **changes), now, limits)


def _activity(station: Station, now: float, limits: Limits) -> Outcome:
    if assistance.present(station):
        return assistance.activity(station, now), ()
    # Once the warning covers the page only its button answers it: a passer-by who brushes the screen must not
    # bring the page of somebody else back.
    if station.public.state is not State.ACTIVE:
        return station, ()
    return with_public(station, idle_ends_at=now + limits.idle), ()


def _tick(station: Station, now: float, limits: Limits) -> Outcome:
    public = station.public
    if assistance.present(station):
        leaves_at = assistance.deadline(station)
        return _by_agent(station, AgentLeft(), now, limits) if leaves_at is None or now >= leaves_at else (station, ())
    if public.state in CLOSED and station.retry_at is not None and now >= station.retry_at:
        person = station.closed_by_person
        if person is not None:
            trouble = Trouble.OPERATOR if person is State.OUT_OF_SERVICE else None
            return _end(with_public(station, trouble=trouble), EndReason.COMPONENT_FAILED, person)
        station = with_public(station, trouble=None)
        return _end(changed(station, lost_service=False, failures=()), EndReason.LEFTOVERS, State.READY)
    if public.state not in IN_SESSION or public.ends_at is None or public.idle_ends_at is None:
        return station, ()
    if now >= public.ends_at:
        return _end(station, EndReason.TIME_OVER, State.READY)
    if now >= public.idle_ends_at:
        return _end(station, EndReason.IDLE, State.READY)
    warning = _warning_due(public, now, limits)
    if warning is None or (public.warning is not None and public.warning.kind is warning.kind):
        return station, ()
    return with_public(station, state=State.WARNING, warning=warning), ()


def _warning_due(public: Snapshot, now: float, limits: Limits) -> EndWarning | None:
    """The warning of the nearer end, if it is due."""
    ends_at, idle_ends_at = public.ends_at or 0.0, public.idle_ends_at or 0.0
    if min(ends_at, idle_ends_at) - limits.warning > now:
        return None
    if idle_ends_at < ends_at:
        return EndWarning(WarningKind.IDLE, idle_ends_at, True)
    return EndWarning(WarningKind.TIME_OVER, ends_at, public.extensions_left > 0)


def _fault(station: Station, reason: EndReason, now: float, limits: Limits) -> Outcome:
    if station.public.state in IN_SESSION:
        return _end(station, reason, State.READY)
    if station.wiping or station.public.state in CLOSED:
        return station, ()
    trouble = Trouble.NO_MEMORY if reason is EndReason.NO_MEMORY else Trouble.INTERNAL
    return _failed_outside_session(station, trouble, now, limits)


def _service_asked(station: Station, event: ServiceAsked) -> Outcome:
    public = station.public
    if event.state is State.READY:
        if public.state not in CLOSED:
            raise Refused("wrong_state")
        station = with_public(station, trouble=None, note="", why=None)
        station = changed(station, closed_by_person=None, lost_service=False, failures=())
        return _end(station, EndReason.LEFTOVERS, State.READY)
    trouble = Trouble.OPERATOR if event.state is State.OUT_OF_SERVICE else None
    station = changed(
        with_public(station, trouble=trouble, note=event.note, why=event.why), closed_by_person=event.state
    )
    if public.state in IN_SESSION:
        return _end(station, EndReason.OUT_OF_SERVICE, event.state)
    if station.wiping:
        return changed(station, after=event.state), ()
    # Nobody used this environment: it stays and shows why the station is closed.
    return changed(with_public(station, state=event.state), after=event.state, retry_at=None), ()
