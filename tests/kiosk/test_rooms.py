"""Which screens of papers are there: those whose room a snapshot shows, and on a station of today none."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from kiosk.papers import Picture, Rooms
from kiosk.presenter import Presenter
from kiosk.view import OF_PAPERS, Local, Screen, Side, screen_for
from kiosk.words import LANGUAGES, Words
from printing.model import PrintJob, PrintState
from scanner.model import ScannerState
from session.model import State
from session.pages import DeskSnapshot
from session.papers import Fit, FitStage, KeyState, Papers, Picker
from session.procedures.model import Dossier, Procedures
from tests.kiosk import cases, recorded
from tests.kiosk.gallery import Report

SCANNING = {Screen.SCANNER, Screen.REVIEW, Screen.SCAN_PAGE, Screen.FIXES, Screen.DROP}
KEEPING = {Screen.SHELF, Screen.DOCUMENT, Screen.LOOK, Screen.NAME, Screen.DROP}
CHOOSING = {Screen.THEMES, Screen.SITES, Screen.PROCEDURES, Screen.CARD, Screen.DOSSIER, Screen.PAPER}
NOW = Procedures("2026-11-01")
ROOMS: dict[str, tuple[Rooms, set[Screen]]] = {
    "none": (Rooms(), set()),
    "scanner": (Rooms(Papers(scanner=ScannerState())), SCANNING),
    "documents": (Rooms(Papers(documents=())), KEEPING),
    "documents that can be worked on": (
        Rooms(Papers(documents=(), workable=True)),
        {*KEEPING, Screen.READ, Screen.ARRANGE, Screen.MERGE, Screen.SPLIT},
    ),
    "printer at rest": (Rooms(Papers(printing=PrintState())), set()),
    "job": (
        Rooms(Papers(printing=PrintState(job=PrintJob("j")))),
        {Screen.PRINT, Screen.PRINT_CHOICES, Screen.LOOK},
    ),
    "fit": (Rooms(Papers(fit=Fit("d", FitStage.WORKING))), {Screen.FIT}),
    "picker": (Rooms(Papers(picker=Picker("p", "s"))), {Screen.PICKER}),
    "picker and scanner": (
        Rooms(Papers(picker=Picker("p", "s"), scanner=ScannerState())),
        {Screen.PICKER, *SCANNING},
    ),
    "key": (Rooms(Papers(key=KeyState())), {Screen.KEY}),
    "procedures": (Rooms(procedures=NOW), CHOOSING),
    "dossier without procedures": (Rooms(Papers(dossier=Dossier("d"))), set()),
    "dossier": (Rooms(Papers(dossier=Dossier("d")), NOW), CHOOSING),
}


def reached(rooms: Rooms) -> set[Screen]:
    """Every screen of papers that any tap, page or state can lead to."""
    desks = (None, cases.IDLE_DESK, cases.TWO, cases.DOCUMENTS, DeskSnapshot())
    locals_ = [
        Local("fr", True, read, side=side, chosen=chosen, opening=opening)
        for side, chosen, read, opening in itertools.product(
            (None, *Side), ("", "d", "j"), (True, False), (None, "site0")
        )
    ]
    snapshots = [cases.session(state) for state in State]
    found = {screen_for(*those, rooms) for those in itertools.product(snapshots, desks, locals_)}
    return found & OF_PAPERS


@pytest.mark.parametrize("name", ROOMS)
def test_only_rooms_that_are_there_have_screens(name: str) -> None:
    rooms, screens = ROOMS[name]
    assert reached(rooms) == screens


def test_all_of_them_are_reached_from_somewhere() -> None:
    assert {screen for _, screens in ROOMS.values() for screen in screens} == set(OF_PAPERS)


def test_a_station_of_today_has_documents_and_a_picker_and_no_other_room(tmp_path: Path) -> None:
    """Nothing before the desk has spoken; then what its snapshots have, and the calls for it are made."""
    presenter = Presenter(cases.SETTINGS, tmp_path, lambda: None)
    assert presenter.rooms == Rooms()
    presenter.snapshot, presenter.desk = cases.session(), cases.TWO
    for side in Side:
        presenter.turn_to(side, "x")
        assert presenter.screen not in OF_PAPERS
    assert presenter.papers is not None
    presenter.take_papers(Papers(documents=(), picker=None))
    seen = set()
    for side in Side:
        presenter.turn_to(side, "x")
        seen |= {presenter.screen} & OF_PAPERS
    presenter.take_papers(Papers(documents=(), picker=Picker("p", "s")))
    assert seen | {presenter.screen} == {*KEEPING, Screen.PICKER}


def test_papers_wait_for_whatever_comes_first() -> None:
    """Outside a session, before the notice, in a warning, while an agent is there: nothing of a visitor's papers."""
    state = recorded.STATES["shelf_many"]
    rooms, local = recorded.rooms(state), Local("fr", True, True, side=Side.DOCUMENTS)
    for snapshot in (*map(cases.session, set(State) - {State.ACTIVE}), cases.agent(private=True)):
        assert screen_for(snapshot, cases.TWO, local, rooms) not in OF_PAPERS
    new = Local("fr", True, False, side=Side.DOCUMENTS)
    assert screen_for(cases.session(), cases.IDLE_DESK, new, rooms) is Screen.NOTICE
    assert screen_for(cases.session(), cases.TWO, local, rooms) is Screen.SHELF


def test_without_rooms_no_button_speaks_of_them(report: Report) -> None:
    keys = ("scanner.scan", "shelf.scan", "shelf.key", "document.print", "picker.scan", "print.now")
    words = {Words(language)(key) for language in LANGUAGES for key in keys}
    seen = {(target.case, target.text) for target in report.targets if target.text in words}
    assert {case for case, _ in seen} <= {name for name, case in cases.CASES.items() if case.rooms != Rooms()}
    today = {target.text for target in report.targets if target.case in ("bar", "what_for")}
    assert not today & {Words(language)("card.papers") for language in LANGUAGES}
    # The same for a room that is there alone.
    assert not {case for case, _ in seen if case.endswith("_alone")} - {"scanpage_alone"}


@pytest.mark.parametrize(
    ("picture", "valid"),
    [
        (Picture(2, 3, bytes(18)), True),
        (Picture(2, 3, bytes(17)), False),
        (Picture(2, 3, bytes(24)), False),
        (Picture(0, 3, b""), False),
        (Picture(-2, -3, bytes(18)), False),
        (Picture(5000, 1, bytes(15_000)), False),
    ],
)
def test_a_picture_is_as_long_as_it_says(picture: Picture, valid: bool) -> None:
    assert picture.valid is valid
