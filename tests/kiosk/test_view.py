"""Which screen is shown, for every state, without a display."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from kiosk.glossary import Term
from kiosk.view import OF_PAPERS, Local, Mode, Panel, Screen, Side, active_page, mode_for, screen_for, settle, turned
from session.model import AgentStage, AgentState, Snapshot, State, WarningKind
from session.pages import BrowserState, DeskSnapshot, PageState
from tests.kiosk import cases

SCREENS = {
    "preparing": Screen.PREPARING,
    "welcome": Screen.WELCOME,
    "notice": Screen.NOTICE,
    "waiting": Screen.WAITING,
    "what": Screen.WHAT_FOR,
    "bar": Screen.BAR,
    "pages": Screen.PAGES,
    "display": Screen.DISPLAY,
    "crashed": Screen.CRASHED,
    "hung": Screen.HUNG,
    "restarting": Screen.RESTARTING,
    "warning": Screen.WARNING,
    "confirm": Screen.CONFIRM_END,
    "help": Screen.HELP,
    "interview": Screen.INTERVIEW,
    "glossary": Screen.GLOSSARY,
    "meaning": Screen.MEANING,
    "pin": Screen.PIN,
    "panel": Screen.AGENT_PANEL,
    "private": Screen.PRIVATE,
    "erasing": Screen.ERASING,
    "out": Screen.OUT_OF_SERVICE,
    "maintenance": Screen.MAINTENANCE,
    **{screen.replace("_", ""): screen for screen in OF_PAPERS},
}


@pytest.mark.parametrize("name", cases.CASES)
def test_each_case_has_its_screen(name: str) -> None:
    case = cases.CASES[name]
    assert screen_for(case.snapshot, case.desk, case.local, case.rooms) is SCREENS[name.split("_")[0]]


def test_the_cases_show_every_screen() -> None:
    assert set(SCREENS.values()) == set(Screen)


def test_a_meaning_is_over_what_was_there_and_gives_way_to_a_warning() -> None:
    at_site, reading = Local(language="fr", connected=True), Local(language="fr", connected=True, term=Term.TAB)
    for side in (None, Side.PAGES, Side.GLOSSARY):
        there = msgspec.structs.replace(reading, side=side)
        assert screen_for(cases.session(), cases.TWO, there) is Screen.MEANING
    larger = msgspec.structs.replace(reading, side=Side.DISPLAY)
    assert screen_for(cases.session(), cases.TWO, larger) is Screen.DISPLAY
    warned = cases.warning(WarningKind.IDLE)
    assert screen_for(warned, cases.TWO, reading) is Screen.WARNING
    assert settle(reading, warned, cases.session()).term is Term.TAB
    assert settle(reading, cases.session(), Snapshot(state=State.ENDING, generation=1)) == at_site


def test_every_combination_has_a_screen() -> None:
    desks = [
        None,
        *(
            DeskSnapshot(1, browser, pages, active)
            for browser in BrowserState
            for pages, active in (
                ((), None),
                ((), "gone"),
                *(((cases.page(1, state),), chosen) for state in PageState for chosen in (None, "p1", "gone")),
            )
        ),
    ]
    locals_ = [
        Local("fr", connected, read, side=side, opening=opening)
        for connected, read, side, opening in itertools.product(
            (True, False), (True, False), (None, *Side), (None, "site0")
        )
    ]
    snapshots = [None, *(Snapshot(state=state) for state in State)]
    for snapshot, desk, local in itertools.product(snapshots, desks, locals_):
        screen = screen_for(snapshot, desk, local)
        if snapshot is None or snapshot.state not in (State.ACTIVE, State.WARNING):
            assert screen in (
                Screen.PREPARING,
                Screen.WELCOME,
                Screen.DISPLAY,
                Screen.ERASING,
                Screen.OUT_OF_SERVICE,
                Screen.MAINTENANCE,
            )
        if screen is Screen.BAR:
            assert snapshot is not None
            assert snapshot.state is State.ACTIVE
            assert active_page(desk) is not None or local.opening is not None


def test_an_agent_at_the_screen_has_it_in_every_state() -> None:
    """Whatever the desk and this process know, the page is covered while the browser stands still for an agent."""
    for state, stage, side, panel in itertools.product(State, AgentStage, (None, *Side), Panel):
        snapshot = Snapshot(state=state, agent=AgentState(stage=stage))
        local = msgspec.structs.replace(cases.side(Side.PAGES), side=side, panel=panel)
        screen = screen_for(snapshot, cases.TWO, local)
        assert (screen is Screen.PIN) == (stage is AgentStage.PIN)
        assert (screen is Screen.AGENT_PANEL) == (stage is AgentStage.PANEL)


def test_an_agent_who_leaves_closes_what_was_opened() -> None:
    opened = msgspec.structs.replace(cases.side(Side.HELP), panel=Panel.OUTCOME)
    at_pad, in_panel, away = cases.agent(AgentStage.PIN), cases.agent(AgentStage.PANEL), cases.agent()
    assert settle(opened, at_pad, in_panel) == opened
    for there in (at_pad, in_panel):
        assert (settle(opened, there, away).side, settle(opened, there, away).panel) == (None, Panel.ACTS)
    freezing = cases.agent(AgentStage.FREEZING)
    assert settle(opened, away, freezing).side is Side.HELP, "the page would be seen for a moment"
    warned = cases.warning(WarningKind.IDLE)
    assert settle(opened, warned, freezing).side is Side.HELP


def test_the_agent_steps_back_once_over_everything() -> None:
    private, local = cases.agent(private=True), cases.side(Side.PAGES)
    assert screen_for(private, cases.TWO, local) is Screen.PRIVATE
    read = msgspec.structs.replace(local, side=None, private_read=True)
    assert screen_for(private, cases.TWO, read) is Screen.BAR
    assert settle(read, private, private).private_read
    assert not settle(read, private, cases.agent()).private_read


def test_only_the_bar_leaves_room_for_the_site() -> None:
    assert [screen for screen in Screen if mode_for(screen) is Mode.BAR] == [Screen.BAR]


def test_a_station_without_its_daemon_is_not_offered() -> None:
    ready = Snapshot(state=State.READY)
    assert screen_for(ready, cases.IDLE_DESK, Local("fr", connected=False)) is Screen.PREPARING
    assert screen_for(ready, cases.IDLE_DESK, Local("fr", connected=False, side=Side.DISPLAY)) is Screen.PREPARING
    assert screen_for(ready, None, Local("fr", connected=True)) is Screen.WELCOME


def test_a_daemon_that_is_away_does_not_take_the_site_from_the_visitor() -> None:
    local = Local("fr", connected=False, notice_read=True)
    assert screen_for(cases.session(), cases.TWO, local) is Screen.BAR


def test_a_new_process_resumes_at_the_site() -> None:
    # Nothing local is left: neither that the notice was read, nor what was open.
    assert screen_for(cases.session(), cases.TWO, Local("fr", connected=True)) is Screen.BAR


@pytest.mark.parametrize("state", [PageState.BLOCKED, PageState.DOWN, PageState.CERTIFICATE])
def test_troubles_that_the_browser_shows_keep_the_bar(state: PageState) -> None:
    desk = cases.at_site(cases.page(1, state))
    assert screen_for(cases.session(), desk, Local("fr", connected=True)) is Screen.BAR


def test_the_last_page_closed_leads_home() -> None:
    assert screen_for(cases.session(), cases.IDLE_DESK, cases.side(Side.PAGES)) is Screen.WHAT_FOR


def test_a_warning_covers_everything_but_the_question_asked_in_it() -> None:
    warned = cases.warning(WarningKind.IDLE)
    for side in (None, Side.PAGES, Side.DOCUMENTS):
        local = msgspec.structs.replace(cases.side(Side.PAGES), side=side)
        assert screen_for(warned, cases.TWO, local) is Screen.WARNING
    assert screen_for(warned, cases.TWO, cases.side(Side.CONFIRM_END)) is Screen.CONFIRM_END


def test_settling_drops_the_question_when_a_warning_comes_or_goes() -> None:
    active, warned = cases.session(), cases.warning(WarningKind.IDLE)
    asked, listed = cases.side(Side.CONFIRM_END), cases.side(Side.PAGES)
    assert settle(asked, active, warned).side is None
    assert settle(asked, warned, active).side is None
    assert settle(asked, active, active).side is Side.CONFIRM_END
    assert settle(listed, active, warned).side is Side.PAGES
    assert settle(asked, None, active).side is Side.CONFIRM_END


@pytest.mark.parametrize("over", [Side.HELP, Side.GLOSSARY, Side.CONFIRM_END, Side.DISPLAY])
def test_what_lay_under_the_help_or_a_question_is_there_again(over: Side) -> None:
    page = turned(cases.side(Side.PAGES), Side.SCAN_PAGE, "p1")
    asked = turned(page, over, "")
    assert (asked.side, asked.chosen) == (over, "")
    twice = turned(asked, Side.HELP, "")
    for local in (asked, twice):
        back = turned(local, None, "")
        assert (back.side, back.chosen) == (Side.SCAN_PAGE, "p1")
    assert turned(turned(page, None, ""), None, "").side is None
    fresh = turned(turned(cases.side(Side.PAGES), None, ""), over, "")
    assert turned(fresh, None, "").side is None, "nothing of an earlier time comes back"


def test_nothing_of_a_visit_stays_outside_it() -> None:
    local = msgspec.structs.replace(cases.side(Side.PAGES), opening="site0", under=(Side.SCAN_PAGE, "p1"))
    for state in State:
        after = settle(local, cases.session(), cases.session(state))
        stays = state in (State.ACTIVE, State.WARNING)
        assert (after.side is Side.PAGES, after.notice_read, after.opening == "site0") == (stays, stays, stays)
    other = msgspec.structs.replace(cases.session(), generation=2)
    assert settle(local, cases.session(), other) == Local("fr", connected=True)
