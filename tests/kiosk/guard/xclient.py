"""A real X server, small real X clients on it, and what somebody at the screen does, by XTEST."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

from Xlib import XK, X, Xatom, display, error
from Xlib.ext import xtest
from Xlib.protocol import event

PATIENCE = 3.0
WIDTH, HEIGHT, BAR = 1280, 800, 96


async def until(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """The first true value of `condition`, asked again and again for a bounded time."""
    end = time.monotonic() + PATIENCE
    while True:
        with contextlib.suppress(error.XError):
            if value := condition():
                return value
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        await asyncio.sleep(0.005)


XVFB = ("Xvfb", "-screen", "0", f"{WIDTH}x{HEIGHT}x24")


class XServer:
    """One on a display number of its own choice."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        self.process, self.name = process, name

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, program: Sequence[str] = XVFB, parent: str = "") -> AsyncIterator[XServer]:
        """`parent` is the display on which a server in a window lies."""
        reader, writer = os.pipe()
        process = await asyncio.create_subprocess_exec(
            *program, "-displayfd", str(writer), "-nolisten", "tcp", "-noreset",
            # Without its abstract socket: that one is seen by every process of the machine, and Xlib tries it first,
            # so that a browser of some other test with this display number would come here.
            "-nolisten", "local", "-ac",
            pass_fds=[writer], stderr=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL,
            env={**os.environ, "DISPLAY": parent},
        )  # fmt: skip
        os.close(writer)
        try:
            async with asyncio.timeout(PATIENCE):
                number = await asyncio.to_thread(os.read, reader, 16)
            yield cls(process, f":{int(number)}")
        finally:
            os.close(reader)
            await end(process)


async def end(process: asyncio.subprocess.Process) -> int:
    """Ends it and waits for it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(PATIENCE):
                await process.wait()
        except TimeoutError:
            process.kill()
    return await process.wait()


class XWindow:
    """One window of a client."""

    def __init__(self, client: XClient, window: Any) -> None:
        self.client, self.window, self.id = client, window, window.id
        self.keys: list[str] = []
        self.buttons: list[int] = []
        self.told: list[tuple[int, int, int, int]] = []
        """Places from ConfigureNotify, x, y, width, height."""
        self.asked_to_close = False
        self.exposed = 0
        """How often a part of it had to be drawn anew."""

    def map(self) -> XWindow:
        self.window.map()
        self.client.display.sync()
        return self

    @property
    def place(self) -> tuple[int, int, int, int]:
        g = self.window.get_geometry()
        return (g.x, g.y, g.width, g.height)

    @property
    def seen(self) -> bool:
        return bool(self.window.get_attributes().map_state == X.IsViewable)

    def ask_for_the_top(self) -> None:
        self.window.configure(stack_mode=X.Above)
        self.client.display.sync()

    def destroy(self) -> None:
        self.window.destroy()
        self.client.display.sync()


class XClient:
    """A connection with windows; it reads its events whenever it is asked for something."""

    def __init__(self, server: XServer) -> None:
        self.display = display.Display(server.name)
        self.display.set_error_handler(lambda *_: None)
        self.root = self.display.screen().root
        self.windows: dict[int, XWindow] = {}

    def close(self) -> None:
        self.display.close()

    def atom(self, name: str) -> int:
        return int(self.display.intern_atom(name))

    def make(
        self,
        *,
        wm_class: tuple[str, str] | None = None,
        role: str | None = None,
        types: Iterable[str] = (),
        place: tuple[int, int, int, int] = (10, 10, 500, 300),
        minimum: int | None = None,
        override: bool = False,
        transient: XWindow | None = None,
        colour: int = 0x808080,
    ) -> XWindow:
        window: Any = self.root.create_window(
            *place, 0, X.CopyFromParent, X.InputOutput, background_pixel=colour, override_redirect=override,
            event_mask=X.KeyPressMask | X.ButtonPressMask | X.StructureNotifyMask | X.ExposureMask,
        )  # fmt: skip
        if wm_class is not None:
            window.set_wm_class(*wm_class)
        if role is not None:
            window.change_property(self.atom("WM_WINDOW_ROLE"), Xatom.STRING, 8, role.encode())
        atoms = [self.atom(f"_NET_WM_WINDOW_TYPE_{kind}") for kind in types]
        if atoms:
            window.change_property(self.atom("_NET_WM_WINDOW_TYPE"), Xatom.ATOM, 32, atoms)
        if minimum is not None:
            self.set_minimum(window, minimum)
        if transient is not None:
            window.set_wm_transient_for(transient.window)
        window.set_wm_protocols([self.atom("WM_DELETE_WINDOW")])
        made = XWindow(self, window)
        self.windows[window.id] = made
        return made

    @staticmethod
    def set_minimum(window: Any, height: int) -> None:
        window.set_wm_normal_hints(flags=1 << 4, min_width=100, min_height=height)

    def ui(self, **more: Any) -> XWindow:
        ui = self.make(wm_class=("marchepied-ui", "marchepied-ui"), colour=0x2A4D8F, **more)
        # As SDL does for a window without borders.
        ui.window.set_wm_transient_for(self.root)
        return ui

    def main(self, **more: Any) -> XWindow:
        more = {"minimum": 87, "role": "browser", "colour": 0xFFFFFF, **more}
        return self.make(wm_class=("chromium", "Chromium"), types=["NORMAL"], **more)

    def popup(self, **more: Any) -> XWindow:
        more = {"minimum": 36, "colour": 0xE0D080, **more}
        return self.make(wm_class=("chromium", "Chromium"), types=["NORMAL"], role="pop-up", **more)

    def ask_fullscreen(self, window: XWindow, *, on: bool = True) -> None:
        self.message(window, "_NET_WM_STATE", int(on), self.atom("_NET_WM_STATE_FULLSCREEN"))

    def message(self, window: XWindow, name: str, *values: int) -> None:
        data = [*values, 0, 0, 0, 0, 0][:5]
        self.root.send_event(
            event.ClientMessage(window=window.window, client_type=self.atom(name), data=(32, data)),
            event_mask=X.SubstructureRedirectMask | X.SubstructureNotifyMask,
        )
        self.display.sync()

    async def until(self, condition: Callable[[], Any], what: str = "the condition") -> Any:
        """As the function, and takes in this client's events before each try."""

        def tried() -> Any:
            self.read()
            return condition()

        return await until(tried, what)

    def read(self) -> None:
        """Takes in the events that came."""
        while self.display.pending_events():
            received = self.display.next_event()
            if received.type == X.MappingNotify:
                self.display.refresh_keyboard_mapping(received)
                continue
            window = self.windows.get(getattr(getattr(received, "window", None), "id", 0))
            if window is None:
                continue
            if received.type == X.KeyPress:
                window.keys.append(self._key_name(received))
            elif received.type == X.ButtonPress:
                window.buttons.append(received.detail)
            elif received.type == X.Expose:
                window.exposed += 1
            elif received.type == X.ConfigureNotify:
                window.told.append((received.x, received.y, received.width, received.height))
            elif received.type == X.ClientMessage and received.data[1][0] == self.atom("WM_DELETE_WINDOW"):
                window.asked_to_close = True

    def _key_name(self, press: Any) -> str:
        keysym = self.display.keycode_to_keysym(press.detail, 0)
        held = [name for bit, name in _MODIFIERS.items() if press.state & bit]
        return "+".join([*held, _NAMES.get(keysym) or hex(keysym)])

    # What somebody at the screen does

    def hold(self, *keys: str | int) -> None:
        for key in keys:
            xtest.fake_input(self.display, X.KeyPress, self.code(key))
        self.display.sync()

    def let_go(self, *keys: str | int) -> None:
        for key in reversed(keys):
            xtest.fake_input(self.display, X.KeyRelease, self.code(key))
        self.display.sync()

    def type(self, *keys: str | int) -> None:
        """Presses the keys of one chord in this order, then lets go. A number is a keycode."""
        self.hold(*keys)
        self.let_go(*keys)

    def code(self, key: str | int) -> int:
        if isinstance(key, int):
            return key
        return int(self.display.keysym_to_keycode(XK.string_to_keysym(key)))

    def click(self, x: int, y: int, button: int = 1) -> None:
        xtest.fake_input(self.display, X.MotionNotify, 0, x=x, y=y)
        xtest.fake_input(self.display, X.ButtonPress, button)
        xtest.fake_input(self.display, X.ButtonRelease, button)
        self.display.sync()

    # What is on the screen

    @property
    def focus(self) -> int:
        focus = self.display.get_input_focus().focus
        return focus if isinstance(focus, int) else int(focus.id)

    @property
    def stack(self) -> list[int]:
        """Mapped windows, the top one last."""
        found = []
        for window in self.root.query_tree().children:
            with contextlib.suppress(error.XError):
                if window.get_attributes().map_state == X.IsViewable:
                    found.append(int(window.id))
        return found

    def at(self, x: int, y: int) -> int:
        """The window that a tap at this point would reach."""
        child = self.root.translate_coords(self.root, x, y).child
        return child if isinstance(child, int) else int(child.id)


XK.load_keysym_group("xkb")
_NAMES = {number: name.removeprefix("XK_") for name, number in vars(XK).items() if name.startswith("XK_")}
_MODIFIERS = {
    X.ShiftMask: "Shift",
    X.ControlMask: "Control",
    X.Mod1Mask: "Alt",
    X.Mod4Mask: "Super",
    X.Mod5Mask: "AltGr",
}
