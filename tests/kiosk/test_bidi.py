"""Text from right to left, as it is drawn: joined, in order, line by line."""

from __future__ import annotations

import string

import polib
import pytest
from PIL import ImageFont

from kiosk import bidi, theme, words
from kiosk.bidi import Written


def drawn(text: str, base: str = "rtl", *lines: str) -> list[str]:
    """The lines as they stand from left to right; `text` in one line if none are named."""
    written = Written(text, base)
    return written.lines(lines or written.shaped.split("\n"))


def test_what_has_no_such_letters_stays_as_it_is() -> None:
    for text in ("Mon compte ameli (1)", "14:05", "Αίτηση.pdf", "", "a\nb"):
        assert drawn(text) == text.split("\n")


def test_letters_are_joined_and_stand_from_right_to_left() -> None:
    # beh, alef, beh: initial, final, isolated
    assert Written("باب", "rtl").shaped == "\ufe91\ufe8e\ufe8f"
    assert drawn("باب") == ["\ufe8f\ufe8e\ufe91"]


def test_lam_and_alef_are_one_letter() -> None:
    assert drawn("لا") == ["\ufefb"]


def test_small_vowels_are_not_drawn() -> None:
    assert drawn("يُسجَّل") == drawn("يسجل")


def test_numbers_hosts_and_names_stay_readable() -> None:
    for kept in ("14:05", "0,4", "ameli.fr", "Caisse d'allocations"):
        (line,) = drawn(f"باب {kept} باب")
        assert kept in line


def test_brackets_and_full_stops_are_where_the_sentence_has_them() -> None:
    (line,) = drawn("باب (1).")
    assert line == ".(1) \ufe8f\ufe8e\ufe91"


def test_what_stands_apart_keeps_its_own_full_stop() -> None:
    note = "Retour lundi, à Verdun."
    (alone,), (apart,) = drawn(f"باب: {note}"), drawn(f"باب: {bidi.isolated(note)}")
    assert note not in alone, "else this proves nothing"
    assert apart.startswith(note)
    assert bidi.bare(bidi.isolated(note)) == note


def test_lines_are_turned_each_for_itself_and_know_what_was_before() -> None:
    note = "Retour lundi, à Verdun."
    text = f"باب باب {bidi.isolated(note)}"
    shaped = Written(text, "rtl").shaped
    first, second = shaped[: shaped.index("lundi") - 1], shaped[shaped.index("lundi") :]
    top, below = drawn(text, "rtl", first, second)
    assert top.startswith("Retour ")
    assert top.endswith("\ufe91"), "the first word is at the right of the first line"
    assert below == "lundi, à Verdun.", "still apart, though that began in the line before"


def test_a_line_that_was_cut_is_turned_too() -> None:
    shaped = Written("باب باب باب", "rtl").shaped
    (line,) = drawn("باب باب باب", "rtl", shaped[:5] + "...")
    assert line.startswith("...")


def test_each_paragraph_is_one_of_its_own() -> None:
    assert drawn("باب\n1 / 2") == ["\ufe8f\ufe8e\ufe91", "2 / 1"]


def test_what_comes_from_outside_goes_as_its_first_letter_does() -> None:
    assert drawn("PDF باب.", "auto") == ["PDF \ufe8f\ufe8e\ufe91."]
    assert drawn("باب PDF.", "auto") == [".PDF \ufe8f\ufe8e\ufe91"]


@pytest.mark.parametrize("bold", [False, True])
def test_the_font_has_every_letter_and_every_form_of_it(bold: bool) -> None:
    font = ImageFont.truetype(theme.wide_font(bold=bold), 40)
    missing = bytes(font.getmask("\uffff"))  # what a font draws for what it does not have
    shaped = {
        letter
        for entry in polib.pofile(str(words.path_of("ar")))
        for text in (*entry.msgstr_plural.values(), entry.msgstr)
        for letter in Written(text, "rtl").shaped
    }
    assert len(shaped) > 100
    assert {
        letter for letter in shaped if letter not in string.whitespace and bytes(font.getmask(letter)) == missing
    } == set()
