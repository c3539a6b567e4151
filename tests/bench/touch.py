"""How soon the interface answers a touch, and what it costs: against the same page in a Chromium kiosk.

A touch is answered when the button under it is drawn pressed. The finger then leaves the button, so nothing is chosen.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from Xlib import X
from Xlib import display as xdisplay
from Xlib.ext import xtest

from kiosk import theme
from session.model import Component, State
from tests.bench.measure import Measure, p95
from tests.kiosk import positions
from tests.kiosk.xvfb import xvfb
from tests.station.harness import RunningStation

MIB = 1 << 20
WIDTH, HEIGHT = 1280, 800
ELSEWHERE = (WIDTH - 5, HEIGHT - 5)
BUTTON = positions.centre("start", WIDTH, HEIGHT)
EDGE = (BUTTON[0] - 200, BUTTON[1] - 60)
"""A point of the button that has no letter."""
LOOK_SECONDS = 0.001
CALM = theme.PALETTES[theme.Colours.CALM]

PAGE = string.Template("""<!doctype html><meta charset=utf-8><title>Bonjour</title><style>
body { margin: 0; background: $paper; font: 30px sans-serif } h1 { margin: 130px 50px 20px; color: $accent }
button { position: absolute; left: ${left}px; top: ${top}px; width: 582px; height: 176px; border: 0;
font: bold 56px sans-serif; color: white; background: $accent } button:active { background: $accent_deep }
</style><h1>Bonjour</h1><p style="margin: 0 50px">Faites vos démarches en ligne sur cet ordinateur.</p>
<button>Commencer</button>""")


def measure(quick: bool) -> list[Measure]:
    rounds = 10 if quick else 60
    with RunningStation(name="bench", first_uid=60_940) as station, contextlib.ExitStack() as stack:
        station.wait_state(State.READY, 60)
        screen = stack.enter_context(station.screen())
        time.sleep(5)  # the last of the start-up is over
        (ui,) = [one for one in station.processes(Component.UI) if "kiosk.app" in one.cmdline() and _is_python(one)]
        resting = _share(ui, 10 if quick else 60)
        ours = _answers(screen.display, rounds)
        with _busy():
            ours_busy = _answers(screen.display, rounds)
        resident = ui.memory_info().rss / MIB
    begun = [_first_frame_of_ours() for _ in range(2 if quick else 5)]
    theirs = _chromium(rounds)
    return [
        _answered("touch_answer", ours, theirs.answers),
        _answered("touch_answer_busy", ours_busy, theirs.answers_busy),
        Measure("ui_rest_cpu", resting, "%", "<= 0.5 % of one core", resting <= 0.5),
        Measure("ui_resident", resident, "MiB", "<= 160 MiB", resident <= 160, theirs.resident, "Chromium, by share"),
        Measure("ui_first_frame", max(begun), "s", "<= 1.5 s", max(begun) <= 1.5, theirs.first_frame, "Chromium"),
    ]


def _answered(name: str, ours: list[float], theirs: list[float]) -> Measure:
    value = 1000 * p95(ours)
    detail = f"{len(ours)} touches, median {1000 * sorted(ours)[len(ours) // 2]:.0f} ms"
    return Measure(name, value, "ms", "p95 <= 100 ms", value <= 100, 1000 * p95(theirs), "Chromium", detail)


def _answers(display: xdisplay.Display, rounds: int) -> list[float]:
    root = display.screen().root
    samples = []
    for number in range(rounds):
        _move(display, *BUTTON)
        before = _pixel(root)
        time.sleep(0.31 + 0.013 * (number % 8))  # not in step with anybody's frames
        began = time.perf_counter()
        xtest.fake_input(display, X.ButtonPress, 1)
        display.sync()
        samples.append(_until(_is_not(root, before)) - began)
        _move(display, *ELSEWHERE)
        xtest.fake_input(display, X.ButtonRelease, 1)
        display.sync()
        _until(_is(root, before))
    return samples


def _move(display: xdisplay.Display, x: int, y: int) -> None:
    xtest.fake_input(display, X.MotionNotify, x=x, y=y)
    display.sync()


def _pixel(root: object) -> bytes:
    return bytes(root.get_image(*EDGE, 1, 1, X.ZPixmap, 0xFFFFFFFF).data[:3])  # type: ignore[attr-defined]


def _is(root: object, colour: bytes) -> Callable[[], bool]:
    return lambda: _pixel(root) == colour


def _is_not(root: object, colour: bytes) -> Callable[[], bool]:
    return lambda: _pixel(root) != colour


def _until(holds: Callable[[], bool], seconds: float = 20.0) -> float:
    """When (perf_counter) it was first seen to hold. Raises TimeoutError."""
    deadline = time.perf_counter() + seconds
    while not holds():
        if time.perf_counter() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(LOOK_SECONDS)
    return time.perf_counter()


@contextlib.contextmanager
def _busy() -> Iterator[None]:
    """One core is taken by somebody else."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _is_python(process: psutil.Process) -> bool:
    return Path(process.exe()).name.startswith("python")


def _share(process: psutil.Process, seconds: float) -> float:
    """Percent of one core."""
    before, began = process.cpu_times(), time.monotonic()
    time.sleep(seconds)
    after = process.cpu_times()
    return 100 * (after.user + after.system - before.user - before.system) / (time.monotonic() - began)


def _first_frame_of_ours() -> float:
    """Seconds from the start of the process to the first picture of its own."""
    with _home() as home, xvfb(WIDTH, HEIGHT) as name:
        (home / "settings.json").write_text("{}")
        environment = {"MARCHEPIED_RUN": str(home), "MARCHEPIED_SETTINGS": str(home / "settings.json")}
        paper = bytes(round(255 * part) for part in CALM.paper[2::-1])
        return _first_frame([sys.executable, "-m", "kiosk.app"], name, home, paper, environment)


def _first_frame(command: list[str], name: str, home: Path, colour: bytes, more: dict[str, str]) -> float:
    display = xdisplay.Display(name)
    root = display.screen().root
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "DISPLAY": name, "LANG": "C.UTF-8"}
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env={**environment, "PYTHONPATH": os.getcwd(), **more}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        return _until(lambda: bytes(root.get_image(4, 4, 1, 1, X.ZPixmap, 0xFFFFFFFF).data[:3]) == colour) - began
    finally:
        display.close()
        os.killpg(process.pid, 9)
        process.wait()


class _Chromium:
    def __init__(self) -> None:
        self.answers: list[float] = []
        self.answers_busy: list[float] = []
        self.resident = self.first_frame = 0.0


def _chromium(rounds: int) -> _Chromium:
    """The same page as a file in a cold `chromium --kiosk`, under Debian's command."""
    found = _Chromium()
    with _home() as home, xvfb(WIDTH, HEIGHT) as name:
        page = home / "page.html"
        codes = {key: f"rgb({','.join(str(round(255 * part)) for part in getattr(CALM, key)[:3])})" for key in _USED}
        page.write_text(PAGE.substitute(codes, left=BUTTON[0] - 291, top=BUTTON[1] - 88), "utf-8")
        os.chown(home, 65_534, 65_534)
        display = xdisplay.Display(name)
        root = display.screen().root
        accent = bytes(round(255 * part) for part in CALM.accent[2::-1])
        began = time.perf_counter()
        browser = subprocess.Popen(
            [
                *("/usr/bin/chromium", "--guest", "--kiosk", "--no-first-run", f"--window-size={WIDTH},{HEIGHT}"),
                *("--window-position=0,0", f"--user-data-dir={home}/profile", page.as_uri()),
            ],
            env={"DISPLAY": name, "HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, cwd=home,
            user=65_534, group=65_534, extra_groups=[], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            found.first_frame = _until(lambda: _pixel(root) == accent) - began
            time.sleep(5)
            found.answers = _answers(display, rounds)
            with _busy():
                found.answers_busy = _answers(display, rounds)
            family = [psutil.Process(browser.pid), *psutil.Process(browser.pid).children(recursive=True)]
            found.resident = sum(one.memory_full_info().pss for one in family) / MIB
        finally:
            display.close()
            os.killpg(browser.pid, 9)
            browser.wait()
    return found


_USED = ("paper", "accent", "accent_deep")


@contextlib.contextmanager
def _home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="marchepied-bench-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
