"""What each button of the screens of papers does: which call it makes, or where it leads."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import msgspec
import pytest

from kiosk.papers import Calls
from kiosk.view import OF_PAPERS, Screen
from kiosk.words import Words
from tests.kiosk import recorded
from tests.kiosk.tapping import PASSAGES, Report, Tap
from tests.kiosk.xvfb import xvfb

say = Words("fr")


@pytest.fixture(scope="module")
def report_of_taps(tmp_path_factory: pytest.TempPathFactory) -> Report:
    with xvfb(1920, 1920) as display:
        done = subprocess.run(
            [sys.executable, "-m", "tests.kiosk.tapping"],
            env={**os.environ, "DISPLAY": display, "HOME": str(tmp_path_factory.mktemp("home"))},
            check=True,
            stdout=subprocess.PIPE,
            timeout=1100,
        )
    return msgspec.json.decode(done.stdout, type=Report)


@pytest.fixture(scope="module")
def taps(report_of_taps: Report) -> list[Tap]:
    return report_of_taps.taps


def job(case: str, **changes: object) -> dict[str, Any]:
    printing = recorded.STATES[case].papers.printing
    assert printing is not None
    assert printing.job is not None
    wanted: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(printing.job, **changes))
    return wanted


CALLS: list[tuple[str, str, list[tuple[str, list[Any]]]]] = [
    ("scanner_glass", "scanner.scan", [("scan", [])]),
    ("scanner_glass", "scanner.card", [("scan_card", [True])]),
    ("scanner_card", "scanner.sheet", [("scan_card", [False])]),
    ("scanner_next", "scanner.scan", [("scan", [])]),
    ("scanner_retake", "scanner.scan", [("retake", ["page2"])]),
    ("scanner_scanning", "scanner.stop", [("stop_scan", [])]),
    ("scanner_done_blank", "scanner.drop", [("drop_page", ["blank3"])]),
    ("scanner_jammed", "scanner.retry", [("scan", [])]),
    ("scanner_not_found", "scanner.retry", [("look_for_scanner", [])]),
    ("scanner_jammed", "help.call", [("CallAgent", [])]),
    ("review_many", "review.keep", [("keep_scan", [])]),
    ("review_keeping", "review.stop", [("stop_keep", [])]),
    ("shelf_many", "shelf.scan", [("look_for_scanner", [])]),
    ("picker_one", "picker.scan", [("look_for_scanner", [])]),
    ("fit_unreadable_cut", "Couper après la page 4", [("leave_fit", ["letter3"]), ("split", ["letter3", 5])]),
    ("scanpage", "scan_page.turn", [("turn", ["page2"])]),
    ("scanpage", "scan_page.before", [("move", ["page2", -1])]),
    ("scanpage", "scan_page.after", [("move", ["page2", 1])]),
    ("drop_page", "drop.yes_page", [("drop_page", ["page2"])]),
    ("fixes", "correction.straightened", [("correct", ["page1", "straightened", False])]),
    ("fixes", "correction.no_brightened", [("correct", ["page1", "brightened", True])]),
    ("document", "document.fit", [("fit", ["letter1"])]),
    ("document", "document.copy", [("copy_to_key", [["letter1"]])]),
    ("document", "document.print", [("print_document", ["letter1"])]),
    ("look_first", "look.read", [("read", ["letter3", 1])]),
    ("read_working", "common.back", [("leave_reading", [])]),
    ("read_short", "look.after", [("read", ["letter1", 2])]),
    ("merge_three", "Réunir les 3", [("merge", [["letter1", "letter3", "card1"]])]),
    ("split", "Page 2", [("split", ["letter1", 2])]),
    ("name", "label.pay", [("name", ["letter1", "pay"])]),
    ("drop", "drop.yes", [("drop", ["card1"])]),
    ("fit_asking", "Moins de 2 Mo", [("fit_under", ["letter3", 2_000_000])]),
    ("fit_asking", "common.back", [("leave_fit", ["letter3"])]),
    ("fit_working", "fit.stop", [("leave_fit", ["letter3"])]),
    ("fit_done", "fit.keep", [("keep_fit", ["letter3"])]),
    ("fit_done", "fit.leave", [("leave_fit", ["letter3"])]),
    ("picker_one", "picker.nothing", [("send", ["ask1", []])]),
    ("picker_chosen", "Envoyer", [("send", ["ask1", ["card1"]])]),
    ("picker_several", "Envoyer les 2", [("send", ["ask1", ["letter7", "letter6"]])]),
    (
        "picker_limits",
        "Releve_de_compte_octobre_et_novembre_complet.pdf, Trop lourd\N{NO-BREAK SPACE}: alléger",
        [("fit_under", ["letter3", 2_000_000])],
    ),
    ("fit_asking_site", "Pour ce site : moins de 2 Mo", [("fit_under", ["letter3", 2_000_000])]),
    ("print_asking", "print.now", [("print_now", ["job1"])]),
    ("print_asking", "print.leave", [("leave_print", ["job1"])]),
    ("print_asking", "print.more", [("print_as", [job("print_asking", copies=2)])]),
    ("print_left", "print.fewer", [("print_as", [job("print_left", copies=1)])]),
    ("print_too_many", "help.call", [("CallAgent", [])]),
    ("print_printing", "print.stop", [("leave_print", ["job1"])]),
    ("print_no_paper", "print.stop", [("leave_print", ["job1"])]),
    ("print_no_paper", "help.call", [("CallAgent", [])]),
    ("print_done", "print.taken", [("leave_print", ["job1"])]),
    ("printchoices", "print_choices.colour", [("print_as", [job("printchoices", colour=True)])]),
    ("printchoices", "print_choices.two_sides", [("print_as", [job("printchoices", two_sided=True)])]),
    ("printchoices", "print_choices.one_page", [("print_as", [job("printchoices", only_page=1)])]),
    ("printchoices_other", "print_choices.all_pages", [("print_as", [job("printchoices_other", only_page=None)])]),
    ("key_files", "DSC_0001.JPG, 4,2 Mo", [("take_from_key", ["photo9"])]),
    ("key_files", "key.copy_all", [("copy_to_key", [[]])]),
    ("key_done", "key.understood", [("leave_key", [])]),
    ("key_full", "common.back", [("leave_key", [])]),
    ("card", "card.papers", [("begin", ["d-housing"])]),
    ("card", "card.begin", [("begin", ["d-housing"]), ("open_site", ["site7"])]),
    ("dossier_half", "dossier.begin", [("open_site", ["site7"])]),
    ("dossier_half", "dossier.print", [("print_missing", [])]),
    ("paper", "status.have", [("set_paper", ["pay", "have"])]),
    ("paper", "status.to_scan", [("set_paper", ["pay", "to_scan"])]),
    ("paper", "status.to_ask", [("set_paper", ["pay", "to_ask"])]),
    ("sites", "Mon compte ameli", [("open_site", ["site0"])]),
]
"""A case, the key (or the words) of a button, and the calls of a tap."""

LEADS: list[tuple[str, str, tuple[str | None, str]]] = [
    ("scanner_done", "scanner.next", ("scanner", "next")),
    ("scanner_done", "scanner.again", ("scanner", "page2")),
    ("scanner_done", "C’est tout : 2 pages", ("review", "")),
    ("scanner_next", "common.back", ("scanner", "")),
    ("scanner_glass", "common.back", ("documents", "")),
    ("scanner_picker", "common.back", (None, "")),
    ("review_many", "Page 1", ("scan_page", "page1")),
    ("review_many", "review.add", ("scanner", "next")),
    ("scanpage", "scan_page.again", ("scanner", "page2")),
    ("scanpage", "scan_page.drop", ("drop", "page2")),
    ("drop_page", "drop.no_page", ("scan_page", "page2")),
    ("scanner_called", "common.called", ("help", "")),
    ("scanpage", "scan_page.fixes", ("fixes", "page2")),
    ("scanpage", "common.back", ("review", "")),
    ("fixes", "common.back", ("scan_page", "page1")),
    ("shelf_many", "shelf.scan", ("scanner", "")),
    ("shelf_many", "shelf.key", ("key", "")),
    ("shelf_one", "Avis d’imposition, Utilisé", ("document", "letter1")),
    ("shelf_one", "common.back", (None, "")),
    ("document", "document.look", ("look", "letter1")),
    ("document", "document.name", ("name", "letter1")),
    ("document", "document.drop", ("drop", "letter1")),
    ("document", "document.copy", ("key", "")),
    ("name", "label.pay", ("document", "letter1")),
    ("drop", "drop.no", ("document", "card1")),
    ("picker_one", "picker.scan", ("scanner", "")),
    ("print_asking", "print.look", ("look", "job1")),
    ("printchoices", "print_choices.ready", (None, "")),
    ("themes", "theme.logement", ("procedures", "logement")),
    ("themes", "common.help", ("help", "")),
    ("themes", "common.finished", ("confirm_end", "")),
    ("procedures", "Demander un logement social", ("card", "d-housing")),
    ("card", "common.back", ("procedures", "logement")),
    ("card", "card.papers", ("dossier", "d-housing")),
    ("dossier_half", "Pièce d'identité Je l’ai", ("paper", "id")),
    ("dossier_half", "common.back", ("card", "d-housing")),
    ("paper", "picker.scan", ("scanner", "")),
    ("paper", "common.back", ("dossier", "d-housing")),
    ("document", "document.arrange", ("arrange", "letter1")),
    ("arrange", "arrange.merge", ("merge", "letter1")),
    ("arrange", "arrange.split", ("split", "letter1")),
    ("merge_three", "Réunir les 3", ("documents", "")),
    ("merge", "common.back", ("document", "letter1")),
    ("split", "common.back", ("document", "letter1")),
    ("look_first", "look.read", ("read", "letter3")),
    ("read_working", "common.back", ("look", "letter1")),
    ("look_print", "common.back", (None, "")),
    ("look_first", "common.back", ("document", "letter3")),
]
"""A case, the key (or the words) of a button, and the side and the id that a tap leads to."""

PICKS = [
    ("picker_one", "Avis d’imposition, 2 pages, 412 ko", ["letter1"]),
    ("picker_chosen", "Avis d’imposition, 2 pages, 412 ko", ["letter1"]),
    ("picker_chosen", "Pièce d’identité, Choisi", []),
    ("picker_several", "Bulletin de salaire, 5 pages, 1,0 Mo", ["letter7", "letter6", "letter5"]),
    ("picker_several", "Papier de santé, Choisi", ["letter6"]),
    ("arrange", "arrange.merge", ["letter1"]),
    ("merge", "Pièce d’identité, 1 page, 310 ko", ["letter1", "card1"]),
    ("merge_three", "Pièce d’identité, Numéro 3", ["letter1", "letter3"]),
]


def tapped(taps: list[Tap], case: str, button: str) -> list[Tap]:
    """On each size of screen that shows it."""
    words = say.texts.get(button, button)
    found = [tap for tap in taps if tap.case == case and tap.button in (words, " ".join(words.split()))]
    assert len(found) == 1 + (case in recorded.FIRST), [tap.button for tap in taps if tap.case == case]
    return found


@pytest.mark.parametrize(("case", "button", "calls"), CALLS)
def test_calls(taps: list[Tap], case: str, button: str, calls: list[tuple[str, list[Any]]]) -> None:
    assert all(tap.calls == calls for tap in tapped(taps, case, button))


@pytest.mark.parametrize(("case", "button", "where"), LEADS)
def test_leads(taps: list[Tap], case: str, button: str, where: tuple[str | None, str]) -> None:
    assert all((tap.side, tap.chosen) == where for tap in tapped(taps, case, button))


@pytest.mark.parametrize(("case", "button", "picked"), PICKS)
def test_picks(taps: list[Tap], case: str, button: str, picked: list[str]) -> None:
    assert all((tap.picked, tap.calls) == (picked, []) for tap in tapped(taps, case, button))


def test_every_call_is_made_by_a_tap() -> None:
    made = {name for _, _, calls in CALLS for name, _ in calls}
    assert {name for name in vars(Calls) if not name.startswith("_")} - {"picture"} <= made


def test_no_button_is_dead(taps: list[Tap]) -> None:
    assert {(tap.case, tap.button) for tap in taps if not (tap.calls or tap.moved)} == set()


def test_every_recorded_state_has_a_way_on(taps: list[Tap]) -> None:
    assert {tap.case for tap in taps} == set(recorded.STATES)


def test_a_new_screen_takes_no_tap(taps: list[Tap]) -> None:
    assert {(tap.case, tap.button) for tap in taps if tap.at_once} == set()


def test_no_tap_leads_to_a_room_that_is_not_there(taps: list[Tap]) -> None:
    """A station with that one room: what it does not have is not offered either."""
    wrong = []
    for tap in taps:
        papers = recorded.STATES[tap.case].papers
        calls = {name for name, _ in tap.calls}
        if papers.scanner is None and (tap.side in ("scanner", "review") or "scan" in calls):
            wrong.append((tap.case, tap.button))
        if not papers.workable and calls & {"fit", "merge", "split", "read"}:
            wrong.append((tap.case, tap.button))
        if papers.printing is None and calls & {"print_document", "print_now", "print_missing"}:
            wrong.append((tap.case, tap.button))
        if papers.key is None and (tap.side == "key" or "copy_to_key" in calls):
            wrong.append((tap.case, tap.button))
    assert wrong == []


def test_no_side_without_a_screen(taps: list[Tap]) -> None:
    """Where a tap opens a side, its screen comes, and not another in its place."""
    names = {"documents": Screen.SHELF}
    wrong = [
        (tap.case, tap.button, tap.side, tap.leads_to)
        for tap in taps
        if tap.side is not None
        and names.get(tap.side, tap.side) in OF_PAPERS
        and tap.leads_to != names.get(tap.side, tap.side)
        and tap.side != recorded.STATES[tap.case].side
    ]
    assert wrong == []


SMALL = {("scanner_glass", "scanner_card"), ("print_asking", "print_left"), ("picker_one", "picker_chosen")}
"""A choice on the same screen: the keyboard stays where it is, and nothing is said anew."""


def test_what_comes_by_itself_is_a_new_screen_to_the_ear_and_the_keyboard(report_of_taps: Report) -> None:
    assert {(first, second): new for first, second, new in report_of_taps.passages} == {
        passage: passage not in SMALL for passage in PASSAGES
    }


@pytest.mark.parametrize(("button", "calls"), [("confirm_end.no", []), ("confirm_end.yes", [("end", [])])])
def test_the_end_is_asked_about(taps: list[Tap], button: str, calls: list[tuple[str, list[Any]]]) -> None:
    assert all(tap.calls == calls for tap in tapped(taps, "confirm_unused", button))


def test_a_station_of_today_loads_the_screens_that_it_has(report_of_taps: Report) -> None:
    """In its quiet moments: whoever comes to one of them does not wait for it."""
    assert Screen.WHAT_FOR in report_of_taps.loaded
    to_come = {
        *(Screen.THEMES, Screen.SITES, Screen.PROCEDURES, Screen.CARD, Screen.DOSSIER, Screen.PAPER),
        *(Screen.PRINT, Screen.PRINT_CHOICES),
    }
    assert set(report_of_taps.loaded) & OF_PAPERS == OF_PAPERS - to_come
