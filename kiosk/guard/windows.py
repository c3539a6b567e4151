"""The window manager: which windows exist, where they are, which is above which, and which has the keyboard.

From the bottom to the top of the screen:

    full:  main, pop-ups, override-redirect windows, curtain, UI, edge
    bar:   curtain, main, pop-ups, override-redirect windows, shield, UI, edge

The curtain is the guard's own plain window. It is what is seen, and touched, when the UI or the browser is
missing. Override-redirect windows (drop-downs, the date picker, tooltips) are placed by the browser; the bar is above.
"""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any

from Xlib import X, Xatom

from kiosk.guard import ewmh, places
from kiosk.guard.admission import Known, admit
from kiosk.guard.edge import Edge
from kiosk.guard.kinds import Kind, Refusal
from kiosk.guard.managed import Managed
from kiosk.guard.places import Mode
from kiosk.guard.screen import Screen, Window
from kiosk.guard.shield import Shield

logger = logging.getLogger(__name__)

CURTAIN_COLOUR = 0xF3F1EC
"""As the server's 24-bit visual has it: red, green, blue."""

_WATCHED = X.PropertyChangeMask | X.FocusChangeMask


class WindowManager:
    """Follows the server's events (`handle`), then `settle`s what they changed in one go.

    `bar` is the height of the UI's bar in pixels. `changed` is called when the public picture did.
    """

    def __init__(self, screen: Screen, bar: int, changed: Callable[[], None] = lambda: None) -> None:
        self._screen = screen
        self._changed = changed
        self._settings_bar = self._wanted_bar = bar
        self._wanted_foot = 0
        geometry = screen.root.get_geometry()
        self._size = (int(geometry.width), int(geometry.height))
        self.mode = Mode.FULL
        self.bar_has_keys = False
        """In the `bar` layout: whether the UI has the keyboard, and not the page."""
        self.ui: Managed | None = None
        self.main: Managed | None = None
        self.popups: list[Managed] = []
        """In the order of their stacking, the top one last."""
        self.refused: Counter[Refusal] = Counter()
        self._claimed: int | None = None
        """The window that the UI says is its own, over the guard's socket."""
        self._unseen: set[int] = set()
        """Windows that were refused and are still there: GTK asks more than once."""
        self._overrides: list[int] = []
        """Mapped override-redirect windows, in the order of mapping."""
        self._front = 0
        """The browser's window that came last or was asked for last."""
        self._focused: int | None = None
        self._restack = self._refocus = True
        self._raise_ui = False
        self._shield = Shield(screen)
        self._reachable: int | None = None
        """The page that takes taps, or will once its shield is gone."""
        self._curtain: Window = screen.root.create_window(
            0, 0, *self._size, 0, X.CopyFromParent, X.InputOutput,
            background_pixel=CURTAIN_COLOUR, override_redirect=True,
        )  # fmt: skip
        self._edge = Edge(screen, *self._size)
        self._own = {self._curtain.id, self._shield.window.id, *self._edge.ids}

    @property
    def bar(self) -> int:
        """Pixels of the UI's bar on this screen."""
        return places.bar_height(self._wanted_bar, self._size[1])

    @property
    def areas(self) -> places.Screen:
        """How this screen is divided."""
        bar = self.bar
        foot = places.foot_height(self._wanted_foot, bar, self._size[1]) if self.shown is Mode.BAR else 0
        return places.Screen(*self._size, bar, foot)

    @property
    def shown(self) -> Mode:
        """The layout that is on the screen: no page without its bar, so `bar` waits for the UI's window."""
        return self.mode if self.ui is not None else Mode.FULL

    @property
    def pages(self) -> list[Managed]:
        """The browser's windows, from the bottom to the top."""
        pages = [*([self.main] if self.main else []), *self.popups]
        return sorted(pages, key=lambda one: one.window.id == self._front)

    def start(self) -> None:
        """Says that there is a window manager, draws the curtain, takes in the windows that are there already."""
        root, curtain = self._screen.root, self._curtain
        root.change_attributes(background_pixel=CURTAIN_COLOUR)
        curtain.map()
        ewmh.announce(self._screen, curtain)
        self._say_work_area()
        for window in root.query_tree().children:
            self._screen.guarded(self._adopt, window)

    def _adopt(self, window: Window) -> None:
        attributes = window.get_attributes()
        if window.id in self._own or attributes.map_state == X.IsUnmapped:
            return
        if attributes.override_redirect:
            self._overrides.append(window.id)
        elif not self._manage(window):
            # It came while no guard was there.
            window.unmap()

    # What the UI asks for

    def layout(self, mode: Mode, *, height: int | None = None, foot: int = 0, claim: int | None = None) -> None:
        """`height`: of a bar other than the settings'; `foot`: of a keyboard; `claim`: the UI's own window."""
        if claim is not None and claim != self._claimed:
            self._claim(claim)
        self._wanted_bar, self._wanted_foot = height or self._settings_bar, foot
        self.mode, self.bar_has_keys = mode, False
        self._say_work_area()
        self._restack = self._refocus = True
        self._cover()  # before the UI gives way
        self._place_all()
        self._screen.pump()
        self._changed()

    def give_keys(self, *, to_bar: bool) -> None:
        self.bar_has_keys = to_bar
        self._focus()

    def edge(self, colour: int | None) -> None:
        """Around the whole screen; None for none."""
        if self._edge.show(colour):
            self._restack = True
            self._screen.pump()

    def _claim(self, xid: int) -> None:
        if self.ui is not None and self._screen.client(self.ui.window.id) != self._screen.client(xid):
            impostor = self.ui.window
            self._forget(self.ui)
            impostor.unmap()
        self._claimed = xid

    # What the server says

    def handle(self, received: Any) -> None:
        handler = _HANDLERS.get(received.type)
        if handler is not None:
            handler(self, received)

    def _on_map_request(self, request: Any) -> None:
        known = self._find(request.window.id)
        if known is not None:
            known.window.map()
        elif self._manage(request.window):
            # In its place before it is seen: a window comes on top of all others.
            self._stack(pages=True)
            request.window.map()

    def _manage(self, window: Window) -> bool:
        """Takes a window in, or refuses it. True when it may be mapped."""
        known = Known(self._screen, self.ui, self._claimed, self.main, self.popups)
        kind = admit(known, window)
        if isinstance(kind, Refusal):
            if window.id not in self._unseen:
                self._unseen.add(window.id)
                self.refused[kind] += 1
                logger.info("a window was refused: %s", kind.value)
            # It would wait for ever, unseen: a file chooser blocks its page until it is answered.
            self._screen.ask_to_close(window)
            self._changed()
            return False
        managed = Managed(window, kind, fullscreen=ewmh.is_fullscreen(self._screen, window))
        window.change_attributes(event_mask=_WATCHED)
        if kind is Kind.UI:
            self.ui = managed
        elif kind is Kind.MAIN:
            self.main = managed
        else:
            self.popups.append(managed)
            self._front = window.id
        ewmh.set_state(self._screen, window, normal=True)
        self._place(managed)
        self._restack = self._refocus = True
        self._say_clients()
        self._changed()
        return True

    def _find(self, xid: int) -> Managed | None:
        for managed in (self.ui, *self.pages):
            if managed is not None and managed.window.id == xid:
                return managed
        return None

    def _on_gone(self, gone: Any) -> None:
        """Unmapped or destroyed; both are told for a window that is destroyed while mapped."""
        xid = gone.window.id
        if gone.type == X.DestroyNotify:
            self._unseen.discard(xid)
            self._claimed = None if xid == self._claimed else self._claimed
        if xid in self._overrides:
            self._overrides.remove(xid)
            self._restack = True  # if it was gone before the windows below it were put there, they were not
        managed = self._find(xid)
        if managed is not None:
            if gone.type == X.UnmapNotify:
                ewmh.set_state(self._screen, managed.window, normal=False)
            self._forget(managed)

    def _forget(self, managed: Managed) -> None:
        if managed is self.ui:
            # Until a UI is back and says otherwise.
            self.ui, self._claimed, self.mode = None, None, Mode.FULL
        elif managed is self.main:
            self.main = None
        else:
            self.popups.remove(managed)
        self._focused = None
        self._restack = self._refocus = True
        self._say_clients()
        self._changed()

    def _on_map(self, mapped: Any) -> None:
        xid = mapped.window.id
        if mapped.override and xid not in self._own:
            if xid not in self._overrides:
                self._overrides.append(xid)
            # Above the pages: they may have been put above it since it was made.
            self._restack = True
        elif xid == self._focused:
            # The focus was given with the request to map; given again, in case the order was another.
            self._focused, self._refocus = None, True

    def _on_configure(self, configured: Any) -> None:
        if configured.window.id == self._screen.root.id:
            self._resize(configured.width, configured.height)
        elif configured.window.id in self._overrides:
            self._raise_ui = True

    def _resize(self, width: int, height: int) -> None:
        if (width, height) == self._size:
            return
        self._size = (width, height)
        self._curtain.configure(x=0, y=0, width=width, height=height)
        self._edge.place(width, height)
        self._say_work_area()
        self._place_all()
        self._changed()

    def _on_configure_request(self, request: Any) -> None:
        managed = self._find(request.window.id)
        if managed is None:
            # Not on the screen, so its size is its own affair; some clients wait for the answer before they
            # map.
            size = {"width": request.width, "height": request.height} if request.value_mask & _SIZE else {}
            if size:
                request.window.configure(**size)
            return
        if request.value_mask & X.CWStackMode and request.stack_mode == X.Above:
            self._bring_forward(managed)
        self._place(managed)
        # It did not get what it asked for, and the server says nothing when nothing changed (ICCCM 4.1.5).
        managed.tell_place()

    def _on_property(self, change: Any) -> None:
        """The strip of a pop-up comes and goes with its hints."""
        managed = self._find(change.window.id)
        if managed is not None and managed.kind is not Kind.UI and change.atom == Xatom.WM_NORMAL_HINTS:
            self._place(managed)

    def _on_client_message(self, message: Any) -> None:
        name = self._screen.atom_name(message.client_type)
        managed = self._find(message.window.id)
        if name == "_NET_WM_STATE" and managed is not None and managed.kind is not Kind.UI:
            untrusted_values = list(message.data[1]) if message.data[0] == 32 else []
            wanted = ewmh.asked_fullscreen(self._screen, untrusted_values, managed.fullscreen)
            if wanted is not None:
                managed.fullscreen = wanted
                ewmh.set_fullscreen(self._screen, managed.window, on=wanted)
                # The place stays the guard's; only what the window draws in it is other.
                self._place(managed)
                managed.tell_place()
        elif name == "_NET_REQUEST_FRAME_EXTENTS":
            ewmh.say_extents(self._screen, message.window)
        elif name == "_NET_ACTIVE_WINDOW" and managed is not None:
            self._bring_forward(managed)
        # Everything else (move, minimise, close) is for desktops.

    def _bring_forward(self, managed: Managed) -> None:
        """The visitor chose another page, and Chromium asks for its window. Only among its own: never over the UI.

        It sends _NET_ACTIVE_WINDOW. If there was no guard yet when it first did so, it raises its windows instead, for
        as long as it lives (Chromium decides this once).
        """
        if managed.kind is not Kind.UI:
            self._front = managed.window.id
            self._restack = self._refocus = True

    def _on_focus_out(self, out: Any) -> None:
        """Only the guard gives the keyboard; a client that took it gives it back."""
        grabbing = out.mode in (X.NotifyGrab, X.NotifyUngrab)
        if not grabbing and out.window.id == self._focused and out.detail != X.NotifyInferior:
            self._focused, self._refocus = None, True

    # Places

    def _place_all(self) -> None:
        for managed in (self.ui, *self.pages):
            if managed is not None:
                self._screen.guarded(self._place, managed)

    def _place(self, managed: Managed) -> None:
        screen = self.areas
        if managed.kind is Kind.UI:
            managed.put(screen.ui(self.mode), screen.parts(self.mode))
        else:
            managed.put(screen.browser(managed.strip(screen.height)))

    # What a batch of events changed

    def settle(self) -> None:
        """Puts stacking and focus right. Cheap when nothing changed."""
        if self._restack or self._raise_ui:
            self._stack(pages=self._restack)
            self._restack = self._raise_ui = False
        if self._refocus:
            self._refocus = False
            self._focus()

    def _stack(self, *, pages: bool) -> None:
        """From the top down, each right below the one before: nothing is uncovered, and drawn anew, on the way.

        Without `pages` only what has to be above the browser's windows.
        """
        self._cover()
        top = [*self._edge.windows, *([self.ui.window] if self.ui is not None else [])]
        top += [self._shield.window] if self._shield.up else []
        overrides = [self._screen.window(xid) for xid in self._overrides]
        rest = [*reversed(overrides), *(page.window for page in reversed(self.pages))] if pages else []
        curtain = [self._curtain]
        order = [*top, *curtain, *rest] if self.shown is Mode.FULL else [*top, *rest, *(curtain if pages else [])]
        order[0].configure(stack_mode=X.Above)
        for above, window in itertools.pairwise(order):
            window.configure(sibling=above, stack_mode=X.Below)

    def _cover(self) -> None:
        """Another page can be tapped than before: not at once."""
        reachable = self.pages[-1].window.id if self.shown is Mode.BAR and self.pages else None
        if reachable is None:
            self._shield.drop()
        elif reachable != self._reachable:
            self._shield.cover(self.areas.rest)
        self._reachable = reachable

    def _focus(self) -> None:
        if self.shown is Mode.FULL or self.bar_has_keys or not self.pages:
            target = self.ui.window if self.ui is not None else self._curtain
        else:
            target = self.pages[-1].window
        if target.id != self._focused:
            self._focused = target.id
            target.set_input_focus(X.RevertToParent, X.CurrentTime)
            ewmh.say_active(self._screen, target.id)

    def _say_work_area(self) -> None:
        ewmh.say_work_area(self._screen, self.areas.rest)

    def _say_clients(self) -> None:
        managed = [*self.pages, *([self.ui] if self.ui else [])]
        ewmh.say_clients(self._screen, [one.window.id for one in managed])


_SIZE = X.CWWidth | X.CWHeight

_HANDLERS: dict[int, Callable[[WindowManager, Any], None]] = {
    X.MapRequest: WindowManager._on_map_request,
    X.MapNotify: WindowManager._on_map,
    X.UnmapNotify: WindowManager._on_gone,
    X.DestroyNotify: WindowManager._on_gone,
    X.ConfigureRequest: WindowManager._on_configure_request,
    X.ConfigureNotify: WindowManager._on_configure,
    X.PropertyNotify: WindowManager._on_property,
    X.ClientMessage: WindowManager._on_client_message,
    X.FocusOut: WindowManager._on_focus_out,
}
