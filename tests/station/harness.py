"""Starts `sessiond` as systemd would, on directories of its own, and follows its state."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil

from session import wire
from session.environment.cgroup import find_base
from session.environment.users import Users
from session.model import Component, Snapshot, State
from session.rpc import Client
from session.wipe import Place
from tests.station.screen import Screen, screen_of

_T = TypeVar("_T")
ROOT = Path(__file__).resolve().parents[2]
INTERFACE = "org.marchepied.Session"

CONFIG = """\
[station]
name = "Bus des Trois-Rivières"

[session]
minutes = {minutes}
idle_minutes = {idle_minutes}
warning_seconds = {warning_seconds}
extension_minutes = {extension_minutes}
extensions = 2

[environment]
memory_mib = {memory_mib}
inodes = {inodes}
first_uid = {first_uid}

[display]
server = "{server}"
width = {width}
height = {height}

[demonstration]
enabled = true
ports = [{port}, {tls_port}]

[wipe]
require = []

[[sites]]
id = "portail"
title = "Portail des Trois-Rivières"
url = "http://portail.localhost:{port}/"
hosts = ["connexion.localhost:{port}", "portail.localhost:{tls_port}"]
"""

DEFAULTS: dict[str, object] = {
    "minutes": 45,
    "idle_minutes": 5,
    "warning_seconds": 60,
    "extension_minutes": 15,
    "memory_mib": 1024,
    "inodes": 200_000,
    "first_uid": 60_960,
    "server": "xvfb",
    "width": 1280,
    "height": 800,
    "port": 1,
    "tls_port": 2,
}


class StationError(Exception):
    """The station did not do what was waited for. The text has its log's last lines."""


class RunningStation:
    """A context manager. `supervise` restarts a daemon that was killed, as systemd's Restart= does."""

    def __init__(self, *, supervise: bool = True, name: str = "test", **settings: object) -> None:
        self.settings = {**DEFAULTS, **settings}
        self._supervise = supervise
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
                    sys.executable, "-P", "-m", "session.sessiond", "--config", str(self.config), "--runtime",
                    str(self.runtime), "--state", str(self.state), "--cgroup", self._name,
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

    def call_as_screen(self, name: str, **parameters: object) -> str | None:
        """A call as the screen's user makes it, without a hand on the screen; the error's name, or None.

        A fork of its own: the caller's user is what the kernel says at connect time.
        """
        request = wire.encode({"method": f"{INTERFACE}.{name}", "parameters": parameters})
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setgroups([])
                os.setgid(self.place.users.screen)
                os.setuid(self.place.users.screen)
                with socket.socket(socket.AF_UNIX) as connection:
                    connection.connect(str(self.runtime / "control"))
                    connection.sendall(request)
                    os.write(write_end, connection.recv(4096))
            finally:
                os._exit(0)
        os.close(write_end)
        with os.fdopen(read_end, "rb") as answer:
            untrusted_reply = answer.read().rstrip(b"\0")
        os.waitpid(pid, 0)
        reply = json.loads(untrusted_reply or b'{"error":"no answer"}')
        error = reply.get("error")
        return None if error is None else str(reply.get("parameters", {}).get("code", error))

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


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Polls a condition that nothing announces. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.02)
