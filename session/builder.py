"""One environment: everything that can hold a visitor's data, made whole, and dying whole.

It starts the processes, hands the browser's pipe to the desk, restarts what dies, and tells of deaths. What a death
means is the state machine's matter; ending everything is the wipe's.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path

import msgspec

from session.browser import sandbox as browser_sandbox
from session.environment import bus, chime, mounts, scan
from session.environment import display as display_server
from session.environment import voice as voice_server
from session.environment.cgroup import Cgroup, CgroupError
from session.environment.display import Display
from session.environment.process import Process, spawn
from session.environment.sandbox import CODE, Bind, Sandbox, etc_binds, python_binds
from session.environment.tree import DISPLAY, Tree
from session.environment.users import Users
from session.model import Component, Trouble
from session.pages import Settings

logger = logging.getLogger(__name__)

DISPLAY_SECONDS = 15.0
RUN = "/run/marchepied"
"""Where a screen process finds its sockets and settings, inside its sandbox."""

MODULES = {Component.UI: "kiosk.app", Component.GUARD: "kiosk.guard", Component.DESK: "session.desk"}
LEAST_MEMORY_MIB = 300
"""Available memory below which no environment is begun: a browser would die in front of its visitor."""


class BuildError(Exception):
    """The environment cannot be made. `trouble` is what the screen says; the text is for the technician."""

    def __init__(self, trouble: Trouble, text: str) -> None:
        super().__init__(text)
        self.trouble = trouble


class Plan(msgspec.Struct, frozen=True):
    """What every environment of this station is made from."""

    users: Users
    display: Display
    settings: Settings
    policy: bytes
    browser: browser_sandbox.Options
    memory_mib: int
    inodes: int
    control: Path
    """The daemon's control socket."""
    voice: voice_server.Options = voice_server.Options()
    chime: chime.Options = chime.Options()
    scanner: scan.Options | None = None


class Environment:
    """`died` is called with (generation, component, trouble) when a component ends by itself."""

    def __init__(
        self,
        plan: Plan,
        generation: int,
        tree: Tree,
        cgroup: Cgroup,
        died: Callable[[int, Component, Trouble], None],
    ) -> None:
        self.generation = generation
        self._plan, self._tree, self._cgroup, self._died = plan, tree, cgroup, died
        self._processes: dict[Component, Process] = {}
        self._watchers: set[asyncio.Task[None]] = set()
        self._pipe: tuple[int, int] | None = None
        self._desk_link: socket.socket | None = None
        self._browsers = 0
        self._again = scan.Again()
        self._abandoned = False

    async def build(self, guarded: Coroutine[None, None, None], *, reduced: bool = False) -> None:
        """On return every process runs; each says by itself when it is ready. Raises BuildError.

        `guarded` puts the egress rules in force, while the display starts; no browser starts before that is done.
        """
        rules = asyncio.ensure_future(guarded)
        try:
            await self._build(rules, reduced)
        finally:
            rules.cancel()
            await asyncio.gather(rules, return_exceptions=True)

    async def _build(self, rules: asyncio.Future[None], reduced: bool) -> None:
        _need_memory()
        try:
            self._cgroup.create()
            await mounts.mount_tmpfs(self._tree.root, self._plan.memory_mib, self._plan.inodes)
            self._tree.populate(self._plan.users, self._plan.settings)
            browser_sandbox.prepare(self._tree, self._plan.users, self._plan.policy, self._plan.browser)
            display_server.prepare(self._plan.display, self._tree, self._plan.users)
        except (CgroupError, mounts.MountError, OSError) as error:
            raise BuildError(Trouble.INTERNAL, f"the environment could not be made: {error}") from error
        await self._start_display()
        await rules
        try:
            if not reduced:
                # The slowest first: the others start while it does.
                await self._start(Component.BROWSER)
                await self._start(Component.DESK)
            await self._start(Component.GUARD)
            await self._start(Component.UI)
            self._start_voice()
            if not reduced:
                await self._start_scanner()
            if chime.possible(self._plan.chime):
                chime.prepare(self._tree, self._plan.users)
        except (CgroupError, OSError) as error:
            missing = getattr(error, "filename", None) == self._plan.browser.program
            raise BuildError(Trouble.NO_BROWSER if missing else Trouble.INTERNAL, str(error)) from error

    async def restart(self, component: Component) -> None:
        """Starts a component that died anew, in the same session. Raises OSError, CgroupError."""
        if not self._abandoned:
            await self._start(component)

    async def freeze(self) -> bool:
        """Stops the visitor's processes where they are; True once all stand still. Raises OSError, CgroupError."""
        return await self._cgroup.child(Component.BROWSER.value).freeze()

    def thaw(self) -> None:
        """Lets them go on. Raises OSError, CgroupError."""
        if not self._abandoned:
            self._cgroup.child(Component.BROWSER.value).thaw()

    def play(self, sound: chime.Sound) -> None:
        """Makes a short sound, where one can be heard. Nobody waits for it."""
        if self._abandoned or not (self._tree.etc / "chime").is_dir():
            return
        playing = chime.play(self._plan.chime, sound, self._tree, self._plan.users, self._cgroup)
        self._accompany(asyncio.create_task(playing))

    def _accompany(self, task: asyncio.Task[None]) -> None:
        """It ends with the environment."""
        self._watchers.add(task)
        task.add_done_callback(self._watchers.discard)

    async def display_answers(self) -> bool:
        """Whether the display server still takes a client."""
        return await display_server.answers(self._tree)

    async def kill(self, component: Component) -> None:
        """Ends one that hangs, and all that it started; its death is told like any other's. Raises OSError,
        CgroupError.
        """
        if not self._abandoned:
            await self._cgroup.child(component.value).kill()

    def pid(self, component: Component) -> int | None:
        """The outermost process of a component's sandbox, for the tests and the doctor."""
        process = self._processes.get(component)
        return process.pid if process is not None and process.running else None

    def room_left(self) -> float:
        """The part of the session's memory disk that is free: 0 to 1, of its room or its inodes, whichever is less."""
        usage = os.statvfs(self._tree.root)
        return min(usage.f_bavail / max(1, usage.f_blocks), usage.f_favail / max(1, usage.f_files))

    def abandon(self) -> None:
        """It is about to be wiped: deaths are no news any more, and the pipe's ends are closed."""
        self._abandoned = True
        for watcher in self._watchers:
            watcher.cancel()
        self._close_pipe()
        if self._desk_link is not None:
            self._desk_link.close()
            self._desk_link = None

    # -- starting --------------------------------------------------------------------------------------------

    async def _start_display(self) -> None:
        sandbox = display_server.sandbox(self._plan.display, self._tree, self._plan.users)
        if not os.access(sandbox.program[0], os.X_OK):
            raise BuildError(Trouble.NO_DISPLAY, f"{sandbox.program[0]} is not installed")
        ready_read, ready_write = os.pipe2(os.O_CLOEXEC)
        try:
            await self._spawn(Component.DISPLAY, sandbox.argv(), {display_server.READY_FD: ready_write})
        except (CgroupError, OSError) as error:
            raise BuildError(Trouble.NO_DISPLAY, str(error)) from error
        finally:
            os.close(ready_write)
        if not await _says_something(ready_read, DISPLAY_SECONDS):
            raise BuildError(
                Trouble.NO_DISPLAY,
                f"{sandbox.program[0]} did not start or ended at once; its words were: {self._last_words('display')}",
            )

    async def _start(self, component: Component) -> None:
        if component is Component.BROWSER:
            await self._start_browser()
        elif component is Component.DESK:
            await self._start_desk()
        elif component is Component.SCANNER and self._plan.scanner is not None:
            worker = scan.sandbox(self._plan.scanner, self._tree, self._plan.users, self._plan.control)
            await self._spawn(component, worker.argv(), {})
        elif component in MODULES:
            await self._spawn(component, self._python(component).argv(), {})

    def _start_voice(self) -> None:
        """Last, and nobody waits for it: a station may have none."""
        if not voice_server.possible(self._plan.voice):
            return
        voice_server.prepare(self._plan.voice, self._tree, self._plan.users)
        self._accompany(asyncio.create_task(voice_server.keep(self._tree, self._plan.users, self._cgroup)))

    async def _start_scanner(self) -> None:
        """Nobody waits for it, and no session ends with it: its pages outlive it."""
        if self._plan.scanner is None:
            return
        scan.prepare(self._plan.scanner, self._tree, self._plan.users)
        self._accompany(asyncio.create_task(self._start_again(Component.SCANNER, 0.0)))

    async def _start_again(self, component: Component, delay: float) -> None:
        """One that the daemon's other parts need not hear of, ever more seldom while it keeps dying."""
        await asyncio.sleep(delay)
        try:
            await self._start(component)
        except (CgroupError, OSError) as error:
            logger.error("environment %d: no %s: %s", self.generation, component.value, error)

    async def _start_browser(self) -> None:
        """The daemon keeps the desk's ends of the pipe as well: a desk that dies must not end the browser."""
        if not os.access(self._plan.browser.program, os.X_OK):
            raise FileNotFoundError(2, "is not installed", self._plan.browser.program)
        self._close_pipe()
        browser_reads, we_write = os.pipe2(os.O_CLOEXEC)
        we_read, browser_writes = os.pipe2(os.O_CLOEXEC)
        self._pipe = (we_write, we_read)
        self._browsers += 1
        try:
            browser_sandbox.clear_locks(self._tree)
            argv = browser_sandbox.argv(self._tree, self._plan.users.visitor, self._plan.browser)
            await self._spawn(Component.BROWSER, argv, {3: browser_reads, 4: browser_writes})
        finally:
            os.close(browser_reads)
            os.close(browser_writes)
        self._hand_over()

    async def _start_desk(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        if self._desk_link is not None:
            self._desk_link.close()
        ours.setblocking(False)
        self._desk_link = ours
        with theirs:
            await self._spawn(Component.DESK, self._python(Component.DESK).argv(), {3: theirs.fileno()})
        self._hand_over()

    def _hand_over(self) -> None:
        """Gives the pipe of the present browser to the present desk, whichever of them is new."""
        if self._desk_link is None or self._pipe is None:
            return
        message = msgspec.json.encode({"browser": self._browsers}) + b"\0"
        with contextlib.suppress(OSError):  # a desk that is already dead gets it at its next start
            socket.send_fds(self._desk_link, [message], list(self._pipe))

    def _python(self, component: Component) -> Sandbox:
        home = self._tree.home(component.value)
        binds = [
            *python_binds(),
            *etc_binds(("fonts", "localtime", "ld.so.cache", "ld.so.conf", "ld.so.conf.d")),
            Bind(self._tree.sockets, RUN, writable=True),
            Bind(self._plan.control, f"{RUN}/control", writable=True),
            Bind(self._tree.settings, f"{RUN}/settings.json"),
            Bind(self._tree.x11, "/tmp/.X11-unix"),  # noqa: S108 - inside the sandbox
            Bind(self._tree.screen_cookie, "/run/cookie"),
            Bind(home, "/home/screen", writable=True),
        ]
        if component is Component.UI:
            binds.append(Bind(self._tree.pictures, "/run/pictures"))
        if component is Component.DESK:
            for directory in (self._tree.documents, self._tree.papers, self._tree.given):
                binds.append(Bind(directory, f"/home/screen/{directory.name}", writable=True))
            binds.append(Bind(self._tree.bus, str(bus.DIRECTORY)))
            binds.append(Bind(self._tree.visit_policy, "/run/visit.json", writable=True))
        environment = (
            ("HOME", "/home/screen"),
            ("TMPDIR", "/home/screen"),
            ("PATH", "/usr/bin"),
            ("LANG", "C.UTF-8"),
            ("DISPLAY", f":{DISPLAY}"),
            ("XAUTHORITY", "/run/cookie"),
            ("PYTHONPATH", str(CODE)),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("MARCHEPIED_RUN", RUN),
            ("MARCHEPIED_SETTINGS", f"{RUN}/settings.json"),
            ("MARCHEPIED_VISIT", "/run/visit.json"),
            ("MARCHEPIED_DOCUMENTS", "/home/screen/documents"),
            ("MARCHEPIED_PICTURES", "/run/pictures"),
        )
        program = (sys.executable, "-P", "-m", MODULES[component])
        return Sandbox(program, self._plan.users.screen, tuple(binds), environment)

    async def _spawn(self, component: Component, argv: list[str], fds: dict[int, int]) -> None:
        room = self._cgroup.child(component.value)
        # Of a sandbox whose outermost process died, the rest may be dying still; it must not meet its successor.
        if not await room.kill():
            raise OSError(errno.EBUSY, "what is left of it cannot be killed", argv[0])
        # In a frozen cgroup the child would stop before it runs its program, and we would wait for that.
        room.thaw()
        procs = room.open_procs()
        log = None
        try:
            if component is not Component.BROWSER:  # whose words have addresses in them
                path = self._tree.home(component.value) / "log"
                log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            process = await spawn(argv, cgroup_fd=procs, fds=fds, output=log)
        finally:
            os.close(procs)
            if log is not None:
                os.close(log)
        self._processes[component] = process
        self._accompany(asyncio.create_task(self._watch(component, process)))

    async def _watch(self, component: Component, process: Process) -> None:
        started = time.monotonic()
        code = await process.wait()
        if self._abandoned:
            return
        logger.warning("environment %d: %s ended with code %d", self.generation, component.value, code)
        if component is Component.SCANNER:
            self._accompany(asyncio.create_task(self._start_again(component, self._again.after(started))))
            return
        if component is Component.DISPLAY:  # the only one of which no word can be a visitor's
            logger.warning("the display server's last words: %s", self._last_words(component.value))
        trouble = {
            Component.DISPLAY: Trouble.NO_DISPLAY,
            Component.BROWSER: Trouble.NO_BROWSER,
        }.get(component, Trouble.COMPONENT_FAILS)
        self._died(self.generation, component, trouble)

    def _close_pipe(self) -> None:
        for descriptor in self._pipe or ():
            os.close(descriptor)
        self._pipe = None

    def _last_words(self, component: str) -> str:
        try:
            return (self._tree.home(component) / "log").read_text("utf-8", "replace")[-500:].strip()
        except OSError:
            return ""


async def _says_something(descriptor: int, seconds: float) -> bool:
    """True once a whole line came; False at the end of the file or after `seconds`. Closes the descriptor.

    A whole line: a server that cannot write its line's end ends itself.
    """
    loop = asyncio.get_running_loop()
    spoke: asyncio.Future[bool] = loop.create_future()

    def read() -> None:
        said = os.read(descriptor, 16)
        if not spoke.done() and (not said or b"\n" in said):
            spoke.set_result(bool(said))

    loop.add_reader(descriptor, read)
    try:
        return await asyncio.wait_for(spoke, seconds)
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _need_memory() -> None:
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) // 1024
            if available < LEAST_MEMORY_MIB:
                raise BuildError(
                    Trouble.NO_MEMORY,
                    f"{available} MiB of memory are available; an environment needs {LEAST_MEMORY_MIB}",
                )
