"""The agent steps back while the visitor types something private: said once, over everything."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class Private(FullSheet):
    pass


load_rules(__file__)
SCREEN = Private
