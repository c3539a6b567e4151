"""What is on a screen, in reading order: for the voice, for the keyboard's focus, and for the tests' blind reader.

Taken from the widgets themselves, never from pictures. A widget takes part by three attributes (`Heard`); whatever has
none of them, a field with somebody's password in it say, is never spoken. No Kivy here: any tree of that shape will do.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

import msgspec

from kiosk.words import Words


class Role(enum.StrEnum):
    """What a widget is to somebody who does not see it."""

    TITLE = "title"
    TEXT = "text"
    BUTTON = "button"
    CHOSEN = "chosen"
    """A button whose choice is in force: the present language, the page in front."""
    SILENT = "silent"
    """Decoration, with all that is in it."""


@runtime_checkable
class Heard(Protocol):
    """A widget that can be read."""

    role: str
    """A Role."""
    words: str
    """Said in place of what the widget shows: a picture's meaning, an abbreviation in full. Empty: what it shows."""
    tongue: str
    """The language of its words (`fr`), where that is not the screen's."""


class Item(msgspec.Struct, frozen=True):
    """One thing that is read at once."""

    role: Role
    words: str
    """One line, without what the thing is: see `spoken`."""
    tongue: str
    """Empty: the screen's language."""
    aside: bool
    """Of the voice's own buttons: read when they are come to, and not with the whole screen."""
    widget: Any
    group: Any = None
    """The widget that holds it with others of its kind, a row of keys say: one switch comes to all of them first."""

    @property
    def acts(self) -> bool:
        """Whether Enter does something on it."""
        return self.role in (Role.BUTTON, Role.CHOSEN)


def outline(widget: Any) -> list[Item]:
    """Everything that can be read in a tree of widgets, in the order in which it is laid out.

    What is invisible or cannot be used now is not read.
    """
    return list(_items(widget))


def spoken(item: Item, words: Words) -> str:
    """What the voice says of an item. In the screen's language but for its own words."""
    if item.acts:
        return words(f"speech.{item.role}", words=item.words)
    return item.words


def _items(widget: Any, group: Any = None) -> Iterator[Item]:
    if widget.opacity == 0 or widget.disabled:
        return
    if not isinstance(widget, Heard):
        inner = widget if getattr(widget, "grouped", False) else group
        for child in reversed(widget.children):  # Kivy keeps the last one first
            yield from _items(child, inner)
        return
    role = Role(widget.role)
    said = "" if role is Role.SILENT else _line(widget.words or _shown(widget))
    if said:
        yield Item(role, said, widget.tongue, bool(getattr(widget, "aside", False)), widget, group)


def _shown(widget: Any) -> str:
    """The widget's own text, or those of what it holds."""
    text = str(getattr(widget, "text", ""))
    return text or ", ".join(item.words for child in reversed(widget.children) for item in _items(child))


def _line(text: str) -> str:
    return " ".join(text.split())
