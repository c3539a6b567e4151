"""The visit is over; everything is being erased. Nobody knows how long it takes, so no progress is shown."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class Erasing(FullSheet):
    pass


load_rules(__file__)
SCREEN = Erasing
