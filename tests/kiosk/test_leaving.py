"""What a visit that ends would lose or leave behind."""

from __future__ import annotations

import pytest

from kiosk import leaving
from kiosk.words import LANGUAGES, Words
from scanner.model import ScannedPage, ScannerState
from session.papers import KeyProblem, KeyStage, KeyState, Origin, Paper, Papers

USED, LEFT = Paper("d1", Origin.SCAN, 1, used=True), Paper("d2", Origin.SCAN, 1)
SCANNED = ScannerState(pages=(ScannedPage("p1"),))
COPYING = KeyState(KeyStage.COPYING, 40, plugged=True)
BROKEN = KeyState(KeyStage.PROBLEM, problem=KeyProblem.FORMAT, plugged=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_would_be_lost(language: str) -> None:
    say = Words(language)
    left, pages, key = say.count("confirm_end.left", 1), say("leaving.pages"), say("leaving.key")
    for papers, lost, briefly in (
        (Papers(), "", ""),
        (Papers(documents=(USED,), scanner=ScannerState(), key=KeyState()), "", ""),
        (Papers(documents=(USED, LEFT)), left, left),
        (Papers(documents=(LEFT,), scanner=SCANNED), f"{left} {pages}", f"{left} {pages}"),
        (Papers(scanner=SCANNED), pages, pages),
        (Papers(key=BROKEN), "", key),
        (Papers(documents=(LEFT,), key=BROKEN), left, f"{left} {key}"),
        (Papers(documents=(LEFT,), key=COPYING), left, f"{say('leaving.copying_title')}."),
    ):
        assert leaving.lost(say, papers) == lost
        assert leaving.briefly(say, papers) == briefly


def test_a_copy_and_a_key() -> None:
    pulled = KeyState(KeyStage.PROBLEM, problem=KeyProblem.PULLED)
    states = ((None, None, False), (COPYING, 40, True), (BROKEN, None, True), (pulled, None, False))
    for key, percent, plugged in states:
        papers = Papers(key=key)
        assert (leaving.copying(papers), leaving.plugged(papers)) == (percent, plugged)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_document_of_which_nothing_is_made_is_refused_with_its_reason(language: str) -> None:
    say = Words(language)
    assert say.refusal("document_locked") == f"{say('closed.locked')} {say('closed_next.locked')}"
    assert say.refusal("document_dancing") == say("refusal.other")
    assert say.refusal("locked") == say("refusal.locked"), "an agent's PIN"
