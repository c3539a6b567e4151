"""Where the visitor is led when the papers change."""

from __future__ import annotations

import msgspec

from kiosk.paper_path import NEXT, settle
from kiosk.view import Local, Side
from printing.model import PrintJob, PrintStage, PrintState
from scanner.model import ScannedPage, ScannerState, ScanStage
from session.papers import Origin, Paper, Papers, Picker

DOCUMENT, OTHER = Paper("d1", Origin.SCAN, 1), Paper("d2", Origin.SCAN, 1)
ONE, TWO = ScannedPage("p1"), ScannedPage("p2")


def at(side: Side | None, chosen: str = "", *picked: str) -> Local:
    return Local("fr", True, True, side=side, chosen=chosen, picked=picked)


def scanned(*pages: ScannedPage, stage: ScanStage = ScanStage.DONE, **values: object) -> Papers:
    return msgspec.structs.replace(Papers(documents=(), scanner=ScannerState(stage, pages=pages)), **values)


def where(local: Local) -> tuple[Side | None, str]:
    return local.side, local.chosen


def test_nothing_changes_where_nothing_went() -> None:
    before, after = Papers(documents=(DOCUMENT,)), Papers(documents=(DOCUMENT, OTHER))
    for local in (at(None), at(Side.DOCUMENT, "d1"), at(Side.PAGES), at(Side.CARD, "x")):
        assert settle(local, before, after) == local


def test_a_document_that_is_gone_leads_to_the_others() -> None:
    before, after = Papers(documents=(DOCUMENT, OTHER)), Papers(documents=(OTHER,))
    for side in (Side.DOCUMENT, Side.NAME, Side.DROP, Side.LOOK):
        assert where(settle(at(side, "d1"), before, after)) == (Side.DOCUMENTS, "")
        assert where(settle(at(side, "d2"), before, after)) == (side, "d2")


def test_what_was_tapped_for_one_site_is_not_sent_to_another() -> None:
    first, second = Papers(picker=Picker("1", "a")), Papers(picker=Picker("2", "b"))
    for before, after in ((first, second), (first, Papers()), (Papers(), first)):
        settled = settle(at(Side.DOCUMENT, "d1", "d1", "d2"), before, after)
        assert (settled.picked, settled.side, settled.chosen) == ((), None, "")
    assert settle(at(None, "", "d1"), first, first).picked == ("d1",)


def test_a_scan_that_was_kept_gets_its_name_or_goes_to_the_site() -> None:
    before = scanned(ONE, TWO)
    after = scanned(stage=ScanStage.READY, documents=(DOCUMENT,))
    assert where(settle(at(Side.REVIEW), before, after)) == (Side.NAME, "d1")
    asking = Picker("1", "a")
    settled = settle(
        at(Side.REVIEW),
        msgspec.structs.replace(before, picker=asking),
        msgspec.structs.replace(after, picker=asking),
    )
    assert settled.side is None
    # A download that arrives meanwhile is no scan.
    arrived = msgspec.structs.replace(before, documents=(DOCUMENT,))
    assert where(settle(at(Side.REVIEW), before, arrived)) == (Side.REVIEW, "")
    assert where(settle(at(Side.PAGES), before, after)) == (Side.PAGES, "")


def test_laying_the_next_page_down_ends_with_its_scan() -> None:
    done, scanning = scanned(ONE), scanned(ONE, stage=ScanStage.SCANNING)
    assert where(settle(at(Side.SCANNER, NEXT), done, done)) == (Side.SCANNER, NEXT)
    assert where(settle(at(Side.SCANNER, NEXT), done, scanning)) == (Side.SCANNER, "")


def test_a_page_that_is_gone_leads_to_the_others() -> None:
    before, after = scanned(ONE, TWO), scanned(TWO)
    assert where(settle(at(Side.SCAN_PAGE, "p1"), before, after)) == (Side.REVIEW, "")
    assert where(settle(at(Side.SCAN_PAGE, "p2"), before, after)) == (Side.SCAN_PAGE, "p2")
    assert where(settle(at(Side.DROP, "p1"), before, after)) == (Side.REVIEW, "")
    assert where(settle(at(Side.DROP, "p2"), before, after)) == (Side.DROP, "p2")
    assert where(settle(at(Side.DROP, "p2"), after, scanned(stage=ScanStage.READY))) == (Side.SCANNER, "")
    assert where(settle(at(Side.REVIEW), after, scanned(stage=ScanStage.READY))) == (Side.SCANNER, "")


def test_a_job_that_ended_closes_what_was_opened_in_it() -> None:
    job = Papers(printing=PrintState(PrintStage.ASKING, PrintJob("j")))
    for side in (Side.LOOK, Side.PRINT_CHOICES):
        assert where(settle(at(side, "j"), job, Papers(printing=PrintState()))) == (None, "")
        assert where(settle(at(side, "j"), job, job)) == (side, "j")
    assert where(settle(at(Side.PAGES), job, Papers(printing=PrintState()))) == (Side.PAGES, "")


def test_after_printing_the_document_is_there_again() -> None:
    own = Papers(documents=(DOCUMENT,), printing=PrintState(PrintStage.DONE, PrintJob("j", "d1")))
    for side in (Side.LOOK, Side.PRINT_CHOICES, Side.DOCUMENT, None):
        after = Papers(documents=(DOCUMENT,), printing=PrintState())
        assert where(settle(at(side, "j"), own, after)) == (Side.DOCUMENT, "d1")
