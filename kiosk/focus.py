"""Which button the keyboard is at: steps, and what becomes of it when a screen changes. Pure: no Kivy, no clock.

The focus is unseen until somebody uses a key, and goes out of sight with the next touch: who touches needs no ring.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kiosk.speech.outline import Item


class Focus:
    """Goes round through what can be acted on, in reading order."""

    def __init__(self) -> None:
        self.shown = False
        """Whether keys are in use."""
        self._items: list[Item] = []
        self._at = 0
        self._inside: Any = None
        """The group whose things one switch goes through."""

    @property
    def item(self) -> Item | None:
        """Where the focus is, seen or not; None on a screen without anything to do."""
        return self._items[self._at] if self._items else None

    def see(self, items: Sequence[Item], *, fresh: bool) -> None:
        """The screen's outline as it is now. `fresh`: another screen than before, so the focus starts anew.

        Else it stays where it was: at the same widget; at the one that has its words, where a screen was built again;
        at the same place, where that is gone too.
        """
        before, self._items = self.item, [item for item in items if item.acts]
        if fresh or before is None:
            self._inside = None
            self._at = self._first()
            return
        same = [at for at, item in enumerate(self._items) if item.widget is before.widget]
        alike = [at for at, item in enumerate(self._items) if item.words == before.words]
        self._at = next(iter([*same, *alike]), min(self._at, max(0, len(self._items) - 1)))

    def _first(self) -> int:
        """The screen's main action, else the first that is not one of the voice's own."""
        main = [at for at, item in enumerate(self._items) if getattr(item.widget, "style", "") == "main"]
        plain = [at for at, item in enumerate(self._items) if not item.aside]
        return next(iter([*main, *plain]), 0)

    def step(self, by: int) -> None:
        """To the next (1) or the one before (-1); a focus that was out of sight only shows itself."""
        self._inside = None
        if self.shown and self._items:
            self._at = (self._at + by) % len(self._items)
        self.shown = True

    # One switch

    @property
    def group(self) -> tuple[Item, ...]:
        """All that the switch would choose at once: the group that the focus has come to, empty inside of it."""
        here = self.item.group if self.item is not None else None
        if here is None or here is self._inside:
            return ()
        return tuple(item for item in self._items if item.group is here)

    def enter(self) -> None:
        """Goes through the things of the group, one by one."""
        if self.group:
            self._inside, self._at = self.group[0].group, self._items.index(self.group[0])

    def leave(self) -> None:
        """Comes to the group as a whole again."""
        self._inside = None

    def scan(self) -> None:
        """To the next that the switch can choose: a thing, a whole group, or after a group's last thing the group."""
        if not self.shown or not self._items:
            self.shown = True
            return
        here = self.item.group if self.item is not None else None
        inside = here is not None and here is self._inside
        for number in range(self._at + 1, self._at + len(self._items) + 1):
            following = self._items[number % len(self._items)]
            if inside and (following.group is not here or number >= len(self._items)):
                self._inside = None
                return
            if inside or following.group is None or following.group is not here:
                self._at = number % len(self._items)
                return
