"""The proof of the wipe: marks are planted by a real visit, the visit ends, and everything is searched for them.

Two visits in one running station. The first ends by "J'ai fini"; then nothing may be found. The second is the control:
it is searched while it lives, and again when its processes were killed and nothing was unmounted, because the daemon is
stopped; there the marks must be found, or the seeker proves nothing. The daemon goes on, finds its session dead, wipes
it, and again nothing may be found.

This process, the conductor, has the seeds of the marks and never a mark: its own memory is searched as well.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from Xlib.error import ConnectionClosedError

from session.model import EndReason, Snapshot, State
from session.receipts import CheckResult, Receipt
from tests.prove import papers, planter, seeker
from tests.prove.disk import loop_disk
from tests.prove.planter import DECOYS, ROUTES, Planted
from tests.prove.report import Result, Search
from tests.prove.seeker import Report
from tests.prove.visitor import Visitor
from tests.station.harness import ROOT, RunningStation
from tests.station.paperwork import BACK, glass
from tests.station.stick import DAEMON, pull_all
from tests.station.waiting import wait_until

FIRST_UID = 64_880
SEEK_SECONDS = 240
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class Impossible(Exception):
    """The proof could not be carried out. That is no proof."""


class Portal:
    """The demonstration portal as a process of its own, whose memory ends with it."""

    def __init__(self) -> None:
        self.port = self.tls_port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """The second time on the ports of the first."""
        self._process = _start("tests.portal", "--port", str(self.port), "--tls-port", str(self.tls_port))
        assert self._process.stdout is not None
        ports = json.loads(self._process.stdout.readline() or b"{}")
        if not ports:
            raise Impossible("the demonstration portal does not start")
        self.port, self.tls_port = ports["port"], ports["tls_port"]

    def end(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=30)
            self._process = None


class Proof:
    def __init__(self, *, everybody: bool = False, pictures: str = "") -> None:
        self._everybody = everybody
        self._pictures = pictures
        self._since = time.time() - 1
        self._began = time.monotonic()
        self._portal = Portal()
        self._image = Path()
        self._outside = Path()
        self.result = Result()

    def run(self) -> Result:
        """Raises Impossible, StationError, OSError, CalledProcessError: none of them is a proof."""
        # Whatever the station loses stays in our family, and is searched.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        with contextlib.ExitStack() as stack:
            stack.callback(self._portal.end)
            self._portal.start()
            self._outside = _outside(stack)
            station = RunningStation(
                name="prove",
                first_uid=FIRST_UID,
                port=self._portal.port,
                tls_port=self._portal.tls_port,
                keys=self._outside / papers.KEYS,
                tampered=DAEMON,
                more=glass(self._outside / papers.GLASS, papers.DPI),
            )
            stack.callback(shutil.rmtree, station.directory, ignore_errors=True)
            self._image = stack.enter_context(loop_disk(station.directory))
            stack.enter_context(station)
            self._erased_visit(station)
            self._portal.start()
            self._control_visit(station)
        self.result.seconds = round(time.monotonic() - self._began, 1)
        return self.result

    # -- the two visits --------------------------------------------------------------------------------------

    def _erased_visit(self, station: RunningStation) -> None:
        seed = secrets.token_bytes(32)
        before = station.wait_state(State.READY, 60)
        self._plant(station, before, seed)
        _say("ending it by « J'ai fini »")
        asked = self._finish(station, before.generation)
        after = station.wait_state(State.READY, 60, after=before.generation)
        self.result.end_seconds = round(time.monotonic() - asked, 2)
        self._check_receipt(station, before.generation, after, {EndReason.VISITOR})
        self._take_back()
        self._seek(station, "erased", [(seed, tuple(ROUTES))])

    def _control_visit(self, station: RunningStation) -> None:
        seed, decoy_seed = secrets.token_bytes(32), secrets.token_bytes(32)
        before = station.wait_state(State.READY, 60)
        marks = [(seed, tuple(ROUTES)), (decoy_seed, tuple(DECOYS))]
        with _scratch("/var/tmp") as scratch, _scratch("/dev/shm") as shared:
            directories = {"disk": str(station.directory), "scratch": scratch, "shared": shared}
            planted = self._plant(station, before, seed, decoy_seed=decoy_seed, **directories)
            with _decoys(planted, Path(scratch, "open")):
                self._seek(station, "alive", marks)
                _say("control: stopping the daemon, killing the session")
                os.kill(station.pid, signal.SIGSTOP)
                try:
                    cgroup = station.place.cgroup(before.generation)
                    (cgroup.path / "cgroup.kill").write_text("1", "ascii")
                    wait_until(lambda: not cgroup.populated, 30, "the end of the session's processes")
                    self._seek(station, "killed", marks)
                finally:
                    os.kill(station.pid, signal.SIGCONT)
        after = station.wait_state(State.READY, 60, after=before.generation)
        self._check_receipt(
            station, before.generation, after, {EndReason.DISPLAY_LOST, EndReason.COMPONENT_FAILED, EndReason.INTERNAL}
        )
        self._take_back()
        self._seek(station, "crashed", [(seed, tuple(ROUTES))])

    # -- steps -----------------------------------------------------------------------------------------------

    def _plant(self, station: RunningStation, snapshot: Snapshot, seed: bytes, **decoys: object) -> Planted:
        _say(f"planting {len(ROUTES)} marks")
        order = planter.Order(
            seed=seed,
            tree=str(station.place.tree(snapshot.generation)),
            cgroup=str(station.place.cgroup(snapshot.generation).path),
            first_uid=FIRST_UID,
            outside=str(self._outside),
            pictures=self._pictures,
            **decoys,  # type: ignore[arg-type]
        )
        planted = msgspec.json.decode(_ask("tests.prove.planter", order, planter.VISIT_SECONDS + 30), type=Planted)
        # What pages remember is in the browser. What the portal remembers is not the station's matter.
        self._portal.end()
        if planted.trouble or set(planted.routes) != set(ROUTES):
            missing = ", ".join(sorted(set(ROUTES) - set(planted.routes)))
            raise Impossible(f"the visit could not plant {missing}: {planted.trouble}\n{station.last_words()}")
        self.result.planted.append(planted)
        return planted

    def _finish(self, station: RunningStation, generation: int) -> float:
        """Taps "J'ai fini" and "yes"; when (time.monotonic)."""

        def ends() -> bool:
            now = station.status()
            return now is not None and (now.state is State.ENDING or now.generation > generation)

        tapped = time.monotonic()
        with contextlib.suppress(ConnectionClosedError), station.screen() as screen:  # the screen dies with it
            visitor = Visitor(screen)
            visitor.tap_until(BACK, visitor.site_in_front)  # from what was read, by way of my documents
            visitor.press("bar_finished", lambda: not visitor.site_in_front())
            screen.settle(2)
            tapped = time.monotonic()
            visitor.press("yes", ends)
        return tapped

    def _take_back(self) -> None:
        """The visitor leaves with the key, which was in to the end, and with the paper."""
        pull_all(self._outside / papers.KEYS)
        glass(self._outside / papers.GLASS, papers.DPI)

    def _check_receipt(
        self, station: RunningStation, generation: int, after: Snapshot, reasons: set[EndReason]
    ) -> None:
        said = station.command("receipts", "--json", "--last", "20")
        receipts = [msgspec.json.decode(line, type=Receipt) for line in said.stdout.splitlines()]
        troubles = self.result.troubles
        numbers = [one.number for one in receipts if one.generation == generation]
        if not numbers:
            troubles.append(f"there is no receipt for session {generation}")
            return
        since = [one for one in receipts if one.number >= numbers[0]]
        if since[0].reason not in reasons:
            troubles.append(f"the receipt of session {generation} says {since[0].reason}")
        for receipt in since:  # more than one if an environment failed before anybody used it
            self.result.receipts.append(receipt)
            failed = [check.name for check in receipt.checks if check.result is CheckResult.FAILED]
            if not receipt.verified or failed or not all(step.ok for step in receipt.steps):
                troubles.append(f"the receipt of session {receipt.generation} is not verified: {failed}")
        last = after.last_wipe
        if last is None or not last.verified or last.receipt not in {one.hash[:12] for one in since}:
            troubles.append(f"the welcome screen does not show the receipt of session {generation} but {last}")
        if station.command("receipts", "--verify").returncode != 0:
            troubles.append("the chain of receipts is broken")

    def _seek(self, station: RunningStation, name: str, marks: list[tuple[bytes, tuple[str, ...]]]) -> None:
        _say(f"searching ({name})")
        order = seeker.Order(
            seeds=tuple(seeker.Seed(seed, routes) for seed, routes in marks),
            since=self._since,
            session=str(station.place.runtime),
            disk=str(station.directory),
            image=str(self._image),
            outside=str(self._outside),
            users=tuple(station.place.users.all),
            cgroups=str(station.place.cgroups),
            family=os.getpid(),
            everybody=self._everybody,
        )
        report = msgspec.json.decode(_ask("tests.prove.seeker", order, SEEK_SECONDS), type=Report)
        self.result.searches.append(Search(name, report))


def _say(text: str) -> None:
    print(f"prove: {text}", file=sys.stderr, flush=True)


def _start(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _ask(module: str, order: msgspec.Struct, seconds: float) -> bytes:
    """Runs a process of our own that takes an order and answers. Raises Impossible."""
    process = _start(module)
    try:
        answer, _ = process.communicate(msgspec.json.encode(order), timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise Impossible(f"{module} did not end within {seconds:.0f} s") from None
    if process.returncode != 0:
        raise Impossible(f"{module} failed")
    return answer


def _outside(stack: contextlib.ExitStack) -> Path:
    """A directory for what the visitor brings. In memory, so that no disk of this machine gets what is on it."""
    path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="marchepied-outside-", dir="/dev/shm")))
    path.chmod(0o755)
    for name in (papers.KEYS, papers.GLASS):
        (path / name).mkdir()
    stack.callback(pull_all, path / papers.KEYS)
    return path


@contextlib.contextmanager
def _scratch(parent: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="marchepied-decoys-", dir=parent) as directory:
        yield directory


@contextlib.contextmanager
def _decoys(planted: Planted, path: Path) -> Iterator[None]:
    """Holds the deleted file open; takes the System V segment away afterwards."""
    removal = 0  # IPC_RMID, linux/ipc.h
    try:
        with path.open("rb"):
            path.unlink()
            yield
    finally:
        if planted.segment >= 0:
            ctypes.CDLL(None).shmctl(planted.segment, removal, None)
