"""A new station is being made: nobody can start yet."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class Preparing(FullSheet):
    pass


load_rules(__file__)
SCREEN = Preparing
