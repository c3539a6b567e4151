"""The portal by which Chromium chooses files, in place of GTK's dialog: `org.freedesktop.portal.FileChooser`.

Facts are from the portal's own description (https://flatpak.github.io/xdg-desktop-portal/docs/) and from Chromium 156.
A call is answered at once with the path of a request; what came of it is told later, by the signal `Response` of that
path: 0 and the addresses of files, or 1 for "cancelled". To save, nobody is asked: the file is one more document.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from dbus_fast import Message, MessageType, Variant

from session.browser.services import Line
from session.environment.bus import PORTAL

VERSION = 4
"""Chromium does without portals older than 3 (measured: 4 is enough)."""
MAX_ASKED = 8
"""Requests that wait for an answer; whoever asks for more is told "cancelled"."""
MAX_PATTERNS = 200
MAX_PATTERN = 100
"""Characters. Longer ones, and more of them, are left out: nothing that a person could read asks for so many kinds."""
MAX_SAVED = 50
"""Files of one SaveFiles."""

_CHOOSER = "org.freedesktop.portal.FileChooser"
_REQUEST = "org.freedesktop.portal.Request"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_PATH = "/org/freedesktop/portal/desktop"
_TOKEN = re.compile(r"[A-Za-z0-9_]{1,64}")
_SENDER = re.compile(r":[0-9]+\.[0-9]+")
_GIVEN, _CANCELLED = 0, 1


class Front(NamedTuple):
    """The page in front: its id, the plain name of its site, and how large a file that takes (bytes, where known)."""

    page: str
    site: str
    limit: int | None = None


class Asked(msgspec.Struct, frozen=True):
    """A site asks for files."""

    id: str
    """Ours: opaque."""
    handle: str
    """Path of the request on the bus."""
    owner: str
    """The connection that asked."""
    front: Front
    """The page in front as it was asked: the one that was tapped."""
    several: bool = False
    patterns: tuple[str, ...] = ()
    """What is taken: globs of names ("*.[pP][dD][fF]") and kinds of content ("image/*"); empty for everything."""


class FileChooser:
    """The first of `asked` is the one to be shown.

    `front` is the page in front, or None; `changed` is called when `asked` or `folders` is another; `save` gives the
    address of the file for a name that the browser wants to save under, or raises OSError; `fresh` is called when
    another browser is there. What an earlier desk left unanswered is taken up by `restore`, before the bus is there.
    """

    names: Sequence[str] = (PORTAL,)

    def __init__(
        self,
        front: Callable[[], Front | None],
        changed: Callable[[], None],
        save: Callable[[str], str],
        fresh: Callable[[], None],
    ) -> None:
        self._front, self._changed, self._save, self._fresh = front, changed, save, fresh
        self._line: Line | None = None
        self._made = 0
        self.bus = ""
        """The bus on which all this was asked."""
        self.asked: tuple[Asked, ...] = ()
        self.folders = 0
        """How often a site asked for a whole folder: nobody has one here."""

    def restore(self, bus: str, asked: tuple[Asked, ...]) -> None:
        self.bus, self.asked = bus, asked

    def begin(self, line: Line, bus: str) -> None:
        self._line = line
        if bus != self.bus:
            self.bus = bus
            self._keep(())
            self._fresh()

    def end(self) -> None:
        # What was asked may still be answered: the browser's end is known by its pages, or by another bus.
        self._line = None

    def answer(self, untrusted_call: Message) -> Message | None:
        call = untrusted_call
        if call.interface == _PROPERTIES and call.path == _PATH:
            return self._property(call)
        if call.interface == _REQUEST and call.member == "Close":
            return self._close(call)
        if call.interface != _CHOOSER or call.path != _PATH:
            return None
        match call.member:
            case "OpenFile":
                return self._open(call)
            case "SaveFile" | "SaveFiles":
                return self._store(call)
        return None

    # -- what is asked ---------------------------------------------------------------------------------------

    def _property(self, call: Message) -> Message | None:
        match call.member, call.body:
            case "Get", [str(interface), "version"] if interface == _CHOOSER:
                return Message.new_method_return(call, "v", [Variant("u", VERSION)])
            case "GetAll", [str(interface)] if interface == _CHOOSER:
                return Message.new_method_return(call, "a{sv}", [{"version": Variant("u", VERSION)}])
        return None

    def _open(self, call: Message) -> Message:
        handle, owner, options = self._begun(call)
        several, patterns, front = bool(_said(options, "multiple", "b", False)), patterns_of(options), self._front()
        if _said(options, "directory", "b", False):
            self.folders += 1
            self._respond(handle, owner, ())
            self._changed()
        elif front is None or len(self.asked) >= MAX_ASKED or any(one.handle == handle for one in self.asked):
            self._respond(handle, owner, ())
        else:
            asked = Asked(secrets.token_hex(8), handle, owner, front, several, patterns)
            self._keep((*self.asked, asked))
        return Message.new_method_return(call, "o", [handle])

    def _store(self, call: Message) -> Message:
        handle, owner, options = self._begun(call)
        if call.member == "SaveFiles":
            wanted = _said(options, "files", "aay", [])[:MAX_SAVED]
            names = [bytes(name).rstrip(b"\0").decode("utf-8", "replace") for name in wanted]
        else:
            names = [_said(options, "current_name", "s", "")]
        try:
            self._respond(handle, owner, [self._save(name) for name in names])
        except OSError:
            self._respond(handle, owner, ())
        return Message.new_method_return(call, "o", [handle])

    def _begun(self, call: Message) -> tuple[str, str, dict[str, Variant]]:
        """Path of the new request, who made it, and the options. Raises ValueError."""
        if call.signature != "ssa{sv}" or _SENDER.fullmatch(call.sender or "") is None:
            raise ValueError("not as it is described")
        options: dict[str, Variant] = call.body[2]
        self._made += 1
        token = _said(options, "handle_token", "s", "")
        if _TOKEN.fullmatch(token) is None:
            token = f"marchepied{self._made}"
        owner = call.sender or ""
        return f"{_PATH}/request/{owner[1:].replace('.', '_')}/{token}", owner, options

    def _close(self, call: Message) -> Message | None:
        """Whoever asked wants nothing any more: nobody is told."""
        left = tuple(one for one in self.asked if (one.handle, one.owner) != (call.path, call.sender))
        if left == self.asked:
            return None
        self._keep(left)
        return Message.new_method_return(call)

    # -- what came of it -------------------------------------------------------------------------------------

    def find(self, id_: str) -> Asked | None:
        return next((one for one in self.asked if one.id == id_), None)

    def give(self, id_: str, addresses: Iterable[str]) -> None:
        """Answers with these files; none of them is "cancelled". Nothing is done for a request that is gone."""
        asked = self.find(id_)
        if asked is not None:
            self._respond(asked.handle, asked.owner, addresses)
            self._keep(tuple(one for one in self.asked if one is not asked))

    def _keep(self, asked: tuple[Asked, ...]) -> None:
        if asked != self.asked:
            self.asked = asked
            self._changed()

    def _respond(self, handle: str, owner: str, addresses: Iterable[str]) -> None:
        found = list(addresses)
        body = [_GIVEN if found else _CANCELLED, {"uris": Variant("as", found)} if found else {}]
        signal = Message(
            message_type=MessageType.SIGNAL,
            destination=owner,
            path=handle,
            interface=_REQUEST,
            member="Response",
            signature="ua{sv}",
            body=body,
        )
        # After the answer to the call, which may be under way still.
        asyncio.get_running_loop().call_soon(self._send, signal)

    def _send(self, signal: Message) -> None:
        if self._line is not None:
            self._line.send(signal)


def _said(options: dict[str, Variant], name: str, signature: str, otherwise: Any) -> Any:
    """An option's value; `otherwise` where it is not there. Raises ValueError for one of another type."""
    option = options.get(name)
    if option is None:
        return otherwise
    if option.signature != signature:
        raise ValueError(f"{name} is of another type")
    return option.value


def patterns_of(options: dict[str, Variant]) -> tuple[str, ...]:
    """What the site takes: the filter that Chromium puts first. After it comes "all files", for people who know better.

    Raises ValueError.
    """
    filters = _said(options, "filters", "a(sa(us))", [])
    current = _said(options, "current_filter", "(sa(us))", None)
    chosen = current if current is not None else filters[0] if filters else ("", [])
    patterns = [str(pattern) for _kind, pattern in chosen[1][:MAX_PATTERNS] if len(pattern) <= MAX_PATTERN]
    return () if {"*", "*.*", "*/*"} & set(patterns) else tuple(patterns)
