"""Who is held to hang, by looks in a row."""

from __future__ import annotations

from session.hearts import FIRST_LOOKS, LOOKS, Hearts
from session.model import Component

UI, GUARD = Component.UI, Component.GUARD


def looks(hearts: Hearts, pid: int, times: int) -> list[list[Component]]:
    return [hearts.look({UI: pid}) for _ in range(times)]


def test_one_that_was_heard_and_falls_silent_hangs_after_some_looks() -> None:
    hearts = Hearts()
    hearts.look({UI: 5})
    hearts.beat(UI)
    assert looks(hearts, 5, LOOKS) == [[]] * LOOKS
    assert looks(hearts, 5, 2) == [[UI], [UI]], "until it is gone"


def test_what_was_said_before_the_first_look_counts() -> None:
    hearts = Hearts()
    hearts.beat(UI)
    assert looks(hearts, 5, LOOKS) == [[]] * LOOKS
    assert looks(hearts, 5, 1) == [[UI]]


def test_each_sign_of_life_begins_anew() -> None:
    hearts = Hearts()
    hearts.look({UI: 5})
    for _ in range(3):
        hearts.beat(UI)
        assert looks(hearts, 5, LOOKS) == [[]] * LOOKS


def test_one_that_starts_has_longer() -> None:
    hearts = Hearts()
    assert looks(hearts, 5, FIRST_LOOKS) == [[]] * FIRST_LOOKS
    assert looks(hearts, 5, 1) == [[UI]]


def test_the_next_process_begins_anew() -> None:
    hearts = Hearts()
    hearts.look({UI: 5})
    hearts.beat(UI)
    looks(hearts, 5, LOOKS)
    assert looks(hearts, 6, FIRST_LOOKS) == [[]] * FIRST_LOOKS


def test_one_that_does_not_run_is_not_silent() -> None:
    hearts = Hearts()
    hearts.look({UI: 5, GUARD: 6})
    hearts.beat(UI)
    for _ in range(2 * FIRST_LOOKS):
        assert hearts.look({UI: None, GUARD: None}) == []


def test_each_is_counted_by_itself() -> None:
    hearts = Hearts()
    hearts.look({UI: 5, GUARD: 6})
    hearts.beat(UI)
    hearts.beat(GUARD)
    for _ in range(LOOKS):
        hearts.beat(GUARD)
        assert hearts.look({UI: 5, GUARD: 6}) == []
    hearts.beat(GUARD)
    assert hearts.look({UI: 5, GUARD: 6}) == [UI]
