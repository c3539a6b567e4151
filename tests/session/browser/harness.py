"""A private screen and a real browser for tests, in the environment's own tree and sandboxes; root only.

Everything is started by pid and ended by pid; the tree is on a tmpfs directory of its own and is removed.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from session.browser import policy, sandbox
from session.desk.allowances import cameras_of
from session.environment import bus, display
from session.environment.sandbox import CODE, Bind, Sandbox, etc_binds, python_binds
from session.environment.tree import DISPLAY, Tree
from session.environment.users import Users
from session.pages import Settings

USERS = Users(50_000 + 8 * (os.getpid() % 1000))
PATIENCE = 15.0
"""Seconds for anything; a machine with other work to do is slow."""


def wait_for(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """For what has no descriptor to wait on: looks again every 10 ms."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        select.select((), (), (), 0.01)


def start(argv: Sequence[str], fds: dict[int, int], output: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Starts `argv` with exactly these descriptors besides the standard three."""
    lifted = {number: os.dup2(descriptor, 60 + number) for number, descriptor in fds.items()}

    def place() -> None:
        for number, descriptor in lifted.items():
            os.dup2(descriptor, number, inheritable=True)

    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={},
            pass_fds=tuple(fds),
            preexec_fn=place,
            umask=sandbox.UMASK,
            start_new_session=True,
        )
    finally:
        for descriptor in lifted.values():
            os.close(descriptor)


def end(process: subprocess.Popen[bytes]) -> None:
    """Kills pid 1 of a bwrap's namespace: when bwrap itself has ended after that, nothing of it is left."""
    for child in children(process.pid) or [process.pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    process.wait(PATIENCE)


def children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
    except FileNotFoundError:
        return []


def descendants(pid: int) -> Iterable[int]:
    for child in children(pid):
        yield child
        yield from descendants(child)


class Screen:
    """A tree and a display server on it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.root = Path(tempfile.mkdtemp(prefix="marchepied-test-", dir="/dev/shm"))
        self.root.chmod(0o755)
        self.tree = Tree(self.root / "tree")
        self.tree.root.mkdir(mode=0o755)
        self.tree.populate(USERS, settings)
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Screen:
        read, write = os.pipe()
        try:
            argv = display.sandbox(display.Display(), self.tree, USERS).argv()
            self._server = start(argv, {display.READY_FD: write})
        finally:
            os.close(write)
        with open(read, "rb") as ready:
            assert ready.readline(), "no display server"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            end(self._server)
        shutil.rmtree(self.root)

    def policy(self) -> dict[str, object]:
        return policy.build(
            policy.hosts_of(self.settings),
            downloads=str(sandbox.DOCUMENTS),
            cameras=cameras_of(self.settings),
            interview=self.settings.interview,
        )

    def x(self, *argv: str) -> str:
        """Runs an X client on this display; what it says."""
        program = Sandbox(
            argv,
            USERS.screen,
            (
                Bind(self.tree.x11, "/tmp/.X11-unix"),
                Bind(self.tree.screen_cookie, "/run/cookie"),
                Bind(self.tree.home("ui"), "/home/screen", writable=True),
                Bind(self.tree.documents, "/home/documents", writable=True),
                *etc_binds(("ImageMagick-6", "fonts")),
            ),
            (("DISPLAY", f":{DISPLAY}"), ("XAUTHORITY", "/run/cookie"), ("PATH", "/usr/bin"), ("HOME", "/home/screen")),
        )
        done = subprocess.run(program.argv(), capture_output=True, text=True, timeout=PATIENCE, check=True)
        return done.stdout

    def key(self, *keys: str, window: str = "Chromium$") -> None:
        """Types into the window whose name matches: without a window manager nobody gives it the focus."""
        find = ("search", "--onlyvisible", "--name", window, "windowfocus", "--sync")
        self.x("/usr/bin/xdotool", *find, "key", "--clearmodifiers", *keys)

    def windows(self) -> list[str]:
        """Lines of xwininfo for the top-level windows that are mapped and larger than a dot."""
        listed = self.x("/usr/bin/xwininfo", "-root", "-children").splitlines()
        return [line.strip() for line in listed if line.strip().startswith("0x")]


class Browser:
    """Chromium in its sandbox, and our ends of its pipe."""

    def __init__(
        self,
        screen: Screen,
        managed_policy: bytes | None = None,
        options: sandbox.Options = sandbox.Options(),  # noqa: B008 - frozen
        flags: Sequence[str] = (),
        output: Path | None = None,
    ) -> None:
        managed = policy.encode(screen.policy()) if managed_policy is None else managed_policy
        sandbox.prepare(screen.tree, USERS, managed, options)
        sandbox.clear_locks(screen.tree)
        argv = sandbox.argv(screen.tree, USERS.visitor, options)
        its_read, self.write = os.pipe()
        self.read, its_write = os.pipe()
        said = os.open(output or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            self.process = start([*argv[:-1], *flags, argv[-1]], {3: its_read, 4: its_write}, said)
        finally:
            for descriptor in (its_read, its_write, said):
                os.close(descriptor)

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self.process)
        os.close(self.write)
        os.close(self.read)

    def ends(self) -> tuple[int, int]:
        """Copies of our two ends, as the daemon hands them out."""
        return os.dup(self.write), os.dup(self.read)

    def kill(self) -> None:
        """As if Chromium itself had crashed."""
        end(self.process)


class DeskProcess:
    """`python -m session.desk` as the screen's user, in its sandbox, with the daemon's end of its socket."""

    def __init__(self, screen: Screen, control: Path | None = None, output: Path | None = None) -> None:
        self.socket = screen.tree.sockets / "desk"
        self.link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._count = 0
        tree = screen.tree
        binds = [
            *python_binds(),
            Bind(tree.sockets, "/run/marchepied", writable=True),
            Bind(tree.settings, "/run/marchepied/settings.json"),
            Bind(tree.home("desk"), "/home/screen", writable=True),
            Bind(tree.documents, "/home/screen/documents", writable=True),
            Bind(tree.papers, "/home/screen/papers", writable=True),
            Bind(tree.given, "/home/screen/given", writable=True),
            Bind(tree.bus, str(bus.DIRECTORY)),
            Bind(tree.visit_policy, "/run/visit.json", writable=True),
        ]
        if control is not None:
            binds.append(Bind(control, "/run/marchepied/control", writable=True))
        environment = (
            ("PATH", "/usr/bin"),
            ("PYTHONPATH", str(CODE)),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("MARCHEPIED_RUN", "/run/marchepied"),
            ("MARCHEPIED_SETTINGS", "/run/marchepied/settings.json"),
            ("MARCHEPIED_DOCUMENTS", "/home/screen/documents"),
            ("MARCHEPIED_VISIT", "/run/visit.json"),
        )
        program = Sandbox((sys.executable, "-P", "-m", "session.desk"), USERS.screen, tuple(binds), environment)
        said = os.open(output or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with theirs:
            try:
                self.process = start(program.argv(), {3: theirs.fileno()}, said)
            finally:
                os.close(said)

    def give(self, browser: Browser) -> None:
        self._count += 1
        message = msgspec.json.encode({"browser": self._count})
        socket.send_fds(self.link, [message], [browser.write, browser.read])

    def __enter__(self) -> DeskProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self.process)
        self.link.close()
