"""Starts `sessiond` as systemd would, on directories of its own, and follows its state."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil

from session.environment.cgroup import find_base
from session.environment.users import Users
from session.model import Component, Snapshot, State
from session.pages import DeskSnapshot
from session.papers import Papers
from session.rpc import Client
from session.wipe import Place
from tests.station.desk import Desk, ask_as
from tests.station.screen import Screen, screen_of
from tests.station.settings import CONFIG, DEFAULTS
from tests.station.waiting import StationError, wait_until

__all__ = ["ROOT", "RunningStation", "StationError", "wait_until"]

_T = TypeVar("_T")
ROOT = Path(__file__).resolve().parents[2]
INTERFACE = "org.marchepied.Session"

_UNMOUNT = "import ctypes, sys; sys.exit(-ctypes.CDLL(None).umount(sys.argv[1].encode()))"


class RunningStation:
    """A context manager. `supervise` restarts a daemon that was killed, as systemd's Restart= does.

    `tampered`: options of tests.station.tampered, which is then what runs in place of the plain daemon. `apart`: in
    a mount namespace of its own, in which programs and files can be hidden from it (see `hide`). `alone`: in a network
    of its own too, without any link, and so without the portal. `more`: more lines at the end of the configuration.
    """

    def __init__(
        self,
        *,
        supervise: bool = True,
        name: str = "test",
        tampered: tuple[str, ...] = (),
        apart: bool = False,
        alone: bool = False,
        **settings: object,
    ) -> None:
        self.settings = {**DEFAULTS, **settings}
        self._supervise = supervise
        self._apart = apart
        own = (*(("--mount", "--propagation", "private") if apart else ()), *(("--net",) if alone else ()))
        self._before = ("unshare", *own, "--") if own else ()
        self._module = ("tests.station.tampered", *tampered) if tampered else ("session.sessiond",)
        self._name = f"marchepied-{name}-{os.getpid()}"
        self.directory = Path(tempfile.mkdtemp(prefix="marchepied-test-"))
        self.directory.chmod(0o755)
        self.runtime = self.directory / "run"
        self.state = self.directory / "state"
        self.log = self.directory / "sessiond.log"
        self.config = self.directory / "station.toml"
        self.place = Place(
            self.runtime / "environment", find_base(self._name), Users(int(str(self.settings["first_uid"])))
        )
        self._daemon: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self.starts = 0

    # -- life ------------------------------------------------------------------------------------------------

    def __enter__(self) -> RunningStation:
        self.config.write_text(CONFIG.format(**self.settings), "utf-8")
        self._start()
        if self._supervise:
            self._thread = threading.Thread(target=self._restart_for_ever, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        daemon = self._daemon
        if daemon is not None and daemon.poll() is None:
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(30)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        if self._thread is not None:
            self._thread.join(30)
        self._sweep()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _sweep(self) -> None:
        """What a failing test would leave: taken away by the same code as in the daemon, and the network table."""
        from session import network
        from session.wipe import Wipe

        async def sweep() -> None:
            wipe = Wipe(self.place, self.place.generations())
            await wipe.empty()
            await wipe.finish()
            await network.remove(self.place.users)

        asyncio.run(sweep())
        with contextlib.suppress(OSError):
            self.place.cgroups.rmdir()

    def _start(self) -> None:
        self.starts += 1
        with self.log.open("ab") as log:
            self._daemon = subprocess.Popen(
                [
                    *self._before, sys.executable, "-P", "-m", *self._module, "--config", str(self.config),
                    "--runtime", str(self.runtime), "--state", str(self.state), "--cgroup", self._name,
                ],
                cwd=ROOT, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )  # fmt: skip

    def _restart_for_ever(self) -> None:
        while not self._stopping.is_set():
            daemon = self._daemon
            assert daemon is not None
            if daemon.wait() != 0 and not self._stopping.is_set():
                self._start()
            elif daemon.returncode == 0:
                return

    # -- the daemon ------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        assert self._daemon is not None
        return self._daemon.pid

    def terminate(self) -> int:
        """SIGTERM; the exit code."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGTERM)
        return self._daemon.wait(40)

    def start_again(self) -> None:
        """After `terminate`."""
        self._start()

    def second_daemon(self) -> subprocess.CompletedProcess[str]:
        """Another one on the same directories, until it ends by itself."""
        assert self._daemon is not None
        return subprocess.run(
            [str(part) for part in self._daemon.args],  # type: ignore[union-attr]
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=30,
            check=False,
        )  # fmt: skip

    @contextlib.contextmanager
    def hide(self, target: str | Path, behind: str | Path) -> Iterator[None]:
        """`target` looks like `behind` to the daemon and to what it starts from now on. Only where `apart`."""
        assert self._apart, "this would change the machine"
        self.inside("mount", "--bind", str(behind), str(target))
        try:
            yield
        finally:
            # By the system call: umount(8) itself may be what is hidden.
            self.inside(sys.executable, "-c", _UNMOUNT, str(target))

    def inside(self, *argv: str) -> None:
        """Runs a program in the daemon's mount and network namespaces. Raises CalledProcessError."""
        spaces = [f"--mount=/proc/{self.pid}/ns/mnt", f"--net=/proc/{self.pid}/ns/net"]
        subprocess.run(["nsenter", *spaces, "--", *argv], check=True, capture_output=True)

    def kill_daemon(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def status(self) -> Snapshot | None:
        """None while nobody answers."""
        try:
            return asyncio.run(self._call("Status", Snapshot))
        except (OSError, TimeoutError):
            return None

    def call(self, name: str, **parameters: object) -> None:
        """As root, like the `marchepied` command. Raises Refused, Denied."""
        asyncio.run(self._call(name, dict, **parameters))

    def begin(self) -> int:
        """Begins a session as soon as it can be; its generation."""
        generation = self.wait_state(State.READY, 40).generation
        error = self.call_as_screen("Start")
        if error is not None:
            raise StationError(f"Start was refused: {error}")
        return generation

    def call_as_screen(self, name: str, **parameters: object) -> str | None:
        """A call as the screen's user makes it, without a hand on the screen; the error's name, or None."""
        request: dict[str, object] = {"method": f"{INTERFACE}.{name}", "parameters": parameters}
        reply = json.loads(self.ask_as_screen(self.runtime / "control", request) or b'{"error":"no answer"}')
        error = reply.get("error")
        return None if error is None else str(reply.get("parameters", {}).get("code", error))

    def ask_as_screen(self, path: Path, call: dict[str, object]) -> bytes:
        """The first answer at a socket to a call by the screen's user, empty if there is none."""
        return ask_as(self.place.users.screen, path, call)

    @property
    def _desk(self) -> Desk:
        snapshot = self.status()
        assert snapshot is not None
        return Desk(self.place.tree(snapshot.generation), self.place.users)

    def desk(self) -> DeskSnapshot:
        """What the desk tells the screens. Raises StationError while nobody answers."""
        return self._desk.desk()

    def papers(self) -> Papers:
        """The same of papers."""
        return self._desk.papers()

    def ask_desk(self, name: str, *, more: bool = False, **parameters: object) -> dict[str, object]:
        """What the desk answers to a call of the screens. Raises StationError while nobody answers."""
        return self._desk.ask(name, more=more, **parameters)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The `marchepied` command on this station."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "session", "--socket", str(self.runtime / "control"), *arguments],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=30,
            check=False,
        )  # fmt: skip

    async def _call(self, name: str, kind: type[_T], **parameters: object) -> _T:
        async with asyncio.timeout(10):
            client = await Client.connect(self.runtime / "control", INTERFACE)
            try:
                return await client.call(name, kind, **parameters)
            finally:
                await client.close()

    def wait(self, holds: Callable[[Snapshot], bool], seconds: float = 30.0, what: str = "") -> Snapshot:
        """Follows the published snapshots, over restarts of the daemon, until one fits. Raises StationError."""
        try:
            return asyncio.run(self._until(holds, seconds))
        except TimeoutError:
            raise StationError(
                f"{what or 'the wanted state'} did not come within {seconds} s; now {self.status()}; "
                f"log:\n{self.last_words()}"
            ) from None

    async def _until(self, holds: Callable[[Snapshot], bool], seconds: float) -> Snapshot:
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(OSError):
                    client = await Client.connect(self.runtime / "control", INTERFACE)
                    try:
                        async for snapshot in client.stream("Watch", Snapshot):
                            if holds(snapshot):
                                return snapshot
                    finally:
                        await client.close()
                await asyncio.sleep(0.02)

    def wait_state(self, state: State, seconds: float = 30.0, after: int = -1) -> Snapshot:
        """`after`: only an environment with a higher generation counts."""
        return self.wait(lambda one: one.state is state and one.generation > after, seconds, f"state {state}")

    def last_words(self) -> str:
        words = self.log.read_text("utf-8", "replace").splitlines()[-30:]
        for generation in self.place.generations():
            for log in sorted(self.place.tree(generation).glob("*/log")):
                words += [f"-- {log.parent.name}", *log.read_text("utf-8", "replace").splitlines()[-12:]]
        return "\n".join(words)

    # -- the environment -------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def screen(self) -> Iterator[Screen]:
        snapshot = self.status()
        assert snapshot is not None
        with screen_of(self.place.tree(snapshot.generation)) as screen:
            yield screen

    def processes(self, component: Component) -> list[psutil.Process]:
        """The processes of one component's sandbox, outermost first."""
        snapshot = self.status()
        if snapshot is None:
            return []
        try:
            procs = (self.place.cgroup(snapshot.generation).path / component.value / "cgroup.procs").read_text("ascii")
        except OSError:
            return []
        found = []
        for pid in procs.split():
            with contextlib.suppress(psutil.NoSuchProcess):
                found.append(psutil.Process(int(pid)))
        return sorted(found, key=lambda one: one.pid)
