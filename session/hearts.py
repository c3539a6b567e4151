"""Which parts of an environment have fallen silent.

Looks are counted, not seconds: a machine that was suspended, or so busy that the daemon itself did not run, adds one
look and not the time that went by.
"""

from __future__ import annotations

from collections.abc import Mapping

from session.model import Component

WATCHED = (Component.GUARD, Component.UI, Component.DESK, Component.SCANNER)
"""Who tells of itself. The browser is the desk's matter, the display is asked when one of these is silent."""
LOOKS = 4
"""So many looks in a row without a sign of life: with one look per beat, 12 to 15 seconds after the last one."""
FIRST_LOOKS = 10
"""The same for a process of which none has come yet."""


class Hearts:
    def __init__(self) -> None:
        self._silent: dict[Component, int] = {}
        """Looks since the last sign of life."""
        self._pids: dict[Component, int] = {}
        self.heard: set[Component] = set()
        """Of whom a sign of life has come."""

    def beat(self, component: Component) -> None:
        """A sign of life."""
        self._silent[component] = 0
        self.heard.add(component)

    def look(self, running: Mapping[Component, int | None]) -> list[Component]:
        """To be called once per beat, with the processes that run now. Those that are silent for too long."""
        hung = []
        for component, pid in running.items():
            if pid != self._pids.get(component, pid):
                self._forget(component)
            if pid is None:
                continue
            self._pids[component] = pid
            self._silent[component] = self._silent.get(component, 0) + 1
            if self._silent[component] > (LOOKS if component in self.heard else FIRST_LOOKS):
                hung.append(component)
        return hung

    def _forget(self, component: Component) -> None:
        self._pids.pop(component, None)
        self._silent.pop(component, None)
        self.heard.discard(component)
