"""Foreign text made harmless, and the small sums."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kiosk import plain


def test_direction_tricks_are_taken_out() -> None:
    assert plain.clean("facture\u202efdp.exe") == "facturefdp.exe"
    assert plain.clean("a\u2066b\u2069\u200f\u061c\ufeff\x00\x1bc") == "abc"


def test_one_line() -> None:
    assert plain.clean("  Mon\n\tcompte  ") == "Mon compte"
    assert plain.clean("x" * 500) == "x" * (plain.MAX_TITLE - 1) + "…"
    assert plain.clean("[b]gras[/b]") == "[b]gras[/b]"


@given(st.text(), st.integers(2, 200))
def test_clean_text_is_short_and_has_no_controls(untrusted: str, limit: int) -> None:
    text = plain.clean(untrusted, limit)
    assert len(text) <= limit
    assert not any(unicodedata.category(letter) in ("Cc", "Cf", "Cs") for letter in text)
    assert text == text.strip()


def test_minutes() -> None:
    assert [plain.minutes_left(ends, 1000.0) for ends in (900, 1000, 1059, 1060, 1061, 1120.5)] == [0, 0, 0, 1, 2, 3]
    assert [plain.seconds_left(ends, 10.0) for ends in (9.0, 10.0, 10.2, 11.0)] == [0, 0, 1, 1]


def test_parts_go_round() -> None:
    items = list(range(9))
    assert plain.part(items, 7, 0) == (0, 7, 1, 2)
    assert plain.part(items, 7, 1) == (7, 9, 2, 2)
    assert plain.part(items, 7, 2) == (0, 7, 1, 2)
    assert plain.part([], 7, 3) == (0, 0, 1, 1)


@given(st.lists(st.integers(), max_size=40), st.integers(1, 9))
def test_parts_show_everything_once(items: list[int], per_part: int) -> None:
    parts = plain.part(items, per_part, 0).parts
    shown = [item for wanted in range(parts) for item in items[slice(*plain.part(items, per_part, wanted)[:2])]]
    assert shown == items
