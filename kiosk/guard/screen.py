"""The one connection to the X server, in asyncio: its events, its errors, its atoms.

Unlike the rest of the package this module knows the oddities of python-xlib.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

from Xlib import X, Xatom, display, error
from Xlib.ext import res
from Xlib.protocol import event

logger = logging.getLogger(__name__)

Window = Any
"""A python-xlib window: its extension methods are added at run time, so its type says little."""

_ROOT_EVENTS = X.SubstructureRedirectMask | X.SubstructureNotifyMask | X.StructureNotifyMask
_MAX_ITEMS = 64
"""No property that the guard reads is longer than this many 32-bit units."""


class CannotGuard(Exception):
    """The guard cannot do its work on this display. The text says why."""


class Screen:
    """The display, its root window, and the loop that takes events from it.

    `on_event` gets each event of the server; `settle` is called after a batch of them, before the loop
    sleeps.
    """

    def __init__(self, name: str | None = None) -> None:
        try:
            self.display = display.Display(name)
        except (error.DisplayError, error.ConnectionClosedError, OSError) as problem:
            raise CannotGuard(f"no X display: {type(problem).__name__}") from None
        for needed in ("XTEST", "MIT-SCREEN-SAVER", "SHAPE"):
            if not self.display.has_extension(needed):
                raise CannotGuard(f"the X server has no {needed}")
        # python-xlib's RANDR puts errors of its own in the place of BadRequest and BadValue, which it cannot read then.
        self.display.display.error_classes.update(error.xerror_class)
        self._atoms: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self.display.set_error_handler(self._on_error)
        self.root: Window = self.display.screen().root
        self.base: int = self.display.display.info.resource_id_base
        self._client_mask: int = ~self.display.display.info.resource_id_mask & 0xFFFFFFFF
        self.lost = asyncio.Event()
        """Set when the server is gone: the end of the environment, hence of the guard."""
        self.on_event: Callable[[Any], None] = lambda _event: None
        self.settle: Callable[[], None] = lambda: None
        self._pumping = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the root window now, in pixels."""
        geometry = self.root.get_geometry()
        return int(geometry.width), int(geometry.height)

    def take_over(self) -> None:
        """Becomes the window manager. Raises CannotGuard when there is one already."""
        refused = error.CatchError(error.BadAccess)
        self.root.change_attributes(event_mask=_ROOT_EVENTS, onerror=refused)
        self.display.sync()
        if refused.get_error() is not None:
            raise CannotGuard("another window manager runs on this display")

    def keep_awake(self) -> None:
        """No screen saver and no power saving by X itself: the session decides when a screen rests."""
        self.display.set_screen_saver(0, 0, X.DontPreferBlanking, X.DontAllowExposures)
        if self.display.has_extension("DPMS"):
            self.display.dpms_disable()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self.display.fileno(), self.pump)

    def detach(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self.lost.is_set():
            loop.remove_reader(self.display.fileno())
            self.display.close()

    def pump(self) -> None:
        """Handles all that the server has said. To be called after requests made outside of an event too.

        Any request with an answer also reads events, into python-xlib's own queue, where the loop's selector
        does not see them; so this ends only when that queue is empty after a round trip. (A round trip, not
        flush(): python-xlib's flush gives up when the socket is full.)
        """
        if self._pumping or self.lost.is_set():
            return
        self._pumping = True
        try:
            while True:
                while self.display.pending_events():
                    self._handle(self.display.next_event())
                self.guarded(self.settle)
                self.display.sync()
                if not self.display.pending_events():
                    return
        except (error.ConnectionClosedError, OSError):
            # pending_events and friends raise it for ever from here on, and the descriptor is closed already.
            logger.error("the X server is gone")
            self.lost.set()
        finally:
            self._pumping = False

    def _handle(self, received: Any) -> None:
        # Any client can send any event with SendEvent. Only client messages are meant to come that way.
        if received.send_event and received.type != X.ClientMessage:
            return
        self.guarded(self.on_event, received)

    def guarded(self, function: Callable[..., None], *arguments: Any) -> None:
        """Calls; a window that vanished in the middle is everyday life, and nothing else may stop the guard
        either."""
        try:
            function(*arguments)
        except error.ConnectionClosedError:
            raise
        except error.XError as problem:
            logger.debug("a window went away: %s", type(problem).__name__)
        except Exception:
            logger.exception("an event was not handled")

    def _on_error(self, problem: error.XError, _request: object) -> None:
        logger.debug("the X server refused a request: %s", type(problem).__name__)

    # What windows say

    def atom(self, name: str) -> int:
        if name not in self._atoms:
            self._atoms[name] = self.display.intern_atom(name)
        return self._atoms[name]

    def atom_name(self, atom: int) -> str:
        """The name; empty for a number that is no atom."""
        if atom not in self._names:
            try:
                self._names[atom] = self.display.get_atom_name(atom)
            except error.BadAtom:
                return ""
        return self._names[atom]

    def numbers(self, window: Window, name: str, kind: int = X.AnyPropertyType) -> list[int]:
        """A property of 32-bit items, cut to a sane length; empty when there is none."""
        found = window.get_property(self.atom(name), kind, 0, _MAX_ITEMS)
        return list(found.value) if found is not None and found.format == 32 else []

    def text(self, window: Window, name: str) -> str:
        """A property of bytes, cut to a sane length; empty when there is none."""
        found = window.get_property(self.atom(name), X.AnyPropertyType, 0, _MAX_ITEMS)
        if found is None or found.format != 8:
            return ""
        return bytes(found.value).decode("utf-8", "replace")

    def set_numbers(self, window: Window, name: str, kind: int | str, values: Sequence[int]) -> None:
        of = self.atom(kind) if isinstance(kind, str) else kind
        window.change_property(self.atom(name), of, 32, list(values))

    def window(self, xid: int) -> Window:
        return self.display.create_resource_object("window", xid)

    def send(self, window: Window, name: str, *values: int) -> None:
        """A client message of the window manager to a window."""
        data = [*values, 0, 0, 0, 0, 0][:5]
        window.send_event(event.ClientMessage(window=window, client_type=self.atom(name), data=(32, data)))

    def ask_to_close(self, window: Window) -> None:
        """Politely (WM_DELETE_WINDOW); a window that does not know the word stays, unseen.

        XKillClient would end the whole browser.
        """
        delete = self.atom("WM_DELETE_WINDOW")
        if delete in self.numbers(window, "WM_PROTOCOLS", Xatom.ATOM):
            self.send(window, "WM_PROTOCOLS", delete, X.CurrentTime)

    # Whose windows they are

    def client(self, xid: int) -> int:
        """The connection that a window was made on: two windows with the same number share one."""
        return xid & self._client_mask

    def known_stranger(self, xid: int) -> bool:
        """True when the server can tell that the window's process is of another user.

        X-Resource 1.2 gives the pid that SO_PEERCRED gave the server, in the server's pid namespace. That is
        only worth something if our own pid is right by it; with a namespace per process the answer is False
        ("cannot tell"), and what remains is WM_CLASS and the window number that the UI says over the guard's
        socket.
        """
        if not self.display.has_extension("X-Resource") or self._pid(self.base) != os.getpid():
            return False
        pid = self._pid(self.client(xid))
        if pid == 0:
            return False
        try:
            return os.stat(f"/proc/{pid}").st_uid != os.getuid()
        except OSError:
            return True

    def _pid(self, client: int) -> int:
        answer = self.display.res_query_client_ids([(client, res.LocalClientPIDMask)])
        for identity in answer.ids:
            if identity.value:
                return int(identity.value[0])
        return 0


def stack(windows: Sequence[Window]) -> None:
    """From the top down, each right below the one before: nothing is uncovered, and drawn anew, on the way."""
    windows[0].configure(stack_mode=X.Above)
    for above, window in itertools.pairwise(windows):
        window.configure(sibling=above, stack_mode=X.Below)
