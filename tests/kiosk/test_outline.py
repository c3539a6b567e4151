"""What is read aloud of every screen, as the widgets themselves say it: all that is seen, in order."""

from __future__ import annotations

import itertools
import re

import pytest

from kiosk.speech.outline import Item, Role, outline, spoken
from kiosk.theme import TextSize
from kiosk.words import LANGUAGES, Words
from tests.kiosk import cases
from tests.kiosk.gallery import Outline, Read, Report, Target


class Thing:
    """As a Kivy widget: its children are kept from the last to the first."""

    def __init__(self, *children: Thing, opacity: float = 1, disabled: bool = False) -> None:
        self.children = list(reversed(children))
        self.opacity, self.disabled = opacity, disabled


class Says(Thing):
    def __init__(self, text: str, role: Role = Role.TEXT, *children: Thing, words: str = "", tongue: str = "") -> None:
        super().__init__(*children)
        self.text, self.role, self.words, self.tongue = text, role, words, tongue


def heard(widget: Thing) -> list[str]:
    return [item.words for item in outline(widget)]


def test_a_tree_is_read_in_the_order_of_its_making() -> None:
    tree = Thing(Says("un", Role.TITLE), Thing(Says("deux"), Thing(Says("trois"))), Says("quatre"))
    assert heard(tree) == ["un", "deux", "trois", "quatre"]


def test_what_is_not_there_for_the_eye_is_not_there_for_the_ear() -> None:
    hidden, off = Thing(Says("un"), opacity=0), Thing(Says("deux"), disabled=True)
    assert heard(Thing(hidden, off, Says(""), Says("x", Role.SILENT, Says("y")))) == []


def test_what_does_not_say_that_it_can_be_read_is_not() -> None:
    field = Thing()
    field.text = "motdepasse"  # type: ignore[attr-defined]
    assert heard(Thing(field)) == []


def test_words_come_before_text_and_text_before_what_is_inside() -> None:
    assert heard(Says("A+", Role.BUTTON, Says("non"), words="Texte plus grand")) == ["Texte plus grand"]
    assert heard(Says("", Role.BUTTON, Says("Titre\nlong"), Says("P", Role.SILENT), Says("site.fr"))) == [
        "Titre long, site.fr"
    ]


def test_a_button_is_said_to_be_one() -> None:
    say = Words("fr")
    assert spoken(Item(Role.BUTTON, "Commencer", "", False, None), say) == "Commencer, bouton"
    assert spoken(Item(Role.CHOSEN, "Français", "fr", False, None), say) == "Français, bouton, choisi"
    assert spoken(Item(Role.TITLE, "Bonjour", "", False, None), say) == "Bonjour"


def _comes_before(first: Read, second: Read, *, mirrored: bool) -> bool:
    """Whether a reader of the page meets `first` first: above, or on the same line and where it begins."""
    together = min(first.bottom, second.bottom) - max(first.top, second.top)
    same_line = together > 0.5 * min(first.bottom - first.top, second.bottom - second.top)
    if not same_line:
        return first.top < second.top
    return first.right >= second.right if mirrored else first.left <= second.left


@pytest.mark.parametrize("name", cases.CASES)
def test_everything_is_read_from_top_to_bottom(report: Report, name: str) -> None:
    drawn = [one for one in report.outlines if one.case == name]
    assert drawn
    for one in drawn:
        # A word that is said over a screen lies on its head, and comes first.
        items = one.items[1:] if cases.CASES[name].said and not name.startswith("bar") else one.items
        mirrored = Words(one.language).mirrored
        pairs = itertools.pairwise(items)
        wrong = [(a.words, b.words) for a, b in pairs if not _comes_before(a, b, mirrored=mirrored)]
        assert wrong == [], (one.language, one.width, one.height)


@pytest.mark.parametrize("name", cases.CASES)
def test_every_button_is_read_once(report: Report, name: str) -> None:
    for one in report.outlines:
        if one.case == name:
            shown = [
                (target.left, target.top)
                for target in report.targets
                if (target.case, target.language, target.width, target.height) == _which(one)
                and target.text_size is TextSize.NORMAL
                and not _is_key_of_a_pin(target)
            ]
            said = [(item.left, item.top) for item in one.items if item.role in ("button", "chosen")]
            assert sorted(said) == sorted(shown)


def _is_key_of_a_pin(target: Target) -> bool:
    """Never read aloud, nor the two that belong to them."""
    middle = (target.left + target.right) / 2
    beside = middle < target.width / 2 if Words(target.language).mirrored else middle > target.width / 2
    return target.case.startswith("pin") and beside and target.top > 95


def _which(one: Outline) -> tuple[str, str, int, int]:
    return one.case, one.language, one.width, one.height


def said(report: Report, case: str, language: str = "fr") -> list[str]:
    found = next(one for one in report.outlines if (one.case, one.language) == (case, language))
    return [f"{item.role}: {item.words}" for item in found.items]


@pytest.mark.parametrize("language", LANGUAGES)
def test_full_screens_have_one_title(report: Report, language: str) -> None:
    for name in cases.CASES:
        if not name.startswith("bar"):
            assert sum(line.startswith("title: ") for line in said(report, name, language)) <= 1, name


def test_the_welcome(report: Report) -> None:
    lines = said(report, "welcome")
    assert [line for line in lines if not line.startswith("text: ")] == [
        "button: Écouter",
        "button: Affichage",
        "title: Bonjour",
        "button: Commencer",
        "chosen: Français",
        "button: English",
        "button: Nederlands",
        "button: العربية",
    ]
    assert lines[-1].startswith("text: La dernière visite a été effacée")


def test_the_bar(report: Report) -> None:
    lines = said(report, "bar_full")
    assert lines[0] == "text: Connexion protégée"
    assert lines[2].startswith("text: Encore ")
    assert lines[2].endswith(" minutes")
    assert lines[3:] == [
        "button: J’ai fini",
        "button: Écouter",
        "button: Documents : 6",
        "button: Pages : 5",
        "button: Clavier",
        "button: Retour",
        "button: Texte plus petit",
        "button: Texte plus grand",
        "button: Accueil",
        "button: Aide",
    ]


def test_a_list(report: Report) -> None:
    lines = said(report, "pages")
    assert "chosen: Page 1 : mes derniers remboursements, ameli.fr" in lines
    assert "button: Fermer Page 1 : mes derniers remboursements" in lines
    assert "button: Page 2 : mes derniers remboursements, Page arrêtée" in lines


STEADY = tuple(
    Words("fr")(key).split("{")[0]
    for key in (
        "common.back", "common.finished", "common.help", "common.called", "common.more", "display.button",
        "pages.close_one", "card.papers", "interview.on", "interview.possible", "speech.listen", "speech.stop",
        "speech.softer", "speech.louder",
    )
)  # fmt: skip
"""Buttons that are on most screens, always at the same place; and "Fermer", beside what it closes."""
COUNTED = re.compile(r"\d+ (documents?|pages? ouvertes?)$")


@pytest.mark.parametrize("name", [name for name in cases.CASES if not name.startswith(("bar", "keyboard", "pin"))])
def test_nobody_has_to_choose_among_more_than_seven(report: Report, name: str) -> None:
    """The bar is not a choice: its tools are there for when they are missed (see docs/accessibility.md)."""
    for one in report.outlines:
        if (one.case, one.language) == (name, "fr"):
            offered = [item.words for item in one.items if item.role in ("button", "chosen")]
            choices = [words for words in offered if not words.startswith(STEADY) and not COUNTED.match(words)]
            assert len(choices) <= 7, (one.width, one.height, choices)
