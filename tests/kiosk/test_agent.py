"""What taps ask for that concerns the agent: calls to real sockets, and what is said of their answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kiosk.agent import Agent
from kiosk.presenter import Presenter
from kiosk.view import Panel, Screen, Side
from session.model import Act, AgentStage, ClosedWhy
from tests.kiosk import cases
from tests.kiosk.fakes import FakeStation, until


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[FakeStation]:
    async with FakeStation(tmp_path) as station:
        yield station


@pytest.fixture
async def ui(station: FakeStation) -> AsyncIterator[Presenter]:
    presenter = Presenter(cases.SETTINGS, station.run, lambda: None)
    presenter.claim_window(7)
    task = asyncio.create_task(presenter.run())
    station.desk.publish(cases.TWO)
    station.control.publish(cases.agent())
    assert await until(lambda: presenter.screen is Screen.BAR)
    yield presenter
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("tap", "name", "parameters"),
    [
        (Agent.call, "CallAgent", {}),
        (Agent.cancel, "CancelCall", {}),
        (Agent.end_private, "AgentPrivate", {"on": False}),
        (Agent.open_pad, "AgentAsk", {}),
        (Agent.leave, "AgentLeave", {}),
        (lambda agent: agent.extend(15), "AgentExtend", {"minutes": 15}),
        (Agent.step_back, "AgentPrivate", {"on": True}),
        (lambda agent: agent.note(Act.OUTCOME_DONE, lambda: None), "AgentOutcome", {"kind": "outcome_done"}),
        (Agent.end, "AgentEnd", {}),
        (lambda agent: agent.close(ClosedWhy.PAPER), "AgentOutOfService", {"why": "paper"}),
        (Agent.maintain, "AgentMaintenance", {}),
        (Agent.reopen, "AgentInService", {}),
    ],
)
async def test_each_tap_makes_its_call(
    ui: Presenter, station: FakeStation, tap: Callable[[Agent], None], name: str, parameters: dict[str, object]
) -> None:
    tap(ui.agent)
    assert await until(lambda: station.control.called(name, **parameters))


async def test_a_pin_that_is_not_taken_is_typed_anew_and_is_in_no_log(
    ui: Presenter, station: FakeStation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    again: list[bool] = []
    station.control.refuse["AgentEnter"] = "wrong_pin"
    ui.agent.enter("280471", lambda: again.append(True))
    assert await until(lambda: again == [True])
    assert ui.said == ui.words("refusal.wrong_pin")
    del station.control.refuse["AgentEnter"]
    ui.agent.enter("280471", lambda: again.append(True))
    assert await until(lambda: station.control.count("AgentEnter") == 2)
    assert station.control.called("AgentEnter", pin="280471")
    assert "280471" not in caplog.text


async def test_an_agent_comes_and_goes(ui: Presenter, station: FakeStation) -> None:
    ui.turn_to(Side.HELP)
    seen = [ui.screen]
    for stage in (AgentStage.FREEZING, AgentStage.PIN, AgentStage.PANEL):
        station.control.publish(cases.agent(stage))
        assert await until(lambda stage=stage: ui.snapshot is not None and ui.snapshot.agent.stage is stage)  # type: ignore[misc]
        seen.append(ui.screen)
    assert seen == [Screen.HELP, Screen.HELP, Screen.PIN, Screen.AGENT_PANEL]
    assert await until(lambda: station.guard.calls[-1] == ("Layout", {"mode": "full", "window": 7}))
    ui.turn_panel(Panel.OUTCOME)
    ui.agent.note(Act.OUTCOME_DONE, lambda: ui.turn_panel(Panel.ACTS))
    assert await until(lambda: ui.local.panel is Panel.ACTS)
    assert ui.said == ui.words("agent_panel.noted")
    station.control.publish(cases.agent(private=True))
    assert await until(lambda: ui.screen is Screen.PRIVATE)
    ui.read_private()
    assert ui.screen is Screen.BAR
    station.control.publish(cases.agent())
    assert await until(lambda: not ui.local.private_read)
    assert ui.screen is Screen.BAR
