"""Visits to the rooms of papers, by snapshots and by what taps ask of the presenter: which screen follows which."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kiosk.paper_path import NEXT
from kiosk.presenter import Presenter
from kiosk.view import Screen, Side
from printing.model import PrintJob, PrintStage, PrintState
from scanner.model import ScannedPage, ScannerState, ScanStage
from session.papers import Choice, Fit, FitStage, Origin, Paper, Picker
from tests.kiosk import cases

READY = ScannerState()
ONE, TWO = ScannedPage("p1", 1), ScannedPage("p2", 1)
LETTER = Paper("d1", Origin.SCAN, 400_000, 2, picture=1)


@pytest.fixture
def ui(tmp_path: Path) -> Presenter:
    """In a session, at a site."""
    presenter = Presenter(cases.SETTINGS, tmp_path, lambda: None)
    presenter.snapshot, presenter.desk = cases.session(), cases.at_site(cases.page(1))
    presenter.read_notice()
    return presenter


def papers(ui: Presenter, **changes: object) -> Screen:
    """The papers change so; the screen after it."""
    ui.take_papers(msgspec.structs.replace(ui.rooms.papers, **changes))
    return ui.screen


def opened(ui: Presenter, side: Side, chosen: str = "") -> Screen:
    ui.turn_to(side, chosen)
    return ui.screen


def scanner(ui: Presenter, stage: ScanStage, *pages: ScannedPage) -> Screen:
    return papers(ui, scanner=ScannerState(stage, pages=pages))


def test_a_site_asks_for_a_paper_that_is_still_on_paper(ui: Presenter) -> None:
    assert papers(ui, documents=(), scanner=READY, printing=PrintState()) is Screen.BAR
    assert papers(ui, picker=Picker("1", "caf.fr")) is Screen.PICKER
    ui.turn_to(Side.SCANNER)
    seen = [ui.screen, scanner(ui, ScanStage.SCANNING), scanner(ui, ScanStage.DONE, ONE)]
    ui.turn_to(Side.SCANNER, NEXT)
    seen += [ui.screen, scanner(ui, ScanStage.SCANNING, ONE), scanner(ui, ScanStage.DONE, ONE, TWO)]
    assert set(seen) == {Screen.SCANNER}
    assert opened(ui, Side.REVIEW) is Screen.REVIEW
    assert opened(ui, Side.SCAN_PAGE, "p1") is Screen.SCAN_PAGE
    assert scanner(ui, ScanStage.DONE, TWO) is Screen.REVIEW, "the page was dropped"
    kept = papers(ui, documents=(LETTER,), scanner=READY, picker=Picker("1", "caf.fr", choices=(Choice("d1"),)))
    assert kept is Screen.PICKER
    ui.pick("d1")
    assert papers(ui, fit=Fit("d1", FitStage.WORKING)) is Screen.FIT
    assert papers(ui, fit=None) is Screen.PICKER
    picked = [ui.local.picked]
    assert papers(ui, picker=None) is Screen.BAR
    assert [*picked, ui.local.picked] == [("d1",), ()]


def test_a_letter_is_scanned_named_and_printed(ui: Presenter) -> None:
    papers(ui, documents=(), scanner=READY, printing=PrintState())
    assert opened(ui, Side.DOCUMENTS) is Screen.SHELF
    ui.turn_to(Side.SCANNER)
    scanner(ui, ScanStage.DONE, ONE)
    ui.turn_to(Side.REVIEW)
    assert papers(ui, documents=(LETTER,), scanner=READY) is Screen.NAME
    assert ui.local.chosen == "d1"
    ui.turn_to(Side.DOCUMENT, "d1")
    job = PrintJob("j1", "d1", 2, 2, 2, picture=1)
    assert papers(ui, printing=PrintState(PrintStage.ASKING, job)) is Screen.PRINT
    assert opened(ui, Side.PRINT_CHOICES) is Screen.PRINT_CHOICES
    assert opened(ui, Side.LOOK, "j1") is Screen.LOOK
    ui.turn_to(None)
    stages = (PrintStage.PRINTING, PrintStage.STOPPED, PrintStage.PRINTING, PrintStage.DONE)
    assert {papers(ui, printing=PrintState(stage, job)) for stage in stages} == {Screen.PRINT}
    assert papers(ui, printing=PrintState()) is Screen.DOCUMENT


def test_a_room_that_goes_takes_its_screen_with_it(ui: Presenter) -> None:
    """Its worker died, say: the site is there, and nothing that pretends to work."""
    papers(ui, documents=(LETTER,), scanner=READY)
    for side, room in ((Side.SCANNER, "scanner"), (Side.DOCUMENT, "documents")):
        ui.turn_to(side, "d1" if side is Side.DOCUMENT else "")
        assert ui.screen is Screen(side)
        papers(ui, **{room: None})
        assert ui.screen is Screen.BAR, side


def test_nothing_of_the_papers_outlives_the_visit(ui: Presenter) -> None:
    papers(ui, documents=(LETTER,), picker=Picker("1", "caf.fr", choices=(Choice("d1"),)))
    ui.pick("d1")
    ui.turn_to(Side.DOCUMENT, "d1")
    ui._on_snapshot(cases.CASES["erasing"].snapshot)  # type: ignore[arg-type]
    assert ui.screen is Screen.ERASING
    assert (ui.local.side, ui.local.chosen, ui.local.picked) == (None, "", ())


def test_the_start_of_a_print_waits_for_no_side(ui: Presenter) -> None:
    """A page's own print button: the same screen, whatever was open."""
    for side in (None, Side.PAGES, Side.DOCUMENTS, Side.SCANNER):
        ui.turn_to(side)
        job = PrintJob("j1")
        assert papers(ui, printing=PrintState(PrintStage.ASKING, job)) is Screen.PRINT
        papers(ui, printing=PrintState())
