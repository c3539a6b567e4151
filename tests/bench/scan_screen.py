"""What a visitor sees of scanning, on a running station by real X input: how soon the page is there, and whether the
interface ever stands still.

Soon: from the tap on "Numériser" (the paper is on the glass) until the pixels of the page's picture are on the screen.
Each page has a patch of a colour of its own in its middle; that colour is looked for. A real scanner adds the time in
which its carriage moves; `pnm` has none.

Still: every `PING_SECONDS` the interface's window is sent `_NET_WM_PING`, to which SDL answers as soon as the
interface's one thread takes its events, which it does in every frame (EWMH 1.5, "_NET_WM_PING"). The longest time from
a ping to its answer is the longest stall; up to a frame (17 ms) and the display's part are in it. So are all steps of
the visit: screens that come, progress, pictures, a document that is made.
"""

from __future__ import annotations

import multiprocessing
import os
import select
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
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
from tests.station.screen import Screen, screen_of
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
    """Seconds: the longest time by which whoever pings woke too late, which is not the interface's fault."""
    resident: tuple[float, float]
    """MiB of the interface: of a READY station, and after all of it."""


class Pinged(NamedTuple):
    """Seconds."""

    trips: list[float]
    """From each ping to its answer."""
    late: float
    """The longest time by which whoever pings woke too late, which is not the interface's fault."""


class Pings:
    """Pings a window, from a process of its own: what this one is at must not look like the interface's."""

    def __init__(self, tree: Path, window: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, other = spawn.Pipe()
        self._process = spawn.Process(target=_ping, args=(tree, window, other), daemon=True)
        self._process.start()

    def take(self) -> Pinged:
        """All since the last time. Raises TimeoutError."""
        self._pipe.send(True)
        if not self._pipe.poll(20):
            raise TimeoutError("the interface answers no ping")
        found: Pinged = self._pipe.recv()
        return found

    def end(self) -> None:
        self._process.kill()
        self._process.join()


def _ping(tree: Path, window: int, pipe: Connection) -> None:
    """Until it is killed."""
    with screen_of(tree) as screen:
        display = screen.display
        screen.root.change_attributes(event_mask=X.SubstructureNotifyMask)
        protocols, name = display.intern_atom("WM_PROTOCOLS"), display.intern_atom("_NET_WM_PING")
        target = display.create_resource_object("window", window)
        number, sent, pending, asked, late = 0, 0.0, False, False, 0.0
        trips: list[float] = []
        while True:
            if not pending and asked:
                pipe.send(Pinged(trips, late))
                trips, late, asked = [], 0.0, False
            if not pending and time.perf_counter() - sent >= PING_SECONDS:
                number, sent, pending = number + 1, time.perf_counter(), True
                data = (32, [name, number, window, 0, 0])
                target.send_event(event.ClientMessage(window=target, client_type=protocols, data=data), event_mask=0)
                display.flush()
            slept = time.perf_counter()
            if not select.select([display], [], [], _WAIT_SECONDS)[0]:
                late = max(late, time.perf_counter() - slept - _WAIT_SECONDS)
            while display.pending_events():
                answer = display.next_event()
                if answer.type == X.ClientMessage and list(answer.data[1][:2]) == [name, number] and pending:
                    trips.append(time.perf_counter() - sent)
                    pending = False
            if pipe.poll():
                asked = pipe.recv()


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
        calm = pings.take().trips
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
        stalls = pings.take()
        return Shown(soon, stalls.trips, calm, stalls.late, (ready, ui.memory_info().rss / MIB))


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
    snapshot = station.status()
    assert snapshot is not None
    with station.screen() as screen:
        pings = Pings(station.place.tree(snapshot.generation), _window(screen))
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
