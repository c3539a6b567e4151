"""Draws every keyboard on $DISPLAY, taps its keys as Kivy would be told, and prints what is wrong.

`python -m tests.kiosk.keyboard.pictures DIRECTORY WIDTHxHEIGHT...` leaves a PNG of each in DIRECTORY (none if that is
"-") and prints a JSON list of faults. A process of its own: Kivy has one window a process.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kiosk import theme, toolkit
from kiosk.keyboard.keys import Effect, Keyboard, Shift, hold, opened, tap
from kiosk.keyboard.layouts import Key, Name
from kiosk.speech.outline import outline
from kiosk.words import Words
from session.pages import FieldKind
from tests.kiosk.keyboard.places import centres

_FRENCH = opened("fr", FieldKind.TEXT)
_HELD = hold(_FRENCH, Key("e"))
assert _HELD is not None

CASES: dict[str, tuple[str, Keyboard]] = {
    "fr": ("fr", _FRENCH),
    "fr-upper": ("fr", Keyboard(shift=Shift.ONCE)),
    "fr-signs": ("fr", Keyboard(signs=True)),
    "fr-more": ("fr", Keyboard(signs=True, shift=Shift.LOCKED)),
    "fr-held": ("fr", _HELD),
    "fr-password": ("fr", Keyboard(field=FieldKind.PASSWORD, reveal=True, last="é")),
    "en": ("en", opened("en", FieldKind.TEXT)),
    "nl": ("nl", opened("nl", FieldKind.TEXT)),
    "ar": ("fr", Keyboard(name=Name.AR)),
    "ar-signs": ("fr", Keyboard(name=Name.AR, signs=True)),
    "ar-ar": ("ar", opened("ar", FieldKind.TEXT)),
    "pad": ("nl", opened("nl", FieldKind.NUMBER)),
}


def main() -> int:
    directory = Path(sys.argv[1])
    sizes = [tuple(int(part) for part in argument.split("x")) for argument in sys.argv[2:]]
    toolkit.prepare(*sizes[0])
    from kivy.base import EventLoop
    from kivy.core.window import Window

    from kiosk.widgets import look
    from kiosk.widgets.keyboard import Board

    found: list[str] = []
    EventLoop.start()
    for _ in range(10):  # the window itself
        EventLoop.idle()
    for width, height in sizes:
        foot = theme.keyboard_height(width, height)
        Window.size = (width, foot)
        for name, (language, state) in CASES.items():
            typed: list[Effect] = []
            say, unit = Words(language), theme.scale(width, height)
            look.take(unit, 1.0, theme.Colours.CALM, turned=say.mirrored)
            board = Board(say, unit, typed.append)
            Window.add_widget(board)
            board.open(state)
            for _ in range(4):
                EventLoop.idle()
            found += [f"{name} {width}x{height}: {fault}" for fault in faults(board, width, foot)]
            found += [f"{name} {width}x{height}: {fault}" for fault in misplaced(board, width, height)]
            found += [f"{name} {width}x{height}: {fault}" for fault in unspoken(board)]
            first = board.children[-1].children[-1]
            wanted = list(tap(board.state, first.key)[1])
            first.dispatch("on_release")
            if typed != wanted:
                found.append(f"{name}: {typed} by a key of a real keyboard")
            if sys.argv[1] != "-":
                from tests.kiosk.gallery import save

                save(directory / f"keyboard-{width}x{height}-{name}.png")
            Window.remove_widget(board)
    print(json.dumps(found))
    return 0


def faults(board: Any, width: int, height: int) -> Iterator[str]:
    """Keys that are too small or beyond the edge, text that is too small or cut."""
    for row in board.children:
        for key in row.children:
            if min(key.size) < theme.TOUCH:
                yield f"{key.text or key.icon!r}: {key.size}"
            if key.x < 0 or key.y < 0 or key.right > width + 1 or key.top > height + 1:
                yield f"{key.text or key.icon!r}: beyond the edge"
            if bool(key.text) == bool(key.icon):
                yield f"{key.key}: {key.text!r} and {key.icon!r}"
            if key.font_size < theme.SMALLEST_TEXT:
                yield f"{key.text!r}: {key.font_size} px"
            label = key._label
            if label.texture_size[0] > key.width - 4 or label.texture_size[1] > key.height:
                yield f"{key.text!r}: {label.texture_size} in {key.size}"


def misplaced(board: Any, width: int, height: int) -> Iterator[str]:
    """Keys that are not where `places` says."""
    drawn = [key for row in reversed(board.children) for key in reversed(row.children)]
    for button, (key, x, y) in zip(drawn, centres(board.state, width, height), strict=True):
        if button.key != key or abs(x - button.center_x) > 3 or abs(y - (height - button.center_y)) > 3:
            yield f"{key}: {button.key} at {button.center}, not at {x, y}"


def unspoken(board: Any) -> Iterator[str]:
    """Keys that the voice cannot name, and what it would tell of a password."""
    for item in outline(board):
        if not item.aside:
            yield f"{item.words!r} is read with the screen"
        secret = board.state.field is FieldKind.PASSWORD and item.widget.key.text not in ("", " ")
        if secret != (item.words == "•") or (board.state.last and item.words == board.state.last):
            yield f"{item.words!r} is said in a password"
    keys = sum(len(row.children) for row in board.children)
    if len(outline(board)) != keys:
        yield f"{len(outline(board))} of {keys} keys can be named"


if __name__ == "__main__":
    sys.exit(main())
