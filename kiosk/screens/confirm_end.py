"""The question before everything is erased. Only a tap on it answers; no key does."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class ConfirmEnd(FullSheet):
    pass


load_rules(__file__)
SCREEN = ConfirmEnd
