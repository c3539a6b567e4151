"""The on-screen keyboard on a whole station: what is tapped is what the portal gets.

MARCHEPIED_PICTURES names a directory that keeps a picture of each step, for people to look at.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import psutil
import pytest

from kiosk.keyboard.layouts import Do
from session.model import Component
from session.pages import FieldKind
from tests.portal import Portal
from tests.station.finger import Finger
from tests.station.fixtures import at_site
from tests.station.harness import RunningStation, wait_until
from tests.station.visitor import PORTAL, Visitor
from tests.system.test_pages import desk_until, picture

NAME, PASSWORD = (450, 375), (450, 477)
"""Fields of the log-in page, in pixels of a screen of 1280 by 800."""
PASSWORD_ABOVE = (450, 357)
"""The second of them once the page has made room for the keyboard."""
BESIDE = (1150, 300)


@pytest.fixture(scope="module")
def station(portal: Portal) -> Iterator[RunningStation]:
    with RunningStation(
        name="kb", first_uid=62_000, port=portal.port, tls_port=portal.tls_port, down_port=portal.down_port
    ) as one:
        yield one


@pytest.fixture
def visitor(station: RunningStation, portal: Portal) -> Iterator[Visitor]:
    """Before the log-in page of the portal."""
    portal.reset()
    with at_site(station) as one:
        one.screen.key("Return")
        one.wait_page("Connexion" + PORTAL)
        yield one


@pytest.fixture
def finger(visitor: Visitor) -> Finger:
    return Finger(visitor)


def in_the_field(station: RunningStation) -> None:
    desk_until(station, lambda desk: desk.field is FieldKind.TEXT, "a text field with the focus")


def ask(visitor: Visitor, finger: Finger) -> None:
    """The bar's key, for a field that has the focus already."""
    visitor.tap_until("bar_keyboard", lambda: finger.up)
    finger.begin()


def test_a_visit_is_typed_by_tapping(visitor: Visitor, finger: Finger, station: RunningStation, portal: Portal) -> None:
    _log_in(visitor, finger, station, portal)
    visitor.screen.key("Return")
    visitor.wait_page("Demande" + PORTAL)
    _fill_in(visitor, finger)
    wait_until(lambda: len(portal.journal.forms) > 1, 10, "the form")
    got = portal.journal.forms[-1].fields
    wanted = {
        "nom": "Martin-L'Écuyer", "prenom": "Zoé", "adresse": "3 bis, rue du Pont", "courriel": "zoe@exemple.fr",
        "foyer": "12",
    }  # fmt: skip
    assert {name: got[name] for name in wanted} == wanted


def _log_in(visitor: Visitor, finger: Finger, station: RunningStation, portal: Portal) -> None:
    # The page gave the focus to its first field by itself: no keyboard for that.
    in_the_field(station)
    assert not finger.up
    visitor.screen.tap_page(*NAME)
    finger.begin()
    picture(visitor, "keyboard")
    finger.type("zoe.martin@exemple.fr")
    visitor.screen.tap_page(*PASSWORD_ABOVE)
    visitor.screen.settle(2)  # until the field has the focus: before that it gets no keys
    alphabets = finger.look(Do.NEXT)
    finger.type('Été_2026@"#{x')
    finger.tap_reveal(alphabets)
    finger.type("}")
    picture(visitor, "password")
    finger.tap(Do.ENTER)
    visitor.wait_page("Mon espace" + PORTAL)
    (form,) = portal.journal.forms
    assert form.fields == {"identifiant": "zoe.martin@exemple.fr", "mot_de_passe": 'Été_2026@"#{x}'}
    finger.wait(up=False)


def _fill_in(visitor: Visitor, finger: Finger) -> None:
    """Goes from field to field with a real keyboard's Tab, which takes ours away, and types with ours."""
    screen = visitor.screen
    ask(visitor, finger)
    finger.type("Martin-L'Écuyer")
    picture(visitor, "form")
    _next(visitor, finger)
    finger.type("Zoé")
    _on(visitor, finger)
    screen.type("05051950")
    for key in ("Tab", "Tab", "space"):
        screen.key(key)
    _next(visitor, finger)
    finger.type("3 bis, rue du Pont")
    _on(visitor, finger, 2)
    _next(visitor, finger)
    finger.type("zoe@exemple.fr")
    _next(visitor, finger)
    finger.tap(Do.SIGNS)
    finger.tap(Do.DIGITS)
    picture(visitor, "pad")
    for digit in ("1", "3", Do.BACKSPACE, "2"):
        finger.tap(digit)
    finger.tap(Do.ENTER)


def _on(visitor: Visitor, finger: Finger, times: int = 1) -> None:
    for _ in range(times):
        visitor.screen.key("Tab")
    finger.wait(up=False)


def _next(visitor: Visitor, finger: Finger) -> None:
    _on(visitor, finger)
    ask(visitor, finger)


def test_the_keyboard_comes_and_goes(visitor: Visitor, finger: Finger, station: RunningStation) -> None:
    visitor.screen.tap_page(*NAME)
    finger.wait()
    visitor.screen.tap_page(*BESIDE)
    finger.wait(up=False)
    # A tap that gives the focus to no text field brings none.
    desk_until(station, lambda desk: desk.field is None, "no field")
    visitor.screen.tap_page(*BESIDE)
    visitor.screen.settle(2)
    assert not finger.up
    visitor.tap_until("bar_keyboard", lambda: finger.up)
    visitor.tap_until("bar_keyboard", lambda: not finger.up)
    visitor.screen.tap_page(*PASSWORD)
    finger.begin()
    visitor.screen.key("a")
    finger.wait(up=False)


def test_it_goes_with_the_page(visitor: Visitor, finger: Finger) -> None:
    visitor.screen.tap_page(*NAME)
    finger.begin()
    visitor.tap_until("bar_home", lambda: sum(visitor.screen.picture(4, 4, 1, 1).getpixel((0, 0))[:3]) > 600)  # type: ignore[index]
    visitor.screen.settle(2)
    picture(visitor, "home")
    # Nothing of it is left over the full screen, and no hole in it.
    assert sum(visitor.screen.picture(4, 796, 1, 1).getpixel((0, 0))[:3]) > 600  # type: ignore[index]


def test_a_key_repeats_and_a_letter_offers_its_accents(visitor: Visitor, finger: Finger, portal: Portal) -> None:
    visitor.screen.tap_page(*NAME)
    finger.begin()
    finger.type("x" * 12)
    visitor.screen.wait(lambda _picture: _ink(visitor) > 300, what="what was typed")
    with finger.resting_on(Do.BACKSPACE):
        visitor.screen.wait(lambda _picture: _ink(visitor) < 60, what="an empty field")
    finger.tap(Do.BACKSPACE)  # for one that the eye may have missed
    finger.type("zo")
    with finger.resting_on("e"):
        finger.wait_for_choices("e")
    picture(visitor, "accents")
    finger.tap("ê")
    finger.tap(Do.ENTER)
    wait_until(lambda: bool(portal.journal.forms), 10, "the form")
    assert portal.journal.forms[0].fields["identifiant"] == "zoê"


def _ink(visitor: Visitor) -> int:
    """Dark points of the field for the name, once the keyboard is there; a caret has few."""
    return sum(visitor.screen.picture(190, 240, 400, 30).convert("L").histogram()[:100])


def test_a_fast_hand_at_a_real_keyboard_is_not_overtaken(
    visitor: Visitor, station: RunningStation, portal: Portal
) -> None:
    """Keys for a text field go through the desk, those for a password do not: each has to wait for those before it."""
    in_the_field(station)
    with stuttering(station.processes(Component.DESK)) as stutter:
        for character in "zoe.martin\tmotdepassetreslong\r":
            visitor.screen.type(character)
            stutter.wait(0.004)
        wait_until(lambda: bool(portal.journal.forms), 20, "the form")
    assert portal.journal.forms[-1].fields == {"identifiant": "zoe.martin", "mot_de_passe": "motdepassetreslong"}


@contextlib.contextmanager
def stuttering(processes: list[psutil.Process]) -> Iterator[threading.Event]:
    """They stand still for 30 ms and run for 3, again and again, as on a machine that has too much to do."""
    over = threading.Event()

    def stutter() -> None:
        while not over.is_set():
            for process in processes:
                process.suspend()
            over.wait(0.03)
            for process in processes:
                process.resume()
            over.wait(0.003)

    thread = threading.Thread(target=stutter)
    thread.start()
    try:
        yield over
    finally:
        over.set()
        thread.join()
