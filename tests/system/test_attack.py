"""A hostile site and hostile hands on a whole station, by real input: nobody gets out, nothing is covered or stuck."""

from __future__ import annotations

import contextlib
import http.server
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest
from PIL import Image

from session.model import Component, State
from tests.portal import pdf
from tests.station.harness import RunningStation, wait_until
from tests.station.visitor import PORTAL, Visitor

FIRST_UID = 61_044
HOME = "Accueil" + PORTAL
GROUND = (0, 170, 0)
BUTTON = (640, 500)
"""A point of the hostile pages' one button."""

_KEYS = (
    *(f"F{number}" for number in range(1, 13)), "Escape", "Tab", "space", "Print", "Menu", "BackSpace", "Delete",
    "Left", "Right", "Up", *"ntosphjluwqfgeirkmb19", "comma", "period",
)  # fmt: skip
_HELD = (
    ("Control_L",), ("Alt_L",), ("Super_L",), ("Control_L", "Shift_L"), ("Control_L", "Alt_L"), ("Alt_L", "Shift_L"),
)  # fmt: skip


class Site(http.server.ThreadingHTTPServer):
    """Answers with what a test puts in `pages` (path to type and body); anything else is the page "/"."""

    daemon_threads = True

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, bytes]] = {}
        super().__init__(("127.0.0.1", 0), _Handler)

    def show(self, script: str) -> None:
        """The home page: one large button that runs `script`."""
        text = (
            f"<!doctype html><meta charset=utf-8><title>{HOME}</title><style>html,body{{margin:0;height:100%;"
            "background:#0a0}button{width:100%;height:100%;background:#0a0;border:0;outline:0}</style>"
            f'<button autofocus onclick="{script}"></button>'
        )
        self.pages = {"/": ("text/html; charset=utf-8", text.encode())}


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        pages = self.server.pages
        kind, body = pages.get(self.path.partition("?")[0], pages["/"])
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as one:
        thread = threading.Thread(target=one.serve_forever, daemon=True)
        thread.start()
        yield one
        one.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def station(site: Site) -> Iterator[RunningStation]:
    with RunningStation(name="attack", first_uid=FIRST_UID, port=site.server_port) as one:
        yield one


@pytest.fixture
def welcome(station: RunningStation) -> Iterator[Visitor]:
    """Before "Commencer"; whatever the test does then, the station must be ready again."""
    generation = station.wait_state(State.READY, 40).generation
    with station.screen() as screen:
        yield Visitor(station, screen)
    now = station.status()
    if now is not None and now.generation == generation and now.state in (State.ACTIVE, State.WARNING):
        station.call("End")
    station.wait_state(State.READY, 40)


def opened(visitor: Visitor, site: Site, script: str = "") -> Visitor:
    site.show(script)
    visitor.begin()
    visitor.open_first_site()
    return visitor


def bar_is_there(picture: Image.Image) -> bool:
    return all(sum(picture.getpixel((4, y))[:3]) < 200 for y in (4, 48, 90))  # type: ignore[index]


def every_key(visitor: Visitor) -> None:
    for key in _KEYS:
        if len(key) > 1 and key not in ("Tab", "space"):
            visitor.screen.key(key)
        for held in _HELD:
            visitor.screen.key(key, *held)


def unchanged(visitor: Visitor, before: Image.Image) -> bool:
    """Whether the screen is as it was, once the keys have been gone through.

    Some of them show the keyboard's focus on our own screens; a tap beside everything puts it away, but for a tap that
    overtakes a key.
    """
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        visitor.screen.tap(4, visitor.screen.height - 4)
        if visitor.screen.settle().tobytes() == before.tobytes():
            return True
    return False


def test_no_key_leads_out(station: RunningStation, welcome: Visitor, site: Site) -> None:
    visitor = welcome
    before = visitor.screen.settle()
    every_key(visitor)
    assert unchanged(visitor, before)
    assert visitor.state() is State.READY
    opened(visitor, site)
    every_key(visitor)
    picture = visitor.screen.settle()
    assert bar_is_there(picture)
    assert picture.getpixel(BUTTON) == GROUND
    assert visitor.titles() == [f"{HOME} – Chromium"]
    assert len(station.desk().pages) == 1
    # Again and again: while the guard still goes through the keys, a tap counts as one with Control held.
    visitor.tap_until("bar_finished", lambda: not bar_is_there(visitor.screen.picture()))
    question = visitor.screen.settle()
    every_key(visitor)
    assert unchanged(visitor, question)
    assert visitor.state() is State.ACTIVE


def test_full_screen_never_covers_the_bar(welcome: Visitor, site: Site) -> None:
    visitor = opened(
        welcome, site, "this.requestFullscreen({navigationUI: 'hide'}).then(() => document.title = 'plein')"
    )
    visitor.screen.tap_page(*BUTTON)
    visitor.wait_title("plein")
    assert bar_is_there(visitor.screen.settle())
    visitor.tap_until("bar_home", lambda: not bar_is_there(visitor.screen.picture()))


def test_windows_without_end(station: RunningStation, welcome: Visitor, site: Site) -> None:
    visitor = opened(welcome, site, "window.open('/?' + Math.random(), '_blank', 'popup,width=300,height=200')")
    for _ in range(12):
        visitor.screen.tap_page(*BUTTON)
        visitor.screen.settle(1)
    assert bar_is_there(visitor.screen.picture())
    assert 2 <= len(station.desk().pages) <= 9
    visitor.finish()


_ASK = (
    "let f = document.createElement('input'); f.type = 'file'; {more}"
    "f.addEventListener('cancel', () => document.title = 'annule'); f.click()"
)


def test_a_folder_that_is_asked_for(welcome: Visitor, site: Site) -> None:
    """The page goes on, and the bar says why there is no window."""
    visitor = opened(welcome, site, _ASK.format(more="f.webkitdirectory = true; "))
    before = visitor.screen.picture(0, 0, 600, 96).tobytes()
    visitor.screen.tap_page(*BUTTON)
    visitor.wait_title("annule")
    visitor.screen.wait(lambda one: one.crop((0, 0, 600, 96)).tobytes() != before, what="the word")
    assert visitor.screen.picture().getpixel(BUTTON) == GROUND


def test_a_site_that_asks_for_a_file_again_and_again(station: RunningStation, welcome: Visitor, site: Site) -> None:
    """Each time it is the visitor's to say no, on a screen of ours; no dialog is over it, and it comes to an end."""
    again = _ASK.format(more="f.addEventListener('cancel', () => f.click()); ")
    visitor = opened(welcome, site, again)
    windows = len(visitor.titles())
    visitor.screen.tap_page(*BUTTON)
    visitor.screen.wait(lambda one: not bar_is_there(one), what="the picker")
    assert station.papers().documents == ()
    assert len(visitor.titles()) == windows
    deadline = time.monotonic() + 30
    while not (bar_is_there(visitor.screen.picture()) and station.papers().picker is None):
        assert time.monotonic() < deadline, "it never ends"
        visitor.screen.tap(150, 722)  # "Ne rien envoyer"
        visitor.screen.settle(1)
    visitor.wait_title("annule")
    visitor.finish()


def test_a_document_in_a_page_is_seen_and_not_printed(welcome: Visitor, site: Site) -> None:
    visitor = opened(welcome, site, "location = '/papier.pdf'")
    site.pages["/papier.pdf"] = ("application/pdf", pdf.attestation("Bonjour."))
    visitor.screen.tap_page(*BUTTON)
    visitor.wait_title("papier.pdf")
    paper = (900, 600)
    visitor.screen.wait(lambda one: one.getpixel(paper) == (255, 255, 255), what="the paper")
    below = (0, 150, 1280, 800)
    before = visitor.screen.settle().crop(below).tobytes()
    visitor.screen.tap_page(1203, 124)
    # Chromium's print preview would cover the middle and dim the rest.
    assert visitor.screen.settle().crop(below).tobytes() == before


def test_taps_across_the_end(station: RunningStation, welcome: Visitor, site: Site) -> None:
    """ "Oui" and "Commencer" as fast as a hand can: one end, and at most one new session, which nobody inherits."""
    visitor = opened(welcome, site)
    generation = station.wait_state(State.ACTIVE).generation
    visitor.finish()
    with contextlib.suppress(Exception):
        # Until the display goes away under the hand.
        while True:
            visitor.tap("yes")
            visitor.tap("start")
            time.sleep(0.01)
    now = station.wait(lambda one: one.generation > generation and one.state in (State.READY, State.ACTIVE), 40)
    assert now.last_wipe is not None
    assert now.last_wipe.verified
    assert station.desk().pages == ()


def test_guard_and_screens_die_together(station: RunningStation, welcome: Visitor, site: Site) -> None:
    visitor = opened(welcome, site)
    for component in (Component.GUARD, Component.UI):
        for process in station.processes(component):
            if process.name() != "bwrap":
                os.kill(process.pid, signal.SIGKILL)
    visitor.screen.wait(lambda one: not bar_is_there(one), what="the loss of the bar")
    visitor.screen.wait(lambda one: bar_is_there(one) and one.getpixel(BUTTON) == GROUND, 20, "the bar and the page")
    every_key(visitor)
    assert bar_is_there(visitor.screen.settle())
    assert len(station.desk().pages) == 1


def test_the_visitors_user_reaches_no_socket(station: RunningStation, welcome: Visitor, site: Site) -> None:
    """Even from outside the sandbox, in which none of these sockets exists."""
    generation = station.wait_state(State.READY).generation
    sockets = station.place.tree(generation) / "sockets"
    paths = [station.runtime / "control", sockets / "desk", sockets / "guard"]
    wait_until(lambda: all(path.exists() for path in paths[1:]), 10, "the sockets")
    user = station.place.users.visitor
    program = "import socket, sys\nfor path in sys.argv[1:]:\n socket.socket(socket.AF_UNIX).connect(path)"
    for path in paths:
        become = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--")
        done = subprocess.run(
            [*become, "/usr/bin/python3", "-c", program, path],
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        assert "PermissionError" in done.stderr
