"""The scan worker in a whole station: asked by the desk's user alone, restarted with its pages, wiped with the rest."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.model import ScannerState, ScanStage
from session.environment.tree import Tree
from session.model import Component, State
from tests.scanner.conftest import Sane
from tests.station.harness import RunningStation, wait_until

SCANNER = """
[scanner]
kind = "sane"
sane = "{sane}"
resolution = 75
"""


@pytest.fixture(scope="module")
def station() -> Iterator[RunningStation]:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # the scan worker's user reads it
        sane = Sane(Path(directory))
        with RunningStation(name="scanner", more=SCANNER.format(sane=sane.directory)) as one:
            yield one


class Asked:
    """The scan worker of the present environment, asked as the desk asks it."""

    def __init__(self, station: RunningStation) -> None:
        self._station = station
        snapshot = station.status()
        assert snapshot is not None
        self.tree = Tree(station.place.tree(snapshot.generation))

    def call(self, name: str, **parameters: object) -> dict[str, Any]:
        request = {"method": f"org.marchepied.Scanner.{name}", "parameters": parameters, "more": name == "Watch"}
        answer = self._station.ask_as_screen(self.tree.sockets / "scanner" / "socket", request)
        reply: dict[str, Any] = json.loads(answer or b'{"error": "nobody"}')
        return reply

    @property
    def state(self) -> ScannerState | None:
        reply = self.call("Watch")
        return None if "error" in reply else msgspec.convert(reply["parameters"], ScannerState)

    def wait(self, stage: ScanStage, pages: int, seconds: float = 20.0) -> ScannerState:
        def holds() -> bool:
            state = self.state
            return (
                state is not None
                and state.stage is stage
                and len(state.pages) == pages
                and all(page.picture for page in state.pages)
            )

        wait_until(holds, seconds, f"{pages} pages and {stage}")
        state = self.state
        assert state is not None
        return state


def test_what_its_sandbox_has(station: RunningStation) -> None:
    station.wait_state(State.READY, 40)
    asked = Asked(station)
    asked.wait(ScanStage.READY, 0)
    users = station.place.users
    worker = next(one for one in station.processes(Component.SCANNER) if one.uids().real == users.scanning)
    inside = Path(f"/proc/{worker.pid}/root")
    assert not (inside / "home" / "screen").exists()
    assert sorted(path.name for path in (inside / "home" / "scanner").iterdir()) == [
        "documents",
        "log",
        "pages",
        "papers",
        "pictures",
    ]
    assert sorted(path.name for path in (inside / "run" / "marchepied").iterdir()) == [
        *("control", "scanner", "scanner.json"),
    ]
    interfaces = Path(f"/proc/{worker.pid}/net/dev").read_text("ascii").splitlines()[2:]
    assert [line.split(":")[0].strip() for line in interfaces] == ["lo"]
    assert worker.environ().get("PATH") == "/usr/bin"


def test_a_scan_a_crash_and_a_wipe(station: RunningStation) -> None:
    station.begin()
    asked = Asked(station)
    asked.wait(ScanStage.READY, 0)
    assert asked.call("Scan", source="glass") == {"parameters": {}}
    before = asked.wait(ScanStage.DONE, 1).pages
    # The screens may read how it looks, and nothing else of it.
    size = {"width": 300, "height": 400}
    picture = asked.call("Picture", of=before[0].id, version=before[0].picture, **size)["parameters"]
    status = (asked.tree.pictures / picture["name"]).stat()
    assert status.st_size == 3 * picture["width"] * picture["height"]
    assert (status.st_gid, status.st_mode & 0o777) == (station.place.users.screen, 0o640)
    # Killed whole, as a crash of its sandbox would: the pages are still there, and so is the visit.
    first = station.processes(Component.SCANNER)
    assert {process.uids().real for process in first[1:]} >= {station.place.users.scanning}
    os.kill(first[0].pid, signal.SIGKILL)
    wait_until(
        lambda: bool(new := station.processes(Component.SCANNER)) and new[0].pid != first[0].pid, 20, "a new worker"
    )
    assert asked.wait(ScanStage.DONE, 1).pages == before
    snapshot = station.status()
    assert snapshot is not None
    assert snapshot.state is State.ACTIVE
    asked.call("Scan", source="glass")
    asked.wait(ScanStage.DONE, 2)
    # What it made is the desk's to read and to delete, and nobody else's.
    document = asked.call("Keep")["parameters"]["document"]
    (path,) = asked.tree.papers.iterdir()
    status = path.stat()
    assert document == f"{status.st_dev:x}-{status.st_ino:x}"
    users = station.place.users
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (users.scanning, users.screen, 0o660)
    generation = snapshot.generation
    station.call("End")
    after = station.wait(lambda one: one.state is State.READY and one.generation > generation, 40)
    assert after.last_wipe is not None
    assert after.last_wipe.verified
    new = Asked(station)
    assert new.wait(ScanStage.READY, 0).pages == ()
