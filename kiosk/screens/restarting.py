"""The browser died and is coming back by itself, in the same visit."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class Restarting(FullSheet):
    pass


load_rules(__file__)
SCREEN = Restarting
