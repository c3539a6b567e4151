"""The agent's part of the state machine: stages, the clock that stands still, acts, and how all of it ends."""

from __future__ import annotations

import itertools

import pytest

from session import events, machine
from session.agent import assistance
from session.events import Sign
from session.machine import Station
from session.model import OUTCOMES, Act, AgentStage, AgentState, ClosedWhy, Component, EndReason, State, WarningKind
from session.rpc import Refused
from tests.session.test_machine import LIMITS, STATES, SUMMARY, active, closed, ending, prepared, ready, run, warned


def at_pad(station: Station, now: float = 10.0) -> Station:
    station, effects = run(station, events.AgentAsked(), now=now)
    assert station.public.agent.stage is AgentStage.FREEZING
    assert effects == [events.Freeze(1)], "the pad before the browser stands still"
    station, _ = run(station, events.Frozen(1), now=now)
    assert station.public.agent.stage is AgentStage.PIN
    return station


def in_panel(station: Station, now: float = 10.0) -> Station:
    station, _ = run(at_pad(station, now), events.PinAnswered(1, True), now=now)
    assert station.public.agent.stage is AgentStage.PANEL
    return station


def test_a_call_is_made_cancelled_and_answered_once_each() -> None:
    station, effects = run(active(), events.AgentCalled(), events.AgentCalled(), now=3.0)
    assert effects == [events.Signal(Sign.CALLED)]
    assert station.public.agent.called_at == 3.0
    cancelled, effects = run(station, events.CallCancelled(), events.CallCancelled(), now=4.0)
    assert effects == [events.Signal(Sign.CANCELLED)]
    assert cancelled.public.agent == AgentState()
    answered, effects = run(at_pad(station), events.PinAnswered(1, True), now=11.0)
    assert effects == [events.Signal(Sign.ANSWERED)]
    assert answered.public.agent.called_at is None
    _, effects = run(station, events.EndAsked(EndReason.VISITOR), now=5.0)
    assert effects == [events.Wipe(EndReason.VISITOR, ((Act.CALLED, 1),)), events.Signal(Sign.CANCELLED)]


def test_nothing_is_an_agents_without_a_right_pin() -> None:
    acts: list[events.Event] = [
        events.AgentExtended(15),
        events.PrivateAsked(True),
        events.OutcomeNoted(Act.OUTCOME_DONE),
        events.AgentEnded(),
        *(
            events.AgentClosed(state, ClosedWhy.OTHER)
            for state in (State.OUT_OF_SERVICE, State.MAINTENANCE, State.READY)
        ),
    ]
    freezing, _ = run(active(), events.AgentAsked(), now=10.0)
    wrong, _ = run(at_pad(active()), events.PinAnswered(1, False, 90.0), now=11.0)
    left, _ = run(in_panel(active()), events.AgentLeft(), now=12.0)
    before = [*(make() for make in STATES.values()), freezing, at_pad(active()), wrong, left]
    for station, event in itertools.product(before, acts):
        with pytest.raises(Refused, match="wrong_state"):
            run(station, event, now=71.0)


def test_a_pin_opens_nothing_but_the_pad_it_was_typed_on() -> None:
    for station in (active(), run(active(), events.AgentAsked())[0], in_panel(active()), ending(), prepared()):
        with pytest.raises(Refused, match="wrong_state"):
            run(station, events.PinAnswered(1, True), now=11.0)
    with pytest.raises(Refused, match="wrong_state"):
        run(at_pad(active()), events.PinAnswered(2, True), now=11.0)


def test_the_pad_opens_where_there_is_a_screen_to_show_it() -> None:
    for state, make in STATES.items():
        if state in (State.PREPARING, State.ENDING):
            with pytest.raises(Refused, match="wrong_state"):
                run(make(), events.AgentAsked(), now=71.0)
        else:
            station, effects = run(make(), events.AgentAsked(), now=71.0)
            assert effects == [events.Freeze(station.public.generation)]


def test_a_browser_that_cannot_be_stopped_opens_no_pad() -> None:
    station, _ = run(active(), events.AgentAsked(), events.Frozen(1, ok=False), now=10.0)
    assert machine.next_deadline(station, LIMITS) == 10.0
    station, effects = run(station, events.Tick(), now=10.1)
    assert (station.public.agent.stage, effects) == (AgentStage.AWAY, [events.Thaw(1)])
    # And one of which nothing is heard at all.
    station, _ = run(active(), events.AgentAsked(), now=10.0)
    station, effects = run(station, events.Tick(), now=10.0 + assistance.FREEZE_SECONDS)
    assert (station.public.agent.stage, effects) == (AgentStage.AWAY, [events.Thaw(1)])
    late, effects = run(station, events.Frozen(1), now=16.0)
    assert (late, effects) == (station, [])


def test_wrong_pins_are_counted_and_the_pause_is_told() -> None:
    station, effects = run(at_pad(active()), events.PinAnswered(1, False), events.PinAnswered(1, False, 90.0), now=11.0)
    assert effects == []
    assert station.public.agent.locked_until == 90.0
    assert station.acts == ((Act.WRONG_PIN, 2),)
    again, _ = run(station, events.AgentLeft(), events.AgentAsked(90.0), now=12.0)
    assert again.public.agent.locked_until == 90.0


def test_the_clock_stands_still_while_an_agent_is_there() -> None:
    station = in_panel(active(), now=60.0)
    for now in range(80, 360, 20):
        station, effects = run(station, events.Activity(), events.Tick(), now=float(now))
        assert (station.public.state, effects) == (State.ACTIVE, [])
    station, effects = run(station, events.AgentLeft(), now=360.0)
    assert effects == [events.Thaw(1)]
    assert (station.public.ends_at, station.public.idle_ends_at) == (900.0, 460.0)


def test_not_for_ever() -> None:
    station = in_panel(active(), now=0.0)
    now = 0.0
    while station.public.agent.stage is AgentStage.PANEL:
        now += 30.0
        station, _ = run(station, events.Activity(), events.Tick(), now=now)
    assert now == assistance.PANEL_MOST
    assert station.public.ends_at == 600.0 + assistance.PANEL_MOST


def test_nobodys_hand_for_a_minute_closes_what_is_open() -> None:
    for open_ in (at_pad, in_panel):
        station = open_(active(), now=10.0)
        assert machine.next_deadline(station, LIMITS) == 70.0
        station, _ = run(station, events.Activity(), now=40.0)
        assert machine.next_deadline(station, LIMITS) == 100.0
        station, effects = run(station, events.Tick(), now=100.0)
        assert (station.public.agent.stage, effects[0]) == (AgentStage.AWAY, events.Thaw(1))


def test_pads_opened_in_vain_buy_no_time_without_end() -> None:
    station, now = active(), 0.0
    while station.public.state is State.ACTIVE or station.public.state is State.WARNING:
        station, _ = run(station, events.AgentAsked(), events.Frozen(1), now=now)
        now += 59.0
        station, _ = run(station, events.Activity(), events.AgentLeft(), events.Tick(), now=now)
        now += 0.5
        assert now < 5_000
    assert station.public.state is State.ENDING
    # Every hand on the pad is one on the screen; what it may not do is put off the end of the time.
    assert now < 600.0 + assistance.UNPROVED_MOST + assistance.PAD_MOST


def test_a_warning_is_put_aside_and_comes_back() -> None:
    station = at_pad(warned(), now=80.0)
    assert (station.public.state, station.public.warning) == (State.ACTIVE, None)
    station, _ = run(station, events.AgentLeft(), now=90.0)
    assert station.public.state is State.WARNING
    assert station.public.warning is not None
    assert (station.public.warning.kind, station.public.warning.ends_at) == (WarningKind.IDLE, 110.0)
    # After an agent, nobody is asked whether anybody is there.
    station, _ = run(in_panel(warned(), now=80.0), events.AgentLeft(), now=90.0)
    assert (station.public.state, station.public.idle_ends_at) == (State.ACTIVE, 190.0)


def test_an_agent_gives_more_time_than_the_extensions() -> None:
    station, _ = run(in_panel(active()), events.AgentExtended(15), events.AgentExtended(30), now=20.0)
    assert station.public.ends_at == 600.0 + 45 * 60
    assert station.public.extensions_left == LIMITS.extensions
    assert station.acts == ((Act.ENTERED, 1), (Act.EXTENDED, 2))
    with pytest.raises(Refused, match="too_long"):
        run(station, *[events.AgentExtended(120)] * 5, now=20.0)


def test_the_agent_steps_back_and_whoever_is_there_ends_it() -> None:
    station, effects = run(in_panel(active()), events.PrivateAsked(True), now=30.0)
    assert effects == [events.Thaw(1)]
    assert station.public.agent == AgentState(private=True)
    over, _ = run(station, events.PrivateAsked(False), now=40.0)
    assert over.public.agent == AgentState()
    assert not in_panel(station, now=50.0).public.agent.private
    assert at_pad(station, now=50.0).public.agent.private, "before the PIN is right nobody has come back"


def test_the_last_outcome_counts_once() -> None:
    station, _ = run(in_panel(active()), *(events.OutcomeNoted(act) for act in sorted(OUTCOMES)), now=11.0)
    last = max(OUTCOMES)
    assert station.public.agent.outcome is last
    assert station.acts == ((Act.ENTERED, 1), (last, 1))
    _, effects = run(station, events.AgentEnded(), now=12.0)
    assert effects == [events.Wipe(EndReason.AGENT, ((Act.ENTERED, 1), (last, 1)))]


def test_an_agent_closes_and_opens_the_station() -> None:
    station, effects = run(in_panel(active()), events.AgentClosed(State.OUT_OF_SERVICE, ClosedWhy.PAPER), now=11.0)
    assert effects == [events.Thaw(1), events.Wipe(EndReason.OUT_OF_SERVICE, ((Act.ENTERED, 1),))]
    station, _ = run(station, events.Emptied(), events.Wiped(SUMMARY))
    assert (station.public.state, station.public.why) == (State.OUT_OF_SERVICE, ClosedWhy.PAPER)
    station, _ = run(station, events.AgentAsked(), events.Frozen(2), events.PinAnswered(2, True), now=20.0)
    station, effects = run(station, events.AgentClosed(State.READY), now=21.0)
    assert effects == [events.Thaw(2), events.Wipe(EndReason.LEFTOVERS, ((Act.ENTERED, 1),))]
    assert station.public.why is None


def test_an_agent_closes_a_station_that_nobody_uses() -> None:
    station, effects = run(in_panel(ready()), events.AgentClosed(State.MAINTENANCE), now=11.0)
    assert effects == [events.Thaw(1)]
    assert (station.public.state, station.public.agent) == (State.MAINTENANCE, AgentState())
    with pytest.raises(Refused, match="wrong_state"):
        run(in_panel(ready()), events.AgentClosed(State.READY), now=11.0)
    with pytest.raises(Refused, match="wrong_state"):
        run(in_panel(ready()), events.Started(), now=11.0)
    for act in (events.AgentExtended(15), events.PrivateAsked(True), events.OutcomeNoted(Act.OUTCOME_DONE)):
        with pytest.raises(Refused, match="wrong_state"):
            run(in_panel(closed()), act, now=11.0)


@pytest.mark.parametrize("component", [one for one in Component if one is not Component.DISPLAY])
@pytest.mark.parametrize("open_", [at_pad, in_panel])
def test_a_death_closes_what_is_open_before_anything_is_started(open_: object, component: Component) -> None:
    station, effects = run((in_panel if open_ is in_panel else at_pad)(active()), events.ComponentDied(1, component))
    assert station.public.state is State.ACTIVE
    assert station.public.agent == AgentState()
    assert effects == [events.Thaw(1), events.Restart(1, component)]


@pytest.mark.parametrize("open_", [at_pad, in_panel])
def test_every_end_ends_what_is_open(open_: object) -> None:
    station = (in_panel if open_ is in_panel else at_pad)(active())
    ends: list[events.Event] = [
        events.EndAsked(EndReason.VISITOR),
        events.EndAsked(EndReason.STOPPING),
        events.Fault(EndReason.NO_MEMORY),
        events.ComponentDied(1, Component.DISPLAY),
        events.ServiceAsked(State.MAINTENANCE),
    ]
    for end in ends:
        after, effects = run(station, end, now=12.0)
        assert after.public.state is State.ENDING
        assert after.public.agent == AgentState()
        assert isinstance(effects[0], events.Wipe)
