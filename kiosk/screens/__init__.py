"""The screens, one module and one .kv file each. A module is imported when its screen is first shown."""

from __future__ import annotations

from importlib import import_module

from kiosk.screens.sheet import Host, Sheet
from kiosk.view import Screen

__all__ = ["Host", "Sheet", "build"]


def build(screen: Screen, host: Host) -> Sheet:
    """A new screen of this kind, at the scale that `kiosk.widgets.look` holds now."""
    module = import_module(f"kiosk.screens.{screen.value}")
    kind: type[Sheet] = module.SCREEN
    return kind(host)
