"""The state machine: every state against every event, and the few stories that matter."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from session import events, machine
from session.machine import Limits, Station, step
from session.model import (
    Act,
    AgentStage,
    ClosedWhy,
    Component,
    EndReason,
    EndWarning,
    Network,
    Snapshot,
    State,
    Trouble,
    WarningKind,
    WipeSummary,
)
from session.rpc import Refused

LIMITS = Limits(session=600, idle=100, warning=30, extension=300, extensions=2, restarts=3, restart_window=60)
SUMMARY = WipeSummary(True, 0.0, 300, EndReason.VISITOR, "0" * 12)
BAD_SUMMARY = msgspec.structs.replace(SUMMARY, verified=False)

EVENTS: list[events.Event] = [
    events.Began(),
    events.Emptied(),
    events.Wiped(SUMMARY),
    events.WipeFailed(Trouble.WIPE_UNVERIFIED, BAD_SUMMARY),
    events.BuildFailed(1, Trouble.NO_BROWSER),
    *(events.ComponentReady(component) for component in Component),
    *(events.ComponentDied(1, component) for component in Component),
    events.BrowserHung(1),
    events.Started(),
    *(events.EndAsked(reason) for reason in (EndReason.VISITOR, EndReason.AGENT, EndReason.STOPPING)),
    events.MoreTimeAsked(),
    events.Activity(),
    events.Tick(),
    events.Fault(EndReason.INTERNAL),
    events.Fault(EndReason.NO_MEMORY),
    events.ServiceAsked(State.OUT_OF_SERVICE, "essai"),
    events.ServiceAsked(State.MAINTENANCE),
    events.ServiceAsked(State.READY),
    *(events.NetworkChanged(network) for network in Network),
    *(events.MemoryChanged(low) for low in (True, False)),
    events.AgentCalled(),
    events.CallCancelled(),
    events.AgentAsked(),
    events.Frozen(1),
    events.Frozen(1, False),
    events.PinAnswered(1, False, 90.0),
    events.PinAnswered(1, True),
    events.AgentLeft(),
    events.AgentExtended(15),
    *(events.PrivateAsked(on) for on in (True, False)),
    events.OutcomeNoted(Act.OUTCOME_DONE),
    events.AgentEnded(),
    events.AgentClosed(State.OUT_OF_SERVICE, ClosedWhy.PAPER),
    events.AgentClosed(State.MAINTENANCE),
    events.AgentClosed(State.READY),
]


def run(station: Station, *happened: events.Event, now: float = 0.0) -> tuple[Station, list[events.Effect]]:
    effects: list[events.Effect] = []
    for event in happened:
        station, new = step(station, event, now, LIMITS)
        effects += new
    return station, effects


def prepared(now: float = 0.0) -> Station:
    station, _ = run(Station(), events.Began(), events.Emptied(), events.Wiped(SUMMARY), now=now)
    return station


def ready(now: float = 0.0) -> Station:
    station, _ = run(prepared(now), *(events.ComponentReady(one) for one in machine.NEEDED), now=now)
    assert station.public.state is State.READY
    return station


def active(now: float = 0.0) -> Station:
    station, _ = run(ready(now), events.Started(), now=now)
    return station


def warned() -> Station:
    station, _ = run(active(), events.Tick(), now=70.0)
    return station


def ending() -> Station:
    station, _ = run(active(), events.EndAsked(EndReason.VISITOR))
    return station


def closed(state: State = State.OUT_OF_SERVICE) -> Station:
    station, _ = run(ready(), events.ServiceAsked(state, "essai"))
    return station


STATES: dict[State, Callable[[], Station]] = {
    State.PREPARING: prepared,
    State.READY: ready,
    State.ACTIVE: active,
    State.WARNING: warned,
    State.ENDING: ending,
    State.OUT_OF_SERVICE: closed,
    State.MAINTENANCE: lambda: closed(State.MAINTENANCE),
}


def sound(station: Station) -> None:
    """What holds in every reachable station."""
    public = station.public
    in_session = public.state in (State.ACTIVE, State.WARNING)
    assert in_session == (public.ends_at is not None) == (public.idle_ends_at is not None)
    assert (public.state is State.WARNING) == (public.warning is not None)
    assert not (public.state is State.READY and station.wiping), "welcome before the wipe is verified"
    if public.state is State.READY:
        assert set(public.ready) >= machine.NEEDED
        assert public.last_wipe is not None
    if public.state is State.ENDING:
        assert station.wiping
    if public.state is State.OUT_OF_SERVICE:
        assert public.trouble is not None
    agent = public.agent
    assert (agent.stage is AgentStage.AWAY) == (agent.held_since is None) == (agent.leaves_at is None)
    if not in_session:
        assert (agent.called_at, agent.private, agent.outcome, station.acts) == (None, False, None, ())


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_state_with_every_event(state: State, event: events.Event) -> None:
    station = STATES[state]()
    assert station.public.state is state
    try:
        after, effects = step(station, event, 71.0, LIMITS)
    except Refused:
        return
    sound(after)
    assert after.public.sequence == station.public.sequence + (after.public != station.public)
    if state in (State.ACTIVE, State.WARNING) and after.public.state not in (State.ACTIVE, State.WARNING):
        assert after.public.state is State.ENDING
        assert any(isinstance(effect, events.Wipe) for effect in effects), "a session ended without a wipe"


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.floats(0, 400)), max_size=40))
def test_no_story_offers_an_unwiped_station(story: list[tuple[events.Event, float]]) -> None:
    # As the daemon does: nothing comes before its first event.
    (station, _), now, wiped_since_session = run(Station(), events.Began()), 0.0, False
    for event, passes in story:
        now += passes
        before = station.public.state
        try:
            station, effects = step(station, event, now, LIMITS)
        except Refused:
            continue
        if station.public != Snapshot():
            sound(station)
        if isinstance(event, events.Wiped) and before is State.ENDING:
            wiped_since_session = True
        if station.public.state is State.READY and before is not State.READY:
            assert wiped_since_session
        if any(isinstance(effect, events.Wipe) for effect in effects):
            wiped_since_session = False


def test_a_visit_from_boot_to_the_next_welcome() -> None:
    station, effects = run(Station(), events.Began())
    assert effects == [events.Wipe(EndReason.LEFTOVERS)]
    station, effects = run(station, events.Emptied())
    assert effects == [events.Build(1)]
    station, _ = run(station, *(events.ComponentReady(one) for one in machine.NEEDED))
    assert station.public.state is State.ENDING, "everybody is up, but the wipe is not verified yet"
    station, _ = run(station, events.Wiped(SUMMARY))
    assert station.public.state is State.READY
    station, effects = run(station, events.Started(), now=5.0)
    assert (station.public.state, station.public.ends_at) == (State.ACTIVE, 605.0)
    station, effects = run(station, events.EndAsked(EndReason.VISITOR), now=50.0)
    assert effects == [events.Wipe(EndReason.VISITOR)]
    station, effects = run(station, events.Emptied(), events.Wiped(SUMMARY))
    assert effects == [events.Build(2)]
    assert station.public.state is State.PREPARING


def test_a_wipe_that_fails_closes_the_station_and_is_tried_again() -> None:
    station, _ = run(ending(), events.Emptied(), events.WipeFailed(Trouble.WIPE_UNVERIFIED, BAD_SUMMARY))
    assert (station.public.state, station.public.trouble) == (State.OUT_OF_SERVICE, Trouble.WIPE_UNVERIFIED)
    deadline = machine.next_deadline(station, LIMITS)
    assert deadline == machine.RETRY_SECONDS
    station, effects = run(station, events.Tick(), now=deadline)
    assert station.public.state is State.ENDING
    assert effects == [events.Wipe(EndReason.LEFTOVERS)]


def test_ready_arrives_only_after_the_failed_wipe_is_verified() -> None:
    station, _ = run(ending(), events.Emptied(), events.WipeFailed(Trouble.WIPE_UNVERIFIED))
    station, _ = run(station, *(events.ComponentReady(one) for one in Component))
    assert station.public.state is State.OUT_OF_SERVICE


def test_an_operator_closes_without_a_retry() -> None:
    station, _ = run(active(), events.ServiceAsked(State.OUT_OF_SERVICE, "papier"))
    assert station.public.state is State.ENDING
    station, _ = run(station, events.Emptied(), events.Wiped(SUMMARY))
    assert (station.public.state, station.public.trouble, station.public.note) == (
        State.OUT_OF_SERVICE,
        Trouble.OPERATOR,
        "papier",
    )
    assert machine.next_deadline(station, LIMITS) is None
    station, effects = run(station, events.ServiceAsked(State.READY))
    assert effects == [events.Wipe(EndReason.LEFTOVERS)]


@pytest.mark.parametrize("component", [one for one in Component if one is not Component.DISPLAY])
def test_a_component_that_dies_in_a_session_is_restarted(component: Component) -> None:
    station, effects = run(active(), events.ComponentDied(1, component), now=1.0)
    assert station.public.state is State.ACTIVE
    assert effects == [events.Restart(1, component)]


def test_one_that_keeps_dying_ends_the_session() -> None:
    station, effects = run(active(), *[events.ComponentDied(1, Component.UI)] * 4, now=1.0)
    assert station.public.state is State.ENDING
    assert effects[-1] == events.Wipe(EndReason.COMPONENT_FAILED)


def test_deaths_long_ago_are_forgiven() -> None:
    station = active()
    for minute in range(6):
        station, _ = run(station, events.ComponentDied(1, Component.UI), events.Activity(), now=minute * 61.0)
    assert station.public.state is State.ACTIVE


def test_a_lost_display_ends_the_session() -> None:
    station, effects = run(active(), events.ComponentDied(1, Component.DISPLAY))
    assert station.public.state is State.ENDING
    assert effects == [events.Wipe(EndReason.DISPLAY_LOST)]


def test_a_browser_that_hangs_is_killed_in_a_session_and_not_while_an_agent_has_it_stand_still() -> None:
    _, effects = run(active(), events.BrowserHung(1))
    assert effects == [events.Kill(1, Component.BROWSER)]
    assert run(active(), events.BrowserHung(7))[1] == []
    frozen, _ = run(active(), events.AgentAsked())
    assert run(frozen, events.BrowserHung(1))[1] == []


def test_deaths_of_the_old_environment_are_no_news() -> None:
    station, _ = run(ending(), events.Emptied())
    after, effects = run(station, events.ComponentDied(1, Component.UI))
    assert (after, effects) == (station, [])


def test_builds_that_keep_failing_close_the_station_for_a_while() -> None:
    station = prepared()
    for _ in range(LIMITS.restarts):
        generation = station.public.generation
        station, effects = run(station, events.BuildFailed(generation, Trouble.NO_BROWSER))
        assert effects == [events.Wipe(EndReason.COMPONENT_FAILED)]
        station, _ = run(station, events.Emptied(), events.Wiped(SUMMARY))
    station, effects = run(station, events.BuildFailed(station.public.generation, Trouble.NO_BROWSER))
    station, effects = run(station, events.Emptied(), events.Wiped(SUMMARY))
    assert (station.public.state, station.public.trouble) == (State.OUT_OF_SERVICE, Trouble.NO_BROWSER)
    assert effects == [events.Build(station.public.generation, reduced=True)]
    station, effects = run(station, events.Tick(), now=machine.RETRY_SECONDS)
    station, effects = run(station, events.Emptied())
    assert effects == [events.Build(station.public.generation, reduced=False)]


def test_a_build_that_fails_during_the_wipe_is_made_again_after_it() -> None:
    station, _ = run(ending(), events.Emptied())
    station, effects = run(station, events.BuildFailed(2, Trouble.NO_DISPLAY))
    assert (station.public.state, effects) == (State.ENDING, [])
    station, effects = run(station, events.Wiped(SUMMARY))
    assert effects == [events.Wipe(EndReason.COMPONENT_FAILED)]


def test_the_idle_warning_and_its_answer() -> None:
    station = active()
    assert machine.next_deadline(station, LIMITS) == 70.0
    station, _ = run(station, events.Tick(), now=70.0)
    assert station.public.warning == EndWarning(WarningKind.IDLE, 100.0, True)
    after, _ = run(station, events.Activity(), now=80.0)
    assert after == station, "a brush of the screen does not bring the page back"
    after, _ = run(station, events.MoreTimeAsked(), now=80.0)
    assert (after.public.state, after.public.idle_ends_at) == (State.ACTIVE, 180.0)
    assert after.public.extensions_left == 2, "answering an idle warning costs nothing"
    _, effects = run(station, events.Tick(), now=100.0)
    assert effects == [events.Wipe(EndReason.IDLE)]


def test_the_length_warning_its_extensions_and_the_end() -> None:
    station = active()
    ends = [600.0, 900.0, 1200.0]
    for left, ends_at in zip((2, 1, 0), ends, strict=True):
        station, _ = run(station, events.Activity(), now=ends_at - 31)
        station, _ = run(station, events.Tick(), now=ends_at - 30)
        assert station.public.warning == EndWarning(WarningKind.TIME_OVER, ends_at, left > 0)
        if left:
            station, _ = run(station, events.MoreTimeAsked(), now=ends_at - 29)
            assert station.public.state is State.ACTIVE
    with pytest.raises(Refused, match="no_extension_left"):
        run(station, events.MoreTimeAsked(), now=1180.0)
    _, effects = run(station, events.Tick(), now=1200.0)
    assert effects == [events.Wipe(EndReason.TIME_OVER)]


def test_an_answered_idle_warning_does_not_hide_the_end_of_the_time() -> None:
    station = active()
    station, _ = run(station, events.Activity(), now=490.0)
    station, _ = run(station, events.Tick(), now=560.0)
    assert station.public.warning is not None
    assert station.public.warning.kind is WarningKind.IDLE
    station, _ = run(station, events.MoreTimeAsked(), now=575.0)
    assert station.public.warning is not None
    assert station.public.warning.kind is WarningKind.TIME_OVER


def test_refusals_by_state() -> None:
    allowed: list[tuple[events.Event, set[State]]] = [
        (events.Started(), {State.READY}),
        (events.MoreTimeAsked(), {State.WARNING}),
        (events.EndAsked(EndReason.VISITOR), {State.ACTIVE, State.WARNING}),
    ]
    for (event, states), (state, make) in itertools.product(allowed, STATES.items()):
        if state in states:
            run(make(), event, now=71.0)
        else:
            with pytest.raises(Refused, match="wrong_state"):
                run(make(), event, now=71.0)


def test_deaths_of_a_killed_environment_ask_for_no_second_wipe() -> None:
    station, effects = run(ending(), *(events.ComponentDied(1, component) for component in Component))
    assert effects == []
    station, effects = run(station, events.Emptied(), events.Wiped(SUMMARY))
    assert effects == [events.Build(2)]
    assert station.public.state is State.PREPARING
