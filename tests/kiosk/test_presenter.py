"""Taps and snapshots without a display: what is called, said and shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from kiosk import presenter as module
from kiosk import theme
from kiosk.client import GuardNews
from kiosk.presenter import Presenter
from kiosk.speech.voice import Said
from kiosk.view import Screen, Side
from session.model import Snapshot, State
from session.pages import PageState
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
    assert await until(lambda: presenter.snapshot is not None and presenter.desk is not None)
    yield presenter
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def show(ui: Presenter, station: FakeStation, name: str) -> None:
    """The station gets into the state of a case."""
    case = cases.CASES[name]
    station.desk.publish(case.desk)
    station.control.publish(case.snapshot)
    assert await until(lambda: (ui.snapshot, ui.desk) == (case.snapshot, case.desk))


async def test_a_visit(ui: Presenter, station: FakeStation) -> None:
    await show(ui, station, "welcome")
    ui.start()
    assert await until(lambda: station.control.called("Start"))
    await show(ui, station, "notice")
    seen = [ui.screen]
    ui.read_notice()
    seen.append(ui.screen)
    assert seen == [Screen.NOTICE, Screen.WHAT_FOR]
    ui.open_site("site0")
    assert ui.said == "Ouverture de Mon compte ameli…"
    assert await until(lambda: station.desk.called("Open", site="site0"))
    seen.append(ui.screen)
    assert seen[-1] is Screen.BAR, "at once"
    assert await until(lambda: ui.said == "")
    await show(ui, station, "bar")
    assert ui.local.opening is None
    assert await until(lambda: station.guard.called("Layout", mode="bar", height=96, window=7))
    for action in ("back", "larger", "smaller"):
        ui.press(action)
    assert await until(lambda: station.guard.count("Press") == 3)
    ui.turn_to(Side.CONFIRM_END)
    assert ui.screen is Screen.CONFIRM_END
    assert await until(lambda: station.guard.calls[-1] == ("Layout", {"mode": "full", "window": 7}))
    ui.end()
    assert await until(lambda: station.control.called("End"))


async def test_a_site_that_is_not_opened_leads_back(
    ui: Presenter, station: FakeStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await show(ui, station, "notice")
    ui.read_notice()
    station.desk.refuse["Open"] = "too_many_pages"
    ui.open_site("site0")
    assert await until(lambda: ui.screen is Screen.WHAT_FOR)
    assert ui.said == ui.words.refusal("too_many_pages")
    # Opened, and closed by itself before anybody heard of it.
    del station.desk.refuse["Open"]
    monkeypatch.setattr(module, "OPENED_SECONDS", 0.05)
    ui.open_site("site0")
    seen = [ui.screen]
    assert await until(lambda: ui.screen is Screen.WHAT_FOR)
    assert ui.said == ""
    ui.open_site("site1")
    ui.home()
    assert [*seen, ui.screen] == [Screen.BAR, Screen.WHAT_FOR]
    assert await until(lambda: station.desk.called("Home"))


async def test_pages(ui: Presenter, station: FakeStation) -> None:
    await show(ui, station, "bar_full")
    ui.turn_to(Side.PAGES)
    assert ui.screen is Screen.PAGES
    ui.close_page("p3")
    assert await until(lambda: station.desk.called("Close", page="p3"))
    assert ui.screen is Screen.PAGES
    ui.show_page("p2")
    assert await until(lambda: ui.screen is Screen.BAR)
    assert station.desk.called("Show", page="p2")
    ui.home()
    assert await until(lambda: station.desk.called("Home"))


async def test_a_crashed_page_is_loaded_again(ui: Presenter, station: FakeStation) -> None:
    await show(ui, station, "bar")
    station.desk.publish(cases.at_site(cases.page(4, PageState.CRASHED)))
    assert await until(lambda: ui.screen is Screen.CRASHED)
    ui.reload_page()
    assert await until(lambda: station.desk.called("Retry", page="p4"))


async def test_a_page_that_hangs_is_waited_for_or_opened_again(ui: Presenter, station: FakeStation) -> None:
    await show(ui, station, "hung")
    assert ui.screen is Screen.HUNG
    ui.bear_page()
    assert await until(lambda: station.desk.called("Bear", page="p1"))
    ui.reload_page()
    assert await until(lambda: station.desk.called("Retry", page="p1"))


async def test_sizes_follow_the_panel_and_the_configuration_knows_better(
    ui: Presenter, station: FakeStation
) -> None:
    await show(ui, station, "bar")
    assert ui.dpi == theme.USUAL_DPI
    station.guard.publish(GuardNews(dpi=149.5))
    assert await until(lambda: ui.dpi == 149.5)
    station.guard.publish(GuardNews())
    assert await until(lambda: ui.dpi == theme.USUAL_DPI)
    ui.settings = msgspec.structs.replace(ui.settings, dpi=120.0)
    station.guard.publish(GuardNews(dpi=149.5))
    assert ui.dpi == 120.0


async def test_refusals_are_said_for_a_while(
    ui: Presenter, station: FakeStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SAID_SECONDS", 0.05)
    await show(ui, station, "warning_over")
    station.control.refuse["MoreTime"] = "no_extension_left"
    ui.more_time()
    assert await until(lambda: ui.said == ui.words("refusal.no_extension_left"))
    assert await until(lambda: ui.said == "")
    await station.desk.stop()
    ui.home()
    assert await until(lambda: ui.said == ui.words("refusal.away"))


async def test_a_second_tap_makes_no_second_call(ui: Presenter, station: FakeStation) -> None:
    await show(ui, station, "welcome")
    ui.start()
    ui.start()
    assert await until(lambda: station.control.called("Start"))
    ui.end()
    assert await until(lambda: station.control.called("End"))
    assert station.control.count("Start") == 1


async def test_ready_is_told_once_when_drawn_and_known(ui: Presenter, station: FakeStation) -> None:
    assert not station.control.called("Ready", component="ui")
    ui.drawn()
    assert await until(lambda: station.control.called("Ready", component="ui"))
    ui.drawn()
    await show(ui, station, "welcome")
    assert station.control.count("Ready") == 1


async def test_ready_waits_for_a_daemon_that_is_away(ui: Presenter, station: FakeStation) -> None:
    await station.control.stop()
    ui.drawn()
    await station.control.start()
    assert await until(lambda: station.control.called("Ready", component="ui"))


async def test_welcome_needs_the_daemon(ui: Presenter, station: FakeStation) -> None:
    await show(ui, station, "welcome")
    await station.control.stop()
    assert await until(lambda: ui.screen is Screen.PREPARING)
    await station.control.start()
    assert await until(lambda: ui.screen is Screen.WELCOME)


async def test_an_untouched_welcome_speaks_the_stations_language_again(
    ui: Presenter, station: FakeStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    await show(ui, station, "welcome")
    ui.speak("nl")
    ui.touched()
    ui.tick()
    assert (ui.local.language, ui.words.language) == ("nl", "nl")
    monkeypatch.setattr(module, "CHOICE_SECONDS", -1.0)
    ui.tick()
    assert (ui.local.language, ui.words.language) == ("fr", "fr")
    await show(ui, station, "notice")
    ui.speak("nl")
    ui.tick()
    assert ui.words.language == "nl"


async def test_an_agent_reads_the_stations_language_and_the_visitor_their_own(
    ui: Presenter, station: FakeStation
) -> None:
    await show(ui, station, "help")
    ui.speak("ar")
    for case, language in (("pin", "fr"), ("panel", "fr"), ("private", "ar"), ("help_called", "ar")):
        await show(ui, station, case)
        assert ui.words.language == language, case


async def test_an_unknown_language_of_the_settings_is_french(tmp_path: Path) -> None:
    settings = msgspec.structs.replace(cases.SETTINGS, language="xx")
    assert Presenter(settings, tmp_path, lambda: None).words.language == "fr"


async def test_a_fault_in_a_screen_ends_the_process(station: FakeStation) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        await Presenter(cases.SETTINGS, station.run, fail).run()
    assert caught.group_contains(ZeroDivisionError)


def test_demonstration_is_marked_by_either(tmp_path: Path) -> None:
    async def marks() -> list[bool]:
        ui = Presenter(cases.SETTINGS, tmp_path, lambda: None)
        marked = [ui.demonstration]
        ui.snapshot = Snapshot(state=State.READY, demonstration=True)
        marked.append(ui.demonstration)
        settings = msgspec.structs.replace(cases.SETTINGS, demonstration=True)
        return [*marked, Presenter(settings, tmp_path, lambda: None).demonstration]

    assert asyncio.run(marks()) == [False, True, True]


async def test_a_file_that_cannot_be_chosen_is_said(ui: Presenter, station: FakeStation) -> None:
    await show(ui, station, "bar")
    assert await until(lambda: station.guard.watchers == 1)
    assert ui.said == ""
    station.guard.publish(GuardNews(choosers=1))
    assert await until(lambda: ui.said == ui.words.refusal("no_upload"))
    # A guard that was started anew counts from nothing, and that is no news.
    ui.say("")
    await station.guard.stop()
    station.guard.publish(GuardNews())
    await station.guard.start()
    assert await until(lambda: station.guard.watchers == 1)
    assert ui.said == ""
    station.guard.publish(GuardNews(choosers=1))
    assert await until(lambda: ui.said == ui.words.refusal("no_upload"))


async def test_the_voice_stops_with_the_page_that_it_reads(ui: Presenter, station: FakeStation) -> None:
    await show(ui, station, "bar_full")
    desk = cases.CASES["bar_full"].desk
    assert desk is not None
    ui.voice.offered = True
    ui.voice.read([Said("Un texte de la page.", "fr")])
    station.desk.publish(msgspec.structs.replace(desk, sequence=9))
    assert await until(lambda: ui.desk is not None and ui.desk.sequence == 9)
    assert ui.voice.speaking, "the same page"
    station.desk.publish(msgspec.structs.replace(desk, sequence=10, active="p2"))
    assert await until(lambda: not ui.voice.speaking)
