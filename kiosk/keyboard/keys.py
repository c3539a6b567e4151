"""What a tap on a key does: a state in, a state and what is to be typed out. Pure; holds nothing of what was typed,
but for one character of a password, and that only while the visitor asks to see it.
"""

from __future__ import annotations

import enum

import msgspec

from kiosk.keyboard.layouts import LAYOUTS, ORDER, Do, Key, Layout, Name, Row, Rows, choices, name_for, spelt
from session.pages import FieldKind

HOLD_SECONDS = 0.6
"""A key that is held so long offers its choices, or begins to repeat. Many people press long without meaning it: so a
letter is typed when it is touched, and a choice takes its place."""
REPEAT_SECONDS = 0.09
"""Between two repetitions: slow enough to stop at the right letter."""

NUMERIC = frozenset({FieldKind.NUMBER, FieldKind.PHONE})


class Named(enum.StrEnum):
    """Keys that are no characters."""

    BACKSPACE = "backspace"
    LEFT = "left"
    RIGHT = "right"
    ENTER = "enter"


class Commit(msgspec.Struct, frozen=True):
    """`text` is to be put into the field."""

    text: str


class Press(msgspec.Struct, frozen=True):
    key: Named


Effect = Commit | Press


class Shift(enum.Enum):
    OFF = enum.auto()
    ONCE = enum.auto()
    """For the next character."""
    LOCKED = enum.auto()


class Keyboard(msgspec.Struct, frozen=True):
    """What is on the screen."""

    name: Name = Name.FR
    """The keyboard with letters that is there, or comes back after the numeric pad."""
    chosen: bool = False
    """Whether the visitor chose that one."""
    field: FieldKind | None = None
    pad: bool = False
    shift: Shift = Shift.OFF
    signs: bool = False
    offered: str = ""
    """What may take the place of the letter that was held and typed; shown in place of the first row."""
    reveal: bool = False
    last: str = ""
    """The character that was typed last, while it is to be seen."""

    @property
    def layout(self) -> Layout:
        return LAYOUTS[Name.PAD if self.pad else self.name]

    @property
    def rows(self) -> Rows:
        layout = self.layout
        if self.signs:
            rows = layout.signs if self.shift is Shift.OFF else layout.more
        else:
            rows = layout.lower if self.shift is Shift.OFF else layout.upper
        if self.field is FieldKind.PASSWORD:
            rows = tuple(tuple(_in_a_password(key) for key in row) for row in rows)
        return (self._offer(), *rows[1:]) if self.offered else rows

    def _offer(self) -> Row:
        rest = self.layout.columns - len(self.offered)
        return (*(Key(letter) for letter in self.offered), Key(do=Do.CLOSE, width=rest))


def _in_a_password(key: Key) -> Key:
    """No other alphabet there: the way to see the last character takes its place."""
    return Key(do=Do.REVEAL, width=key.width) if key.do is Do.NEXT else key


def opened(language: str, field: FieldKind | None, before: Keyboard | None = None) -> Keyboard:
    """The keyboard for a field, in the alphabet that was chosen last, or that of `language` (`fr`, `en`, `nl`).

    A sentence's first letter is not made large by itself: in addresses and passwords that is a fault, and nobody sees
    why.
    """
    name = before.name if before is not None and before.chosen else name_for(language)
    if field in (FieldKind.EMAIL, FieldKind.URL, FieldKind.PASSWORD) and name is Name.AR:
        name = name_for(language)
    return Keyboard(name=name, chosen=before is not None and before.chosen, field=field, pad=field in NUMERIC)


def tap(board: Keyboard, key: Key) -> tuple[Keyboard, tuple[Effect, ...]]:
    """A key was touched."""
    if key.do is None:
        after, effects = _typed(board, key.text)
        chosen = bool(board.offered) and key in board.rows[0]
        return after, (Press(Named.BACKSPACE), *effects) if chosen else effects
    closed = msgspec.structs.replace(board, offered="")
    match key.do:
        case Do.BACKSPACE | Do.LEFT | Do.RIGHT | Do.ENTER:
            return msgspec.structs.replace(closed, last=""), (Press(Named(key.do.value)),)
        case Do.SHIFT:
            following = {Shift.OFF: Shift.ONCE, Shift.ONCE: Shift.LOCKED, Shift.LOCKED: Shift.OFF}
            # Of signs there is nothing to be typed "once": a second page of them stays.
            shift = Shift.LOCKED if board.signs and board.shift is Shift.OFF else following[board.shift]
            return msgspec.structs.replace(closed, shift=shift), ()
        case Do.SIGNS:
            return msgspec.structs.replace(closed, signs=not board.signs, shift=Shift.OFF), ()
        case Do.NEXT:
            following_name = ORDER[(ORDER.index(board.name) + 1) % len(ORDER)]
            return msgspec.structs.replace(closed, name=following_name, chosen=True, signs=False, shift=Shift.OFF), ()
        case Do.LETTERS:
            return msgspec.structs.replace(closed, pad=False), ()
        case Do.DIGITS:
            return msgspec.structs.replace(closed, pad=True, signs=False, shift=Shift.OFF), ()
        case Do.REVEAL:
            return msgspec.structs.replace(closed, reveal=not board.reveal, last=""), ()
        case Do.CLOSE:
            return closed, ()


def hold(board: Keyboard, key: Key) -> Keyboard | None:
    """A key is held for `HOLD_SECONDS`: the keyboard with its choices, or None if it has none."""
    offered = choices(key.text) if key.do is None and not board.pad else ""
    return msgspec.structs.replace(board, offered=offered) if offered else None


def forget(board: Keyboard) -> Keyboard:
    """The character of a password is not to be seen any longer."""
    return msgspec.structs.replace(board, last="")


def _typed(board: Keyboard, text: str) -> tuple[Keyboard, tuple[Effect, ...]]:
    after = msgspec.structs.replace(
        board,
        offered="",
        shift=Shift.OFF if board.shift is Shift.ONCE else board.shift,
        last=text if board.reveal and board.field is FieldKind.PASSWORD else "",
    )
    return after, (Commit(spelt(text)),)
