"""The page in front stopped: it can be loaded again."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class Crashed(FullSheet):
    pass


load_rules(__file__)
SCREEN = Crashed
