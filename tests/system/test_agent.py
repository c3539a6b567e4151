"""The agent at a whole station: called, proved on the pad by real taps, in front of a browser that stands still."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from session.agent import agents, pins
from session.agent.agents import Agent
from session.agent.tries import FREE, PAUSES
from session.model import Act, AgentStage, AgentState, ClosedWhy, Component, EndReason, Snapshot, State
from session.records import FILE, verify_chain
from session.rpc import Refused
from tests.kiosk import positions
from tests.portal import Portal
from tests.station.fixtures import at_welcome
from tests.station.harness import RunningStation, StationError, wait_until
from tests.station.pad import AgentAtScreen
from tests.station.visitor import Visitor

FIRST_UID = 62_200
PIN, OTHER = "280471", "935028614"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file in which the hook writes what it was told."""
    file = tmp_path_factory.mktemp("hook") / "told"
    for parent in (file.parent, *file.parents[1:3]):
        parent.chmod(0o755)
    file.touch()
    file.chmod(0o666)
    hook = file.with_name("hook")
    hook.write_text(f'#!/bin/sh\necho "$*" >>{file}\n')
    hook.chmod(0o755)
    return file


@pytest.fixture(scope="module")
def station(portal: Portal, told: Path) -> Iterator[RunningStation]:
    with RunningStation(
        name="agent", first_uid=FIRST_UID, port=portal.port, tls_port=portal.tls_port, restarts=50,
        hook=told.with_name("hook"),
    ) as one:  # fmt: skip
        agents.save(one.state, (Agent("Jeanne", pins.hashed(PIN)), Agent("Paul", pins.hashed(OTHER))))
        yield one


@pytest.fixture
def visitor(station: RunningStation) -> Iterator[Visitor]:
    with at_welcome(station) as one:
        yield one


def now(station: RunningStation) -> Snapshot:
    snapshot = station.status()
    assert snapshot is not None
    return snapshot


def stage(station: RunningStation) -> AgentStage:
    return now(station).agent.stage


def cgroup(station: RunningStation) -> Path:
    return station.place.cgroup(now(station).generation).path / Component.BROWSER.value


def frozen(station: RunningStation) -> bool:
    return "frozen 1" in (cgroup(station) / "cgroup.events").read_text("ascii")


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def used(station: RunningStation) -> float:
    """Processor seconds of the visitor's processes that are there."""
    total = 0.0
    for process in station.processes(Component.BROWSER):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return total


def to_pad(station: RunningStation, visitor: Visitor) -> AgentAtScreen:
    """From the site, by "Aide" and "Agent"."""
    visitor.begin()
    visitor.open_first_site()
    visitor.tap_until("bar_help", lambda: covered(visitor))
    visitor.tap_until("help_agent", lambda: stage(station) is AgentStage.PIN)
    return AgentAtScreen(visitor)


def to_panel(station: RunningStation, visitor: Visitor) -> None:
    to_pad(station, visitor).enter(PIN)
    station.wait(lambda one: one.agent.stage is AgentStage.PANEL, 20, "the panel")
    visitor.screen.wait(lambda _picture: all_choices(visitor), what="the panel on the screen")


def covered(visitor: Visitor) -> bool:
    """A full screen of ours is light where the bar is dark; further in than the coloured edge."""
    return sum(visitor.screen.picture(12, 12, 1, 1).getpixel((0, 0))[:3]) > 600  # type: ignore[index]


def last_receipt(station: RunningStation, before: Snapshot, reason: EndReason) -> dict[str, int]:
    """Waits for the next welcome; what the receipt of the session says of its agent."""
    ready = station.wait_state(State.READY, 60, after=before.generation)
    assert ready.last_wipe is not None
    assert (ready.last_wipe.reason, ready.last_wipe.verified) == (reason, True)
    assert station.place.generations() == [ready.generation], "something of the session is left"
    receipt = json.loads((station.state / FILE).read_bytes().splitlines()[-1])
    assert verify_chain(station.state / FILE).broken is None
    return {act["name"]: act["times"] for act in receipt.get("acts", ())}


def test_a_visit_with_an_agent(station: RunningStation, visitor: Visitor, told: Path) -> None:
    visitor.begin()
    visitor.open_first_site()
    visitor.tap_until("bar_help", lambda: covered(visitor))
    visitor.tap_until("help_call", lambda: now(station).agent.called_at is not None)
    wait_until(lambda: told.read_text().endswith("called\n"), 10, "the hook's word")
    visitor.tap_until("help_agent", lambda: stage(station) is AgentStage.PIN)

    # The pad is never there before the browser stands still, and it stands still as long as the pad is there.
    assert frozen(station)
    stood = used(station)
    at_screen = AgentAtScreen(visitor)
    first = at_screen.digits()
    at_screen.enter("280472")
    visitor.screen.wait(lambda _picture: at_screen.digits() != first, 20, "the digits in a new order")
    at_screen.enter(PIN)
    there = station.wait(lambda one: one.agent.stage is AgentStage.PANEL, 20, "the panel")
    wait_until(lambda: told.read_text().endswith("answered\n"), 10, "the hook's word")
    assert there.ends_at is not None
    visitor.tap_until("panel_extend", lambda: (now(station).ends_at or 0) >= (there.ends_at or 0) + 15 * 60)
    visitor.tap_until("panel_outcome", lambda: not all_choices(visitor))
    visitor.tap_until("panel_first", lambda: now(station).agent.outcome is Act.OUTCOME_DONE)
    assert frozen(station)
    assert used(station) == stood, "the browser ran in front of the agent"
    assert visitor.state() is State.ACTIVE

    visitor.tap_until("panel_back", lambda: stage(station) is AgentStage.AWAY)
    left = now(station)
    assert left.ends_at is not None
    assert left.ends_at > there.ends_at + 15 * 60, "the clock did not stand still"
    assert not frozen(station)
    visitor.screen.wait(lambda _picture: not covered(visitor), what="the page under its bar")
    visitor.screen.settle(3)
    visitor.log_in("jeanne", "secret")
    visitor.finish()
    acts = last_receipt(station, left, EndReason.VISITOR)
    assert acts["entered"] == acts["wrong_pin"] == acts["called"] == acts["outcome_done"] == 1
    assert acts["extended"] >= 1
    assert set(acts) == {"entered", "wrong_pin", "called", "outcome_done", "extended"}
    nothing_tells_the_pins(station)


def all_choices(visitor: Visitor) -> bool:
    """Whether the panel's first page is there: only that one has a sixth choice, and the pad has no first."""
    screen = visitor.screen
    found = (positions.centre(name, screen.width, screen.height) for name in ("panel_extend", "panel_allow"))
    return all(screen.picture(x, y - 35, 1, 1).getpixel((0, 0))[:3] == (255, 255, 255) for x, y in found)  # type: ignore[index]


def goes_on(station: RunningStation, visitor: Visitor) -> None:
    """The browser takes taps and works."""
    visitor.screen.wait(lambda _picture: not covered(visitor), 30, "the page under its bar")
    visitor.wait_title("Portail", 30)
    stood = used(station)
    visitor.screen.tap_page(640, 700)
    wait_until(lambda: used(station) > stood, 20, "a browser at work")


def nothing_tells_the_pins(station: RunningStation) -> None:
    texts = [station.log.read_bytes(), *(path.read_bytes() for path in station.state.iterdir())]
    texts += [path.read_bytes() for path in station.place.tree(now(station).generation).glob("*/log")]
    for pin in (PIN, OTHER, "280472"):
        assert not any(pin.encode() in text for text in texts)
    assert b"Jeanne" not in station.log.read_bytes()


def test_the_agent_steps_back(station: RunningStation, visitor: Visitor) -> None:
    to_panel(station, visitor)
    visitor.tap_until("panel_private", lambda: now(station).agent == AgentState(private=True))
    assert not frozen(station)
    visitor.screen.wait(lambda _picture: covered(visitor), what="the notice")
    visitor.tap_until("private_alone", lambda: not covered(visitor))
    visitor.log_in("jeanne", "secret")
    visitor.tap_until("bar_help", lambda: covered(visitor))
    visitor.tap_until("help_private_over", lambda: now(station).agent == AgentState())
    before = now(station)
    station.call("End")
    assert last_receipt(station, before, EndReason.AGENT) == {"entered": 1, "private": 1}


def test_an_agent_ends_the_visit(station: RunningStation, visitor: Visitor) -> None:
    to_panel(station, visitor)
    before = now(station)
    assert frozen(station)
    visitor.tap_until("panel_end", lambda: not all_choices(visitor))
    visitor.tap_until("panel_yes", lambda: visitor.state() not in (State.ACTIVE, State.WARNING))
    assert last_receipt(station, before, EndReason.AGENT) == {"entered": 1}


def test_an_agent_closes_the_station_and_opens_it_again(station: RunningStation, visitor: Visitor) -> None:
    to_panel(station, visitor)
    before = now(station)
    visitor.tap_until("panel_close", lambda: not all_choices(visitor))
    visitor.tap_until("panel_first", lambda: visitor.state() not in (State.ACTIVE, State.WARNING))
    closed = station.wait_state(State.OUT_OF_SERVICE, 60, after=before.generation)
    assert closed.why is ClosedWhy.PAPER
    station.wait(lambda one: Component.UI in one.ready and Component.GUARD in one.ready, 30, "the closed screen")
    with station.screen() as screen:
        again = Visitor(station, screen)
        again.tap_until("closed_agent", lambda: stage(station) is AgentStage.PIN)
        AgentAtScreen(again).enter(OTHER)
        station.wait(lambda one: one.agent.stage is AgentStage.PANEL, 20, "the panel")
        again.tap_until("panel_reopen", lambda: again.state() is not State.OUT_OF_SERVICE)
    assert last_receipt(station, closed, EndReason.LEFTOVERS) == {"entered": 1}


def test_an_agent_closes_a_station_that_nobody_uses(station: RunningStation, visitor: Visitor) -> None:
    """The way there is the station's name, held; a tap on it does nothing."""
    before = station.wait_state(State.READY, 60)
    screen = visitor.screen
    name = positions.centre("station", screen.width, screen.height)
    screen.tap(*name)
    deadline = time.monotonic() + 15
    while stage(station) is not AgentStage.PIN and time.monotonic() < deadline:
        with screen.held(*name), contextlib.suppress(StationError):
            station.wait(lambda one: one.agent.stage is AgentStage.PIN, 4)
    AgentAtScreen(visitor).enter(PIN)
    station.wait(lambda one: one.agent.stage is AgentStage.PANEL, 20, "the panel")
    screen.wait(lambda _picture: two_choices(visitor), what="the panel's two choices")
    visitor.tap_until("panel_private", lambda: not two_choices(visitor))  # "Entretien" is the second of two here
    visitor.tap_until("panel_extend", lambda: now(station).state is State.MAINTENANCE)
    assert now(station).generation == before.generation, "nobody was there: nothing had to be erased"
    station.call("InService")
    assert last_receipt(station, before, EndReason.LEFTOVERS) == {"entered": 1}


def two_choices(visitor: Visitor) -> bool:
    """Whether there is a second choice beside the first."""
    screen = visitor.screen
    x, y = positions.centre("panel_private", screen.width, screen.height)
    return screen.picture(x, y - 35, 1, 1).getpixel((0, 0))[:3] == (255, 255, 255)  # type: ignore[index]


def kill(station: RunningStation, component: Component) -> None:
    """The program; of the browser, whose frozen sandbox would not notice that, what the daemon started."""
    processes = station.processes(component)
    victims = processes if component is Component.BROWSER else [one for one in processes if one.name() != "bwrap"]
    os.kill(victims[0].pid, signal.SIGKILL)


@pytest.mark.parametrize("component", [Component.UI, Component.GUARD, Component.DESK, Component.BROWSER])
def test_a_death_in_front_of_the_agent_closes_the_panel(
    station: RunningStation, visitor: Visitor, component: Component
) -> None:
    to_panel(station, visitor)
    before = now(station)
    old = {one.pid for one in station.processes(component)}
    kill(station, component)
    station.wait(lambda one: one.agent == AgentState(), 20, "the panel's end")
    wait_until(lambda: bool({one.pid for one in station.processes(component)} - old), 20, f"a new {component}")
    after = now(station)
    assert (after.generation, after.started_at) == (before.generation, before.started_at)
    assert not frozen(station)
    station.wait(lambda one: set(one.ready) >= {Component.UI, Component.GUARD, Component.DESK}, 30, "everybody")
    if component is Component.DESK:
        # A new desk shows no page by itself; that it knows of one it has from the browser, which therefore goes on.
        wait_until(lambda: len(station.desk().pages) == 1, 20, "the page, as the new desk knows it")
    else:
        goes_on(station, visitor)
    station.call("End")
    assert last_receipt(station, before, EndReason.AGENT) == {"entered": 1}


def test_a_browser_that_dies_in_its_sleep_is_there_again_when_the_agent_has_left(
    station: RunningStation, visitor: Visitor
) -> None:
    to_panel(station, visitor)
    before = now(station)
    old = station.processes(Component.BROWSER)
    os.kill(next(one for one in old if one.name() != "bwrap").pid, signal.SIGKILL)
    station.call("AgentLeave")
    wait_until(lambda: bool(set(station.processes(Component.BROWSER)) - set(old)), 20, "a new browser")
    goes_on(station, visitor)
    assert (now(station).generation, now(station).started_at) == (before.generation, before.started_at)
    station.call("End")
    assert last_receipt(station, before, EndReason.AGENT) == {"entered": 1}


@pytest.mark.parametrize("open_", [to_pad, to_panel])
def test_a_killed_daemon_leaves_no_frozen_orphan(station: RunningStation, visitor: Visitor, open_: object) -> None:
    (to_panel if open_ is to_panel else to_pad)(station, visitor)
    before = now(station)
    pids = [one.pid for one in station.processes(Component.BROWSER)]
    assert frozen(station)
    starts = station.starts
    station.kill_daemon()
    wait_until(lambda: station.starts > starts, 10, "a new daemon")
    last_receipt(station, before, EndReason.LEFTOVERS)
    assert not [pid for pid in pids if runs(pid)]


def test_every_other_end_takes_the_frozen_browser_with_it(station: RunningStation, visitor: Visitor) -> None:
    to_panel(station, visitor)
    before = now(station)
    victim = station.processes(Component.DISPLAY)[-1]
    os.kill(victim.pid, signal.SIGKILL)
    assert last_receipt(station, before, EndReason.DISPLAY_LOST) == {"entered": 1}


def test_only_the_screens_of_the_environment_may_ask(station: RunningStation, visitor: Visitor) -> None:
    visitor.begin()
    for name, parameters in (("CallAgent", {}), ("AgentAsk", {}), ("AgentEnter", {"pin": PIN}), ("AgentLeave", {})):
        assert station.call_as_screen(name, **parameters) == "org.marchepied.Denied"
    with pytest.raises(Refused, match="wrong_state"):
        station.call("AgentEnter", pin=PIN)
    assert now(station).agent == AgentState()


def test_wrong_pins_lock_the_station_over_a_restart(portal: Portal) -> None:
    with RunningStation(name="locked", first_uid=FIRST_UID + 4, port=portal.port, tls_port=portal.tls_port) as station:
        station.wait_state(State.READY, 60)
        with station.screen() as screen:
            visitor = Visitor(station, screen)
            visitor.begin()
            visitor.open_first_site()
            visitor.tap_until("bar_help", lambda: covered(visitor))
            with pytest.raises(Refused, match="no_agents"):
                station.call("AgentAsk")
            agents.save(station.state, (Agent("Jeanne", pins.hashed(PIN)),))
            visitor.tap_until("help_agent", lambda: stage(station) is AgentStage.PIN)
            at_screen = AgentAtScreen(visitor)
            for number in range(1, FREE + 1):
                digits = at_screen.digits()
                at_screen.enter("280472")
                if number < FREE:
                    screen.wait(lambda _picture, old=digits: at_screen.digits() != old, 20, "a new order")  # type: ignore[misc]
            locked = station.wait(lambda one: one.agent.locked_until is not None, 20, "the pause")
            assert locked.agent.locked_until is not None
            assert 0 < locked.agent.locked_until - time.monotonic() <= PAUSES[0]
            with pytest.raises(Refused, match="locked"):
                station.call("AgentEnter", pin=PIN)
            visitor.tap_until("pin_cancel", lambda: stage(station) is AgentStage.AWAY)
        starts = station.starts
        station.kill_daemon()
        wait_until(lambda: station.starts > starts, 10, "a new daemon")
        station.begin()
        station.call("AgentAsk")
        again = station.wait(lambda one: one.agent.stage is AgentStage.PIN, 10, "the pad")
        assert again.agent.locked_until == locked.agent.locked_until
        with pytest.raises(Refused, match="locked"):
            station.call("AgentEnter", pin=PIN)


def test_a_panel_that_nobody_touches_closes_itself(portal: Portal) -> None:
    with RunningStation(
        name="deserted", first_uid=FIRST_UID + 8, port=portal.port, tls_port=portal.tls_port,
        tampered=("--set", "session.agent.assistance:IDLE_SECONDS=2"),
    ) as station:  # fmt: skip
        agents.save(station.state, (Agent("Jeanne", pins.hashed(PIN)),))
        station.begin()
        station.call("AgentAsk")
        station.wait(lambda one: one.agent.stage is AgentStage.PIN, 10, "the pad")
        station.call("AgentEnter", pin=PIN)
        opened = now(station)
        assert opened.agent.stage is AgentStage.PANEL
        assert frozen(station)
        station.wait(lambda one: one.agent.stage is AgentStage.AWAY, 20, "the panel's end")
        assert not frozen(station)
        assert now(station).state is State.ACTIVE
