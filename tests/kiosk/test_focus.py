"""Where the keyboard is, without a display: steps round a screen, and what stays when a screen changes."""

from __future__ import annotations

from types import SimpleNamespace

from kiosk.focus import Focus
from kiosk.speech.outline import Item, Role


def item(words: str, role: Role = Role.BUTTON, *, style: str = "plain", aside: bool = False) -> Item:
    return Item(role, words, "", aside, SimpleNamespace(style=style))


def at(focus: Focus) -> str | None:
    return focus.item.words if focus.item is not None else None


TITLE = item("Bonjour", Role.TITLE)
LISTEN = item("Écouter", aside=True)


def walk(focus: Focus, *steps: int) -> list[str | None]:
    found = []
    for by in steps:
        focus.step(by)
        found.append(at(focus))
    return found


def test_it_begins_at_the_main_action() -> None:
    focus = Focus()
    focus.see([LISTEN, TITLE, item("un"), item("deux", style="main")], fresh=True)
    assert at(focus) == "deux"
    focus.see([LISTEN, TITLE, item("un"), item("deux")], fresh=True)
    assert at(focus) == "un"
    focus.see([LISTEN], fresh=True)
    assert at(focus) == "Écouter"


def test_the_first_key_only_shows_where_it_is() -> None:
    focus = Focus()
    focus.see([item("un"), item("deux"), item("trois")], fresh=True)
    assert not focus.shown
    assert walk(focus, 1, 1, 1, 1, -1, -1) == ["un", "deux", "trois", "un", "trois", "deux"]
    assert focus.shown


def test_a_screen_without_anything_to_do() -> None:
    focus = Focus()
    focus.see([TITLE], fresh=True)
    assert walk(focus, 1, -1) == [None, None]
    focus.see([TITLE, item("un")], fresh=False)
    assert at(focus) == "un"


def test_it_stays_at_the_widget_whose_words_change() -> None:
    focus = Focus()
    items = [item("un"), item("deux")]
    focus.see(items, fresh=True)
    walk(focus, 1, 1)
    focus.see([items[0], Item(Role.BUTTON, "autre", "", False, items[1].widget)], fresh=False)
    assert at(focus) == "autre"


def test_it_finds_the_words_again_on_a_screen_that_was_built_anew() -> None:
    focus = Focus()
    focus.see([item("Start", style="main"), item("English"), item("Français")], fresh=True)
    walk(focus, 1, 1, 1)
    focus.see([item("Commencer", style="main"), item("English"), item("Français", Role.CHOSEN)], fresh=False)
    assert at(focus) == "Français"


def test_it_stays_near_what_is_gone() -> None:
    focus = Focus()
    focus.see([item("un"), item("deux"), item("trois")], fresh=True)
    walk(focus, 1, 1, 1)
    focus.see([item("a"), item("b")], fresh=False)
    assert at(focus) == "b"
    focus.see([], fresh=False)
    assert at(focus) is None


def rows() -> list[Item]:
    """A button, two rows of two keys, another button."""
    first, second = SimpleNamespace(), SimpleNamespace()
    groups = (None, first, first, second, second, None)
    return [Item(Role.BUTTON, words, "", False, object(), group) for words, group in zip("xabcdy", groups, strict=True)]


def scanned(focus: Focus, times: int) -> list[str]:
    found = []
    for _ in range(times):
        focus.scan()
        assert focus.item is not None
        found.append("".join(item.words for item in focus.group) or focus.item.words)
    return found


def test_one_switch_comes_to_rows_first() -> None:
    focus = Focus()
    focus.see(rows(), fresh=True)
    assert scanned(focus, 6) == ["x", "ab", "cd", "y", "x", "ab"]


def test_one_switch_goes_through_a_row_and_comes_out_of_it() -> None:
    focus = Focus()
    focus.see(rows(), fresh=True)
    assert scanned(focus, 3) == ["x", "ab", "cd"]
    focus.enter()
    assert focus.item is not None
    assert focus.item.words == "c"
    assert focus.group == ()
    assert scanned(focus, 4) == ["d", "cd", "y", "x"]


def test_after_a_key_the_row_is_whole_again() -> None:
    focus = Focus()
    focus.see(rows(), fresh=True)
    scanned(focus, 2)
    focus.enter()
    focus.scan()
    focus.leave()
    assert "".join(item.words for item in focus.group) == "ab"
    assert scanned(focus, 1) == ["cd"]


def test_a_last_row_is_come_out_of_too() -> None:
    focus = Focus()
    items = rows()[:-1]
    focus.see(items, fresh=True)
    scanned(focus, 3)
    focus.enter()
    assert scanned(focus, 3) == ["d", "cd", "x"]


def test_a_step_by_hand_goes_through_single_things() -> None:
    focus = Focus()
    focus.see(rows(), fresh=True)
    scanned(focus, 2)
    focus.enter()
    focus.step(1)
    assert focus.item is not None
    assert focus.item.words == "b"
    assert "".join(item.words for item in focus.group) == "ab"
