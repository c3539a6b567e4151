"""Every way to the screens but touch: the keyboard, and one switch.

Tab and the arrows go from one thing that can be done to the next, Enter and Space do it, Escape is "Retour" where there
is one. One switch is enough too: its key starts the focus going by itself, and does what the focus is at. A key that
finds no focus on the screen only shows it, so that nobody does what they did not see.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

import msgspec
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.graphics import Color, InstructionGroup, SmoothLine

from kiosk import view
from kiosk.focus import Focus
from kiosk.inert import INERT_SECONDS
from kiosk.speech.outline import Item, Role
from kiosk.widgets import look
from kiosk.widgets.look import u

_TAB, _ENTER, _ESCAPE, _SPACE = 9, 13, 27, 32
_KEYPAD_ENTER, _UP, _DOWN, _RIGHT, _LEFT = 271, 273, 274, 275, 276
SWITCH = 290
"""F9, which most switch boxes can send. The guard lets it through to us, whoever has the keyboard. All as Kivy numbers
keys (kivy.core.window.Keyboard.keycodes)."""
_STEPS = {_UP: -1, _LEFT: -1, _DOWN: 1, _RIGHT: 1}
SCAN_SECONDS = 2.0
"""How long the focus stays at each thing while it goes by itself."""


class Staged(Protocol):
    """What is in the window: `kiosk.shell.Stage`."""

    canvas: Any
    ground: Any
    """What is drawn under the words of the present screen; None without one."""
    shown_at: float
    """When the present screen came, by time.monotonic()."""

    @property
    def mode(self) -> view.Mode: ...
    def outline(self) -> list[Item]: ...
    def used(self) -> None: ...
    def came_to(self, item: Item) -> None: ...


class Access:
    """Belongs to the stage, which tells it of each new picture and of touches."""

    def __init__(self, stage: Staged) -> None:
        self._stage = stage
        self._focus = Focus()
        self._ring = InstructionGroup()
        self._ringed: tuple[object, ...] = ()
        self._ring_since = 0.0
        """When the ring came into sight, by time.monotonic()."""
        self._held: set[int] = set()
        """Keys that are down: one that is held does a thing once, not on each screen that it leads to."""
        self._scan: object | None = None
        stage.canvas.after.add(self._ring)
        Window.bind(on_key_down=self._on_key_down, on_key_up=self._on_key_up, focus=self._on_keyboard)

    # What the stage tells

    def rendered(self, *, fresh: bool) -> None:
        """The window shows something else; `fresh`: another screen. Called twice a second in any case."""
        self._focus.see(self._stage.outline(), fresh=fresh)
        if fresh and self._scan is not None:
            self._go_by_itself()
        self._draw()

    def touched(self) -> None:
        """By a finger or the mouse."""
        self._stop_scan()
        self._focus.shown = False
        self._draw()

    # Keys

    @property
    def in_use(self) -> bool:
        """Whether whoever is there uses keys, or one."""
        return self._focus.shown

    @property
    def at(self) -> Item | None:
        """What the keyboard is at, while that can be seen."""
        return self._focus.item if self._seen else None

    @property
    def _seen(self) -> bool:
        """Whether the ring is on the screen: over a site only while the bar has the keyboard."""
        return self._focus.shown and (self._stage.mode is view.Mode.FULL or bool(Window.focus))

    @property
    def _noticed(self) -> bool:
        """Whether whoever pressed a key can have seen the ring before: over a site the key itself makes it come."""
        return self._seen and time.monotonic() - self._ring_since >= INERT_SECONDS

    def _on_keyboard(self, _window: object, has: bool) -> None:
        """The window got the keyboard, or lost it, and with it the news of keys that are let go."""
        self._held.clear()
        if has and self._stage.mode is view.Mode.BAR:
            self._step(0)  # somebody asked for the bar, by a key
        self._draw()

    def _on_key_up(self, _window: object, key: int, *_more: object) -> None:
        self._held.discard(key)

    def _on_key_down(self, _window: object, key: int, _code: int, _text: object, modifiers: list[str]) -> bool:
        """True: the key was for us."""
        first = key not in self._held
        self._held.add(key)
        if {"ctrl", "alt", "meta"} & set(modifiers):
            return False
        if key == SWITCH:
            if first:
                self._switch()
            return True
        self._stop_scan()
        if key == _TAB:
            self._step(-1 if "shift" in modifiers else 1)
        elif key in _STEPS:
            back = look.mirrored and key in (_LEFT, _RIGHT)
            self._step(-_STEPS[key] if back else _STEPS[key])
        elif key in (_ENTER, _KEYPAD_ENTER, _SPACE):
            if first:
                self._act()
        elif key == _ESCAPE and first:
            self._back()
        else:
            return False
        return True

    def _step(self, by: int) -> None:
        self._stage.used()
        self._focus.step(by)
        self._come()

    def _come(self) -> None:
        """Shows and tells where the focus is now."""
        self._draw()
        if self.at is not None:
            together = self._group
            words = ", ".join(item.words for item in together)
            self._stage.came_to(msgspec.structs.replace(self.at, role=Role.TEXT, words=words) if together else self.at)

    @property
    def _group(self) -> tuple[Item, ...]:
        """What the switch would choose together."""
        return self._focus.group if self._scan is not None else ()

    def _act(self) -> None:
        """Does what the ring is at; shows the ring where there is none, or was none a moment ago."""
        if not self._noticed:
            self._step(0)
        elif self._focus.item is not None:
            self._press(self._focus.item)

    def _back(self) -> None:
        for item in self._stage.outline():
            if item.acts and getattr(item.widget, "leads_back", False):
                self._press(item)
                return

    def _press(self, item: Item) -> None:
        self._stage.used()
        if time.monotonic() - self._stage.shown_at >= INERT_SECONDS:
            item.widget.dispatch("on_release")

    # One switch

    def _switch(self) -> None:
        if self._scan is None or not self._noticed:
            self._step(0)
        elif self._focus.group:
            self._stage.used()
            self._focus.enter()
            self._come()
        else:
            self._act()
            self._focus.leave()
        self._go_by_itself()

    def _go_by_itself(self) -> None:
        """From now on, a full time for the first."""
        self._stop_scan()
        self._scan = Clock.schedule_interval(self._scanned, SCAN_SECONDS)

    def _scanned(self, _seconds: float) -> None:
        if self._seen:
            self._stage.used()
            self._focus.scan()
            self._come()

    def _stop_scan(self) -> None:
        if self._scan is not None:
            Clock.unschedule(self._scan)
            self._scan = None

    # The ring

    def _draw(self, *_largs: object) -> None:
        item = self.at
        place = place_of(item.group if self._group else item.widget) if item is not None else None
        wanted = (place, self._stage.mode)
        if wanted == self._ringed:
            return
        if place is not None and self._ringed[:1] in ((), (None,)):
            self._ring_since = time.monotonic()
        self._ringed = wanted
        self._ring.clear()
        if place is None:
            return
        barred = self._stage.mode is view.Mode.BAR
        left, bottom, width, height = place
        # The bar has less room between its buttons. A line has half its width on either side.
        gap, line = (1, 5) if barred else (u(4), u(6))
        out = gap + line / 2
        box = (left - out, bottom - out, width + 2 * out, height + 2 * out, u(16) + out)
        self._ring.add(Color(rgba=look.now.ring_on_night if barred else look.now.ring))
        self._ring.add(SmoothLine(rounded_rectangle=box, width=line / 2))


def place_of(widget: Any) -> tuple[float, float, float, float]:
    """In the window, from its bottom left."""
    left, bottom = widget.to_window(*widget.pos)
    return left, bottom, widget.width, widget.height
