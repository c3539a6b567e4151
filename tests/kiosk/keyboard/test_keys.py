"""Taps in, effects out: texts typed as a visitor would, by the keys that are on the screen."""

from __future__ import annotations

import pytest

from kiosk.keyboard.keys import Commit, Effect, Keyboard, Named, Press, Shift, forget, hold, opened, tap
from kiosk.keyboard.layouts import Do, Key, Name
from session.pages import FieldKind


def key(board: Keyboard, what: str | Do) -> Key:
    """The key on the screen that bears this text, or does this."""
    for row in board.rows:
        for one in row:
            if what in (one.text, one.do):
                return one
    raise AssertionError(f"{what!r} is not on the screen")


def run(board: Keyboard, *taps: str | Do) -> tuple[Keyboard, list[Effect]]:
    effects: list[Effect] = []
    for what in taps:
        board, more = tap(board, key(board, what))
        effects += more
    return board, effects


def text_of(effects: list[Effect]) -> str:
    return "".join(effect.text for effect in effects if isinstance(effect, Commit))


def test_a_letter_is_typed_as_it_is_written_on_its_key() -> None:
    board, effects = run(opened("fr", FieldKind.TEXT), "z", "é")
    assert effects == [Commit("z"), Commit("é")]
    assert board == opened("fr", FieldKind.TEXT)


def test_shift_is_for_one_letter_and_twice_for_all() -> None:
    board, effects = run(opened("fr", FieldKind.TEXT), Do.SHIFT, "Z", "o", "é", " ", Do.SHIFT, "M")
    assert text_of(effects) == "Zoé M"
    board, effects = run(board, Do.SHIFT, Do.SHIFT, "A", "B", Do.SHIFT, "c")
    assert text_of(effects) == "ABc"
    assert board.shift is Shift.OFF


def test_an_address_and_a_password() -> None:
    _, effects = run(opened("en", FieldKind.EMAIL), *"zoe@exemple.fr")
    assert text_of(effects) == "zoe@exemple.fr"
    _, effects = run(
        opened("fr", FieldKind.PASSWORD), *"mot@", Do.SIGNS, "#", Do.SHIFT, "[", "]", Do.SIGNS, Do.SHIFT, "X", "9"
    )
    assert text_of(effects) == "mot@#[]X9"


def test_signs_stay_until_one_goes_back() -> None:
    board, effects = run(opened("fr", FieldKind.TEXT), Do.SIGNS, "ê", "&")
    assert board.signs
    assert text_of(effects) == "ê&"
    board, _ = run(board, Do.SIGNS)
    assert not board.signs


def test_keys_that_are_no_characters() -> None:
    _, effects = run(opened("fr", FieldKind.TEXT), Do.BACKSPACE, Do.LEFT, Do.RIGHT, Do.ENTER)
    assert effects == [Press(Named.BACKSPACE), Press(Named.LEFT), Press(Named.RIGHT), Press(Named.ENTER)]


def test_a_held_letter_offers_its_accents_in_place_of_the_first_row() -> None:
    before = opened("fr", FieldKind.TEXT)
    board = hold(before, key(before, "o"))
    assert board is not None
    assert [one.text for one in board.rows[0][:3]] == ["ô", "ö", "œ"]
    assert board.rows[1:] == before.rows[1:]
    board, effects = run(board, "œ")
    assert effects == [Press(Named.BACKSPACE), Commit("œ")], "the letter was typed when it was touched"
    assert board == before


def test_choices_go_away_without_a_choice() -> None:
    before = opened("fr", FieldKind.TEXT)
    board = hold(before, key(before, "e"))
    assert board is not None
    assert run(board, Do.CLOSE) == (before, [])
    assert run(board, "m") == (before, [Commit("m")])


def test_a_held_capital_offers_capitals_once() -> None:
    board, _ = run(opened("fr", FieldKind.TEXT), Do.SHIFT)
    held = hold(board, key(board, "E"))
    assert held is not None
    after, effects = run(held, "Ê")
    assert text_of(effects) == "Ê"
    assert after.shift is Shift.OFF


@pytest.mark.parametrize("what", ["k", "5", " ", Do.BACKSPACE, Do.SHIFT])
def test_a_key_without_kin_offers_nothing(what: str | Do) -> None:
    board = opened("fr", FieldKind.TEXT)
    assert hold(board, key(board, what)) is None


@pytest.mark.parametrize("field", [FieldKind.NUMBER, FieldKind.PHONE])
def test_a_number_gets_the_pad_and_can_have_letters(field: FieldKind) -> None:
    board, effects = run(opened("fr", field), *"05")
    assert board.pad
    assert text_of(effects) == "05"
    board, _ = run(board, Do.LETTERS)
    assert not board.pad
    board, effects = run(board, "a", Do.SIGNS, Do.DIGITS, "7")
    assert board.pad
    assert text_of(effects) == "a7"


def test_alphabets_go_round_and_the_chosen_one_stays_for_the_next_field() -> None:
    board = opened("fr", FieldKind.TEXT)
    names = []
    for _ in range(4):
        board, _ = run(board, Do.NEXT)
        names.append(board.name)
    assert names == [Name.EN, Name.NL, Name.AR, Name.FR]
    arabic = Keyboard(name=Name.AR, chosen=True)
    assert opened("fr", FieldKind.TEXT, arabic).name is Name.AR
    assert opened("nl", FieldKind.TEXT, Keyboard(name=Name.FR)).name is Name.NL
    assert opened("nl", FieldKind.EMAIL, arabic).name is Name.NL
    assert text_of(run(opened("fr", FieldKind.TEXT, arabic), *"زوي")[1]) == "زوي"


def test_a_password_shows_its_last_character_only_when_asked() -> None:
    board, _ = run(opened("fr", FieldKind.PASSWORD), "s")
    assert board.last == ""
    board, _ = run(board, Do.REVEAL, "e")
    assert board.last == "e"
    assert forget(board).last == ""
    assert run(board, Do.BACKSPACE)[0].last == ""
    assert run(board, Do.REVEAL)[0].last == ""
    assert opened("fr", FieldKind.PASSWORD, board).last == ""
    assert not opened("fr", FieldKind.PASSWORD, board).reveal


def test_nothing_else_remembers_what_was_typed() -> None:
    board, _ = run(opened("fr", FieldKind.TEXT), "s", "e", "c")
    assert board == opened("fr", FieldKind.TEXT)
    with pytest.raises(AssertionError):
        key(board, Do.REVEAL)
