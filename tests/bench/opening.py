"""Tap to usable page: a tile of the warm station against a cold `chromium --guest`.

A page is usable when it is drawn as it stays: before its first picture Chromium drops what is typed and tapped. Its
title in the window comes earlier or later than that, by Chromium's own timers.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from Xlib import X, error
from Xlib import display as xdisplay

from session.model import State
from tests.bench.measure import Measure, p95
from tests.kiosk import positions
from tests.station.harness import RunningStation
from tests.station.visitor import PORTAL, Visitor

TITLE = "Accueil" + PORTAL
LOOK_SECONDS = 0.004
STILL_SECONDS = 1.0
"""What has not changed for so long after the title came is what stays."""
TOOLBAR = 90
"""Pixels of a guest's window above its page, and a little more."""
HEADER = (200, 60)
"""Width and height, in pixels, of the part of the page's head that is looked at."""


def measure(quick: bool) -> list[Measure]:
    rounds = 3 if quick else 20
    with _portal() as (port, tls_port):
        warm = _warm(port, tls_port, rounds)
        cold = [_cold(f"http://portail.localhost:{port}/") for _ in range(3 if quick else 7)]
    value, alternative = p95(warm), statistics.median(cold)
    return [
        Measure(
            "open_page",
            value,
            "s",
            "p95 <= 1/4 of a cold start",
            value <= alternative / 4,
            alternative,
            "cold chromium --guest, median",
            f"{rounds} taps, median {statistics.median(warm):.3f} s, p95 {value:.3f} s; cold {sorted(cold)}",
        )
    ]


@contextlib.contextmanager
def _portal() -> Iterator[tuple[int, int]]:
    """The demonstration portal's ports. A process of its own: what looks at the screen must not slow it down."""
    process = subprocess.Popen([sys.executable, "-m", "tests.portal"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        ports = msgspec.json.decode(process.stdout.readline(), type=dict[str, int])
        yield ports["port"], ports["tls_port"]
    finally:
        process.terminate()
        process.wait()


def _warm(port: int, tls_port: int, rounds: int) -> list[float]:
    samples = []
    with RunningStation(name="bench", first_uid=60_940, port=port, tls_port=tls_port) as station:
        for _ in range(rounds):
            generation = station.wait_state(State.READY, 60).generation
            with station.screen() as screen:
                visitor = Visitor(station, screen)
                visitor.begin()
                _wait(lambda visitor=visitor: not visitor.notice_gone(), 15)  # type: ignore[misc]
                visitor.tap_until("understood", visitor.notice_gone)
                # The screen takes no tap in its first moments; that is the person's time, not the page's.
                screen.settle()
                time.sleep(1)
                began = time.perf_counter()
                screen.tap(*positions.centre("site_0", screen.width, screen.height))
                samples.append(_drawn(screen.display, positions.BAR_HEIGHT) - began)
            station.call("End")
            station.wait_state(State.READY, 60, after=generation)
    return samples


def _cold(url: str) -> float:
    """A guest's window of Chromium, by Debian's command and on a display of its own, as large as the station's."""
    home = Path(tempfile.mkdtemp(prefix="marchepied-bench-"))
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=(write_end,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        name = f":{pipe.readline().strip()}"
    os.chown(home, 65_534, 65_534)
    screen = xdisplay.Display(name)
    began = time.perf_counter()
    browser = subprocess.Popen(
        [
            *("/usr/bin/chromium", "--guest", "--no-first-run", f"--user-data-dir={home}/profile"),
            *("--window-position=0,0", "--window-size=1280,800", url),
        ],
        env={"DISPLAY": name, "HOME": str(home), "PATH": "/usr/bin", "LANG": "C.UTF-8"}, cwd=home,
        user=65_534, group=65_534, extra_groups=[], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        return _drawn(screen, TOOLBAR) - began
    finally:
        screen.close()
        os.killpg(browser.pid, 9)
        browser.wait()
        server.terminate()
        server.wait()
        shutil.rmtree(home, ignore_errors=True)


def _drawn(screen: xdisplay.Display, top: int) -> float:
    """When (perf_counter) the page's head, `top` pixels below the edge, was first seen as it stays. TimeoutError."""
    root = screen.screen().root
    began = since = time.perf_counter()
    last: bytes | None = None
    titled = False
    while not (titled and time.perf_counter() - since > STILL_SECONDS):
        if time.perf_counter() - began > 30:
            raise TimeoutError("the page did not come within 30 s")
        now: bytes = root.get_image(40, top, *HEADER, X.ZPixmap, 0xFFFFFFFF).data
        if now != last:
            last, since = now, time.perf_counter()
        # Finding titles costs several questions to the server, and it is the one that draws.
        titled = titled or (time.perf_counter() - since > STILL_SECONDS / 4 and _titled(screen))
        time.sleep(LOOK_SECONDS)
    return since


def _titled(screen: xdisplay.Display) -> bool:
    atom = screen.intern_atom("_NET_WM_NAME")
    for window in screen.screen().root.query_tree().children:
        try:
            if TITLE in str(window.get_full_text_property(atom) or ""):
                return True
        except (error.BadWindow, UnicodeDecodeError):  # gone, or another title by the second piece of it
            continue
    return False


def _wait(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.perf_counter() + seconds
    while not holds():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(LOOK_SECONDS)
