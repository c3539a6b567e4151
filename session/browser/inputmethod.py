"""GTK's input method "fcitx", as far as it says that a text field has the keyboard's focus.

Measured with Chromium 156 and fcitx5-frontend-gtk3 5.0.21: FocusIn and FocusOut come for every kind of text field,
those for passwords included, and several of them for one step from field to field; what kind of field it is, is not
said. A date, a list or a button has no focus in this sense. Keys go to the desk first while such a field has the focus:
they are given back as they are, and nothing of them is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dbus_fast import Message

from session.browser.services import Line
from session.environment.bus import INPUT_METHOD
from session.pages import FieldKind

_MAKER = "org.fcitx.Fcitx.InputMethod1"
_CONTEXT = "org.fcitx.Fcitx.InputContext1"
_PATH = "/org/freedesktop/portal/inputcontext/"
MAX_CONTEXTS = 64
"""More than the browser has windows; a page cannot make any."""


class InputMethod:
    """`changed` is called when `field` is another."""

    names: Sequence[str] = INPUT_METHOD

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._made = 0
        self._owners: dict[str, str] = {}
        """Path of a context to the connection that it was made for."""
        self._focused: str | None = None
        self.keyed = False
        """Whether a key came to the field that has the focus. None comes to a password's (measured)."""

    @property
    def field(self) -> FieldKind | None:
        return FieldKind.TEXT if self._focused is not None else None

    def begin(self, line: Line, bus: str) -> None:
        self._owners.clear()

    def end(self) -> None:
        self._owners.clear()
        self._focus(None)

    def answer(self, untrusted_call: Message) -> Message | None:
        if untrusted_call.interface == _MAKER:
            return self._make(untrusted_call)
        if untrusted_call.interface == _CONTEXT:
            return self._follow(untrusted_call)
        return None

    def _make(self, call: Message) -> Message | None:
        match call.member:
            case "Version":
                return Message.new_method_return(call, "u", [1])
            case "CreateInputContext" if call.sender and len(self._owners) < MAX_CONTEXTS:
                self._made += 1
                path = f"{_PATH}{self._made}"
                self._owners[path] = call.sender
                return Message.new_method_return(call, "oay", [path, bytes(16)])
        return None

    def _follow(self, call: Message) -> Message | None:
        path = call.path or ""
        if self._owners.get(path) != call.sender:
            return None
        match call.member:
            case "FocusIn":
                self._focus(path)
            case "FocusOut" | "DestroyIC":
                if path == self._focused:
                    self._focus(None)
                if call.member == "DestroyIC":
                    del self._owners[path]
            case "ProcessKeyEvent":
                if path == self._focused and not self.keyed:
                    self.keyed = True
                    self._changed()
                return Message.new_method_return(call, "b", [False])
        # The caret's place, the text around it and the like: not wanted, but no mistake either.
        return Message.new_method_return(call)

    def _focus(self, path: str | None) -> None:
        if path != self._focused:
            self._focused, self.keyed = path, False
            self._changed()
