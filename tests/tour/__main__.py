"""`./dev try`: opens a station. `./dev try --tour DIR`: makes one scripted visit and keeps its pictures.

Exit codes: 0 done, and verified; 1 something did not happen or was not verified; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from session.model import State
from session.receipts import Receipt
from tests.portal import Portal
from tests.portal.files import LIMIT
from tests.station.harness import RunningStation, StationError
from tests.station.paperwork import Paperwork, glass, photographed
from tests.station.screen import Screen
from tests.station.stick import DAEMON, STAND_IN, make_stick, plug, pull_all
from tests.station.visitor import Visitor


class Album:
    """Numbered pictures in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._count = 0

    def keep(self, screen: Screen, name: str) -> None:
        self._count += 1
        path = self._directory / f"{self._count:02d}-{name}.png"
        screen.settle().save(path)
        print(f"tour: {path}")


def tour(directory: Path, width: int, height: int) -> int:
    """One visit by real X input, through the real interface and the real browser."""
    directory.mkdir(parents=True, exist_ok=True)
    album = Album(directory)
    if STAND_IN:
        print("tour: the USB key is a loop device with ext4, which stands in: this kernel has no FAT")
    with Portal() as portal:
        with (
            _outside() as outside,
            RunningStation(
                name="tour",
                width=width,
                height=height,
                port=portal.port,
                tls_port=portal.tls_port,
                keys=outside / "keys",
                tampered=DAEMON,
                more=glass(outside / "glass"),
            ) as station,
        ):
            station.wait_state(State.READY, 60)
            with station.screen() as screen:
                _visit(station, Visitor(station, screen), album, outside / "keys")
                generation = station.wait(lambda one: one.state is not State.ACTIVE).generation
            station.wait_state(State.READY, 60, after=generation)
            with station.screen() as screen:
                album.keep(screen, "bienvenue-de-nouveau")
            receipt = _last_receipt(station.state)
            (directory / "receipt.json").write_bytes(msgspec.json.format(msgspec.json.encode(receipt)) + b"\n")
            verified_chain = station.command("receipts", "--verify").returncode == 0
        if not portal.journal.forms or not portal.journal.uploads:
            print("tour: the portal received no form, or no paper", file=sys.stderr)
            return 1
    print(json.dumps({"verified": receipt.verified, "milliseconds": receipt.milliseconds, "chain": verified_chain}))
    return 0 if receipt.verified and verified_chain else 1


@contextlib.contextmanager
def _outside() -> Iterator[Path]:
    """What the visitor brings: a paper on the glass, and a key with a photo that weighs more than a site takes."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        for name in ("glass", "keys"):
            (path / name).mkdir()
        path.chmod(0o755)
        try:
            yield path
        finally:
            pull_all(path / "keys")


def _visit(station: RunningStation, visitor: Visitor, album: Album, keys: Path) -> None:
    screen = visitor.screen
    album.keep(screen, "bienvenue")
    visitor.begin()
    album.keep(screen, "avant-de-commencer")
    visitor.tap_until("understood", visitor.notice_gone)
    album.keep(screen, "que-voulez-vous-faire")
    visitor.open_first_site()
    album.keep(screen, "le-site")
    visitor.log_in("jeanne.martin", "un-secret")
    album.keep(screen, "connecte")
    visitor.fill_form()
    album.keep(screen, "formulaire-rempli")
    visitor.send_form()
    album.keep(screen, "demande-envoyee")
    work = Paperwork(station, visitor, lambda name: album.keep(screen, name))
    work.open_documents()
    album.keep(screen, "pas-encore-de-document")
    work.scan()
    work.make_document()
    work.go_back()
    plug(make_stick(keys, {"photo.jpg": photographed()}))
    work.open_key()
    work.take("photo.jpg")
    work.go_back()
    work.join(work.open_document(1), 0)
    joined = work.open_document()
    album.keep(screen, "trop-lourd")
    fit = work.fit(joined, LIMIT)
    print(f"tour: made to fit: {joined.size} bytes, then {fit.size}, under {fit.limit}")
    work.leave_documents()
    screen.key("Return")
    visitor.wait_page("Accueil")
    for key in ("Tab", "Tab", "Return"):
        screen.key(key)
    work.send_newest()
    album.keep(screen, "piece-recue")
    work.open_documents()
    work.copy(work.open_document())
    work.open_key()
    work.go_back()
    work.leave_documents()
    visitor.tap_until("bar_finished", work.light)
    album.keep(screen, "avez-vous-fini")
    visitor.tap_until("yes", lambda: visitor.state() not in (State.ACTIVE, State.WARNING))


def _last_receipt(state: Path) -> Receipt:
    line = (state / "receipts.jsonl").read_bytes().splitlines()[-1]
    return msgspec.json.decode(line, type=Receipt)


def open_station(width: int, height: int) -> int:
    """A station to play with, until Ctrl+C. A window that is closed comes back: a lost display ends a session."""
    in_window = bool(os.environ.get("DISPLAY"))
    with Portal() as portal:
        server = "xephyr" if in_window else "xvfb"
        with (
            tempfile.TemporaryDirectory() as scanner,
            RunningStation(
                name="try",
                server=server,
                width=width,
                height=height,
                port=portal.port,
                tls_port=portal.tls_port,
                more=glass(Path(scanner)),
            ) as station,
        ):
            station.wait_state(State.READY, 60)
            control = station.runtime / "control"
            print("The station is ready. Stop it with Ctrl+C.")
            if not in_window:
                print("No display here, so it runs on a virtual screen; ./dev try --tour DIR shows it in pictures.")
            print(f"Talk to it: ./dev marchepied --socket {control} status", flush=True)
            asked = threading.Event()
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: asked.set())
            asked.wait()
            print("\nStopping; everything is erased.", flush=True)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev try", description="Open a station, or make a scripted visit.")
    parser.add_argument("--tour", type=Path, metavar="DIR", help="make one visit; pictures and receipt.json go to DIR")
    parser.add_argument("--size", default="1280x800", metavar="WxH", help="of the screen (default %(default)s)")
    chosen = parser.parse_args()
    try:
        width, height = map(int, chosen.size.split("x"))
    except ValueError:
        parser.error("--size is two numbers, such as 1280x800")
    try:
        if chosen.tour is None:
            return open_station(width, height)
        return tour(chosen.tour.absolute(), width, height)
    except (StationError, TimeoutError) as error:
        print(f"tour: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
