"""The screens, one module and one .kv file each. A module is imported in a quiet moment, or when it is first shown."""

from __future__ import annotations

from importlib import import_module

from kiosk.screens.sheet import Host, Sheet
from kiosk.view import Screen

__all__ = ["Host", "Sheet", "build", "load_one"]

_NOT_YET = frozenset(
    {
        *(Screen.THEMES, Screen.SITES, Screen.PROCEDURES, Screen.CARD, Screen.DOSSIER, Screen.PAPER),
        *(Screen.PRINT, Screen.PRINT_CHOICES),
    }
)
"""Of rooms that no station has yet."""
_missing = [Screen.WHAT_FOR, Screen.BAR, Screen.NOTICE, *(screen for screen in Screen if screen not in _NOT_YET)]


def build(screen: Screen, host: Host) -> Sheet:
    """A new screen of this kind, at the scale that `kiosk.widgets.look` holds now."""
    return _kind(screen)(host)


def load_one() -> bool:
    """Imports one more screen, so that no visitor waits for it. False when all are there."""
    if _missing:
        _kind(_missing.pop(0))
    return bool(_missing)


def _kind(screen: Screen) -> type[Sheet]:
    kind: type[Sheet] = import_module(f"kiosk.screens.{screen.value}").SCREEN
    return kind
