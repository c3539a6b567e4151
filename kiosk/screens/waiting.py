"""This process was started again in a visit, and waits for the pages to be told."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class Waiting(FullSheet):
    pass


load_rules(__file__)
SCREEN = Waiting
