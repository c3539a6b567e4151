"""The page in front takes no touch any more: one can wait for it, open it again, or leave it."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class Hung(FullSheet):
    pass


load_rules(__file__)
SCREEN = Hung
