"""`python -m kiosk.guard`: the guard of one environment. Ends with 0 when told to, with 1 when it cannot
guard."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
from Xlib import X

from kiosk.guard.edge import colour_of
from kiosk.guard.hands import Hands
from kiosk.guard.idle import IdleWatch, say_ready
from kiosk.guard.keys import Keys
from kiosk.guard.outputs import Outputs
from kiosk.guard.panes import Panes
from kiosk.guard.places import Mode, Place
from kiosk.guard.screen import CannotGuard, Screen
from kiosk.guard.service import GuardService
from kiosk.guard.typist import Typist
from kiosk.guard.windows import WindowManager
from session.heart import beat
from session.model import Component, Snapshot

logger = logging.getLogger("kiosk.guard")

_READY_PATIENCE = 20.0


class _Settings(msgspec.Struct, frozen=True):
    """The one line of settings.json that the guard reads; it must start whatever else is in there."""

    bar_height: int = 96


def _read_settings(path: str | None) -> _Settings:
    if path is None:
        return _Settings()
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=_Settings)
    except (OSError, msgspec.DecodeError) as error:
        logger.error("the settings cannot be read, the guard takes its own: %s", type(error).__name__)
        return _Settings()


class _Guard:
    """The parts and what joins them."""

    def __init__(self, screen: Screen, bar: int) -> None:
        self.screen = screen
        self.windows = WindowManager(screen, bar, changed=self._changed)
        self.keys = Keys(screen, Panes(screen, self.windows))
        self.hands = Hands(screen, self._page, changed=self._changed)
        self.keys.by_hand = self.hands.on_stroke
        self.outputs = Outputs(screen, changed=self._changed)
        typist = Typist(screen, self.keys)
        self.service = GuardService(self.windows, self.keys, typist, self.hands, self.outputs)
        screen.on_event = self._on_event
        screen.settle = self._settle

    def _page(self) -> Place | None:
        """Of the page that can be touched."""
        there = self.windows.shown is Mode.BAR and bool(self.windows.pages)
        return self.windows.areas.rest if there else None

    def _changed(self) -> None:
        self.service.changed()

    def _settle(self) -> None:
        self.outputs.settle()
        self.windows.settle()

    def _on_event(self, received: Any) -> None:
        if received.type == X.KeyPress:
            self.keys.on_key(received)
        elif received.type == X.ButtonPress:
            self.keys.on_button(received)
        elif received.type == X.MappingNotify:
            self.keys.on_mapping(received)
        elif self.hands.begins(received):
            self.hands.on_begin()
        elif not self.outputs.concerns(received):
            self.windows.handle(received)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        if not self.screen.lost.is_set():
            self.windows.edge(colour_of(snapshot.agent))

    def idle_seconds(self) -> float:
        """Since the last input; endless when the server is gone."""
        if self.screen.lost.is_set():
            return float("inf")
        seconds: float = self.screen.root.screensaver_query_info().idle / 1000
        self.screen.pump()
        return seconds


async def guard(run: Path, bar: int) -> int:
    """Guards $DISPLAY until a signal, or the loss of the display. The exit status."""
    try:
        screen = Screen()
        screen.take_over()
    except CannotGuard as reason:
        logger.error("cannot guard: %s", reason)
        return 1
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    whole = _Guard(screen, bar)
    whole.keys.grab()
    whole.hands.watch()
    screen.keep_awake()
    whole.outputs.start()
    whole.windows.start()
    screen.attach(loop)
    screen.pump()
    await whole.service.start(run / "guard")
    tasks = [
        asyncio.create_task(stop.wait()),
        asyncio.create_task(screen.lost.wait()),
        asyncio.create_task(say_ready(run / "control", Component.GUARD, patience=_READY_PATIENCE)),
    ]
    idle = asyncio.create_task(IdleWatch(run / "control", whole.idle_seconds, whole.on_snapshot).run())
    # Its question goes to the server: of a server that hangs, nobody hears any more.
    alive = asyncio.create_task(beat(run / "control", Component.GUARD, whole.idle_seconds))
    try:
        return await _until_over(stop, screen.lost, tasks)
    finally:
        for task in (*tasks, idle, alive):
            task.cancel()
        await asyncio.gather(*tasks, idle, alive, return_exceptions=True)
        await whole.service.stop()
        screen.detach(loop)


async def _until_over(stop: asyncio.Event, lost: asyncio.Event, tasks: list[asyncio.Task[Any]]) -> int:
    stopping, losing, ready = tasks
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    if ready.done() and not stop.is_set() and not lost.is_set():
        if ready.exception() is not None:
            logger.error("the session does not answer: %s", type(ready.exception()).__name__)
            return 1
        await asyncio.wait({stopping, losing}, return_when=asyncio.FIRST_COMPLETED)
    return 1 if lost.is_set() else 0


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="guard: %(levelname)s %(message)s")
    run = os.environ.get("MARCHEPIED_RUN")
    if not run:
        logger.error("MARCHEPIED_RUN is not set")
        return 1
    settings = _read_settings(os.environ.get("MARCHEPIED_SETTINGS"))
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(guard(Path(run), settings.bar_height))
    return 0


if __name__ == "__main__":
    sys.exit(main())
