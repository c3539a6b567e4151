"""Every keyboard has the keys that a form needs, in rows of one width."""

from __future__ import annotations

import string

import pytest

from kiosk.keyboard.layouts import CHOICES, COLUMNS, LAYOUTS, ORDER, Do, Name, Rows, choices, name_for, spelt

LETTERS = [LAYOUTS[name] for name in ORDER]


def planes(name: Name) -> tuple[Rows, ...]:
    layout = LAYOUTS[name]
    return (layout.lower, layout.upper, layout.signs, layout.more)


def texts(name: Name) -> set[str]:
    return {key.text for rows in planes(name) for row in rows for key in row} - {""}


@pytest.mark.parametrize("name", list(Name))
def test_every_row_is_as_wide_as_the_keyboard(name: Name) -> None:
    for rows in planes(name):
        assert {sum(key.width for key in row) for row in rows} == {LAYOUTS[name].columns}


@pytest.mark.parametrize("name", ORDER)
def test_every_plane_has_digits_the_signs_of_an_address_and_a_way_out(name: Name) -> None:
    for rows in planes(name):
        there = {key.text for row in rows for key in row}
        assert {*string.digits, "@", ".", " "} <= there
        done = {key.do for row in rows for key in row}
        assert {Do.BACKSPACE, Do.ENTER, Do.LEFT, Do.RIGHT, Do.SIGNS} <= done
        assert done & {Do.NEXT, Do.DIGITS}


@pytest.mark.parametrize("name", [Name.FR, Name.EN, Name.NL])
def test_a_password_of_any_ascii_characters_can_be_typed(name: Name) -> None:
    assert set(string.ascii_letters + string.digits + string.punctuation + " ") <= texts(name)


def test_french_has_all_its_letters_without_a_long_press() -> None:
    needed = "àâäçéèêëîïôöùûü"
    assert set(needed + needed.upper()) <= texts(Name.FR)
    assert "œ" in choices("o")
    assert "Œ" in choices("O")


def test_dutch_and_english_have_their_letters() -> None:
    assert set("éèëïöüáíóú") <= texts(Name.NL)
    assert texts(Name.EN) >= set("'’-_?!")


def test_arabic_has_its_letters() -> None:
    needed = {chr(code) for code in (*range(0x621, 0x63B), *range(0x641, 0x64B))}
    offered = {choice for text in texts(Name.AR) for choice in choices(text)}
    assert needed <= texts(Name.AR) | offered


def test_no_plane_has_a_character_twice_where_it_could_confuse() -> None:
    for name in ORDER:
        for rows in planes(name):
            typed = [key.text for row in rows[1:4] for key in row if key.text]
            assert len(typed) == len(set(typed)), name


def test_the_pad_has_what_a_number_needs() -> None:
    there = {key.text for row in LAYOUTS[Name.PAD].lower for key in row}
    assert {*string.digits, ",", ".", "-", "+"} <= there


@pytest.mark.parametrize("text", sorted(CHOICES))
def test_the_choices_of_a_key_fit_in_a_row_and_are_all_different(text: str) -> None:
    offered = choices(text)
    assert text not in offered
    assert len(offered) == len(set(offered)) <= COLUMNS - 1
    assert all(spelt(choice) for choice in offered)


def test_choices_of_a_capital_are_capitals() -> None:
    assert choices("E") == "ÉÈÊË€"
    assert choices("k") == ""
    assert choices("") == ""


def test_arabic_lam_alif_is_two_letters() -> None:
    assert spelt("ﻻ") == "\u0644\u0627"


def test_the_keyboard_of_a_language() -> None:
    assert [name_for(language) for language in ("fr", "en", "nl", "de", "ar")] == ["fr", "en", "nl", "fr", "fr"]
