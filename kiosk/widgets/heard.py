"""What makes a widget one that can be read: see `kiosk.speech.outline`."""

from __future__ import annotations

from kivy.properties import StringProperty


class Heard:
    """To be named before the widget's own class."""

    role = StringProperty("text")
    words = StringProperty("")
    tongue = StringProperty("")
