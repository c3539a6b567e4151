"""What a visitor sees of scanning, on a running station by real X input: how soon the page is there, and whether the
interface ever stands still.

Soon: from the tap on "Numériser" (the paper is on the glass) until the pixels of the page's picture are on the screen.
Each page has a patch of a colour of its own in its middle; that colour is looked for. A real scanner adds the time in
which its carriage moves; `pnm` has none.

Still: every `PING_SECONDS` the interface's window is sent `_NET_WM_PING`, to which SDL answers as soon as the
interface's one thread takes its events, which it does in every frame (EWMH 1.5, "_NET_WM_PING"). The longest time from
a ping to its answer is the longest stall; up to a frame (17 ms), the display's part and this bench's own thread are in
it. So are all steps of the visit: screens that come, progress, pictures, a document that is made.
"""

from __future__ import annotations

import os
import select
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psutil
from PIL import Image
from Xlib import X
from Xlib.protocol import event

from kiosk.guard.kinds import UI_INSTANCE
from scanner.model import ScanStage
from session.model import Component, State
from tests import pages
from tests.bench.scan_pages import DPI, Glass
from tests.portal import Portal
from tests.station.harness import RunningStation
from tests.station.paperwork import MAIN, SCANNER, Paperwork
from tests.station.screen import Screen
from tests.station.visitor import Visitor

PING_SECONDS = 0.02
MIDDLE = (281, 430)
"""Of the page's picture, in pixels of a screen of 1280 by 800."""
NEXT = (880, 315)
""" "Page suivante"."""
_LOOK_SECONDS = 0.002
_WAIT_SECONDS = 0.005
_COLOURS = ((200, 40, 40), (40, 60, 200), (30, 140, 60), (150, 40, 160))
MIB = 1 << 20


class Shown(NamedTuple):
    soon: list[float]
    """Seconds, of each page."""
    stalls: list[float]
    """Seconds, of each ping, while pages were scanned and a document was made."""
    calm: list[float]
    """The same while nothing was done."""
    late: float
    """Seconds: the longest time by which this bench's own thread woke too late, which is not the interface's fault."""
    resident: tuple[float, float]
    """MiB of the interface: of a READY station, and after all of it."""


class Pings(threading.Thread):
    """A thread with a connection of its own. `take` gives the round trips since the last one, in seconds."""

    def __init__(self, screen: Screen, window: int) -> None:
        super().__init__(daemon=True)
        self._display, self._window = screen.display, window
        self._root = screen.root
        self._root.change_attributes(event_mask=X.SubstructureNotifyMask)
        self._atoms = {name: self._display.intern_atom(name) for name in ("WM_PROTOCOLS", "_NET_WM_PING")}
        self._ended = threading.Event()
        self._trips: list[float] = []
        self.late = 0.0
        self.pending: float | None = None

    def run(self) -> None:
        number, sent = 0, 0.0
        while not self._ended.is_set():
            now = time.perf_counter()
            if self.pending is None and now - sent >= PING_SECONDS:
                number, sent = number + 1, now
                self._send(number)
                self.pending = sent
            asked = time.perf_counter()
            if not select.select([self._display], [], [], _WAIT_SECONDS)[0]:
                self.late = max(self.late, time.perf_counter() - asked - _WAIT_SECONDS)
            while self._display.pending_events():
                answer = self._display.next_event()
                if self._is_answer(answer, number) and self.pending is not None:
                    self._trips.append(time.perf_counter() - self.pending)
                    self.pending = None

    def _send(self, number: int) -> None:
        data = (32, [self._atoms["_NET_WM_PING"], number, self._window, 0, 0])
        target = self._display.create_resource_object("window", self._window)
        ping = event.ClientMessage(window=target, client_type=self._atoms["WM_PROTOCOLS"], data=data)
        target.send_event(ping, event_mask=0)
        self._display.flush()

    def _is_answer(self, answer: Any, number: int) -> bool:
        return bool(
            answer.type == X.ClientMessage
            and answer.client_type == self._atoms["WM_PROTOCOLS"]
            and answer.data[1][0] == self._atoms["_NET_WM_PING"]
            and answer.data[1][1] == number
        )

    def take(self) -> list[float]:
        """Waits for the one that is on its way."""
        deadline = time.perf_counter() + 10
        before = len(self._trips)
        while len(self._trips) == before:
            if time.perf_counter() > deadline:
                raise TimeoutError("the interface answers no ping")
            time.sleep(0.01)
        trips, self._trips = self._trips, []
        return trips

    def end(self) -> None:
        self._ended.set()
        self.join()


def shown(count: int) -> Shown:
    """`count` pages, scanned one after the other by taps, and kept as a document."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="marchepied-bench-")))
        glass = Glass(directory)
        marked = [_marked(glass, number) for number in range(count)]
        glass.lay(marked[0][0])
        portal = stack.enter_context(Portal())
        station = stack.enter_context(
            RunningStation(
                name="bench", first_uid=60_940, port=portal.port, tls_port=portal.tls_port,
                more=SCANNER.format(directory=directory, dpi=DPI),
            )
        )  # fmt: skip
        station.wait_state(State.READY, 60)
        time.sleep(5)  # the last of the start-up is over
        (ui,) = [one for one in station.processes(Component.UI) if "kiosk.app" in one.cmdline() and _is_python(one)]
        ready = ui.memory_info().rss / MIB
        visitor = Visitor(station, stack.enter_context(station.screen()))
        visitor.begin()
        visitor.open_first_site()
        work = Paperwork(station, visitor, _keeper(visitor))
        work.until(lambda now: now.scanner is not None and now.workable, "the scanner")
        work.open_documents()
        work.leave_for(MAIN, "the scanner's screen")
        pings = stack.enter_context(_pinged(station))
        time.sleep(3)
        calm = pings.take()
        soon = []
        for number, (path, colour) in enumerate(marked):
            glass.lay(path)
            if number:
                work.leave_for(NEXT, "the next page's screen")
            time.sleep(1)  # the screen takes taps by now
            soon.append(_page_after_tap(visitor.screen, colour))
            work.keep(f"page-{number}")
            work.until(lambda _: work.scanner.stage is ScanStage.DONE, "the end of the scan")
            visitor.screen.settle(3)
        work.make_document()
        return Shown(soon, pings.take(), calm, pings.late, (ready, ui.memory_info().rss / MIB))


def _marked(glass: Glass, number: int) -> tuple[Path, tuple[int, int, int]]:
    """A letter with a patch of colour in its middle, 40 mm wide and high."""
    colour = _COLOURS[number % len(_COLOURS)]
    scan = pages.letter(number, DPI, angle=2.0 - number % 5, noise=3.0).scan
    pixels = scan.pixels.copy()
    high, wide, half = scan.height // 2, scan.width // 2, round(scan.px(20))
    pixels[high - half : high + half, wide - half : wide + half] = np.array(colour, np.uint8)
    path = glass.directory / f"paper-{number}.ppm"
    pages.write_pnm(path, type(scan)(pixels, scan.dpi))
    return path, colour


def _page_after_tap(screen: Screen, colour: tuple[int, int, int]) -> float:
    """Seconds. Raises TimeoutError."""
    began = time.perf_counter()
    screen.tap(*MAIN)
    while True:
        now = screen.picture(*MIDDLE, 1, 1).getpixel((0, 0))
        took = time.perf_counter() - began
        if isinstance(now, tuple) and max(abs(a - b) for a, b in zip(now, colour, strict=True)) < 40:
            return took
        if took > 60:
            raise TimeoutError("the page was not seen")
        time.sleep(_LOOK_SECONDS)


@contextmanager
def _pinged(station: RunningStation) -> Iterator[Pings]:
    with station.screen() as screen:
        pings = Pings(screen, _window(screen))
        pings.start()
        try:
            yield pings
        finally:
            pings.end()


def _window(screen: Screen) -> int:
    """The interface's own."""
    for window in screen.root.query_tree().children:
        kind = window.get_wm_class()
        if kind is not None and kind[0] == UI_INSTANCE:
            return int(window.id)
    raise RuntimeError("the interface has no window")


def _is_python(process: psutil.Process) -> bool:
    return Path(process.exe()).name.startswith("python")


def _keeper(visitor: Visitor) -> Any:
    """MARCHEPIED_PICTURES names a directory that keeps a picture of each step, for people to look at."""
    into = os.environ.get("MARCHEPIED_PICTURES")

    def keep(name: str) -> None:
        if into is not None:
            picture: Image.Image = visitor.screen.picture()
            picture.save(Path(into, f"{name}.png"))

    return keep
