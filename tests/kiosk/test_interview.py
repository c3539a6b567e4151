"""An appointment by video and what an agent allows, as taps ask for it: calls to real sockets, and what is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from kiosk.presenter import Presenter
from kiosk.view import Panel, Screen, Side
from session.model import AgentStage, Network, State
from session.pages import Capture, Settings
from tests.kiosk import cases
from tests.kiosk.fakes import FakeStation, until

VIDEO = msgspec.structs.replace(cases.SETTINGS.sites[3], camera=True)
SETTINGS: Settings = msgspec.structs.replace(cases.SETTINGS, sites=(cases.SETTINGS.sites[0], VIDEO), interview=True)
ON = msgspec.structs.replace(cases.TWO, capture=Capture.ON)


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[FakeStation]:
    async with FakeStation(tmp_path) as station:
        yield station


@pytest.fixture
async def ui(station: FakeStation) -> AsyncIterator[Presenter]:
    presenter = Presenter(SETTINGS, station.run, lambda: None)
    task = asyncio.create_task(presenter.run())
    station.control.publish(cases.session())
    station.desk.publish(cases.IDLE_DESK)
    presenter.read_notice()
    assert await until(lambda: presenter.screen is Screen.WHAT_FOR)
    yield presenter
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_visitor_is_told_before_the_page_opens(ui: Presenter, station: FakeStation) -> None:
    ui.open_site("site0")
    assert await until(lambda: station.desk.called("Open", site="site0"))
    ui.home()
    ui.open_site(VIDEO.id)
    assert ui.screen is Screen.INTERVIEW
    assert station.desk.count("Open") == 1
    ui.turn_to(None)
    assert await until(lambda: ui.screen is Screen.WHAT_FOR)
    assert station.desk.count("Open") == 1, "who goes back opens nothing"
    ui.open_site(VIDEO.id)
    ui.go_to_interview()
    assert await until(lambda: station.desk.called("Open", site=VIDEO.id))


async def test_the_sign_leads_to_the_way_to_stop(ui: Presenter, station: FakeStation) -> None:
    station.desk.publish(ON)
    assert await until(lambda: ui.screen is Screen.BAR)
    ui.turn_to(Side.INTERVIEW)
    assert ui.screen is Screen.INTERVIEW
    ui.stop_capture()
    assert await until(lambda: station.desk.called("StopCapture"))
    assert await until(lambda: ui.local.side is None)
    assert ui.said == ui.words("interview.stopped")


async def test_an_agent_allows_what_is_in_front(ui: Presenter, station: FakeStation) -> None:
    station.control.publish(cases.agent(AgentStage.PANEL))
    assert await until(lambda: ui.screen is Screen.AGENT_PANEL)
    ui.turn_panel(Panel.HOST)
    ui.allow("host")
    assert await until(lambda: station.desk.called("Allow", what="host"))
    assert await until(lambda: ui.local.panel is Panel.ACTS)
    assert ui.said == ui.words("agent_panel.allowed")
    station.desk.refuse["Allow"] = "unsafe_host"
    ui.turn_panel(Panel.CAMERA)
    ui.allow("camera")
    assert await until(lambda: ui.said == ui.words("refusal.unsafe_host"))
    assert ui.local.panel is Panel.CAMERA


async def test_nothing_of_an_appointment_outlives_its_visit(ui: Presenter, station: FakeStation) -> None:
    ui.open_site(VIDEO.id)
    station.control.publish(cases.session(State.ENDING))
    assert await until(lambda: ui.screen is Screen.ERASING)
    assert (ui.local.interview, ui.local.side) == (None, None)


async def test_a_cut_is_said_once_and_its_end_too(ui: Presenter, station: FakeStation) -> None:
    station.control.publish(cases.session(network=Network.DOWN))
    assert await until(lambda: ui.said == ui.words("banner.network_short"))
    station.control.publish(cases.session())
    assert await until(lambda: ui.said == ui.words("banner.network_back"))
