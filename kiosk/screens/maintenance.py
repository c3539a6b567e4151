"""A technician works on the station."""

from __future__ import annotations

from kiosk.screens.sheet import FullSheet, load_rules


class Maintenance(FullSheet):
    pass


load_rules(__file__)
SCREEN = Maintenance
