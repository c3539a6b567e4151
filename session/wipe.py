"""The wipe: kill, unmount, remove, then verify that nothing is left, and say so in steps and checks.

It works on directories and numbers alone (cgroups, mounts, user ids), never on names of files or processes, and it
takes everything that it finds below the runtime directory: what a previous run of the daemon left is wiped by the
same code as a session that just ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path

import msgspec
import psutil

from session.environment.cgroup import Cgroup
from session.environment.mounts import MountError, kernel_has_noswap, mounted_below, unmount
from session.environment.users import Users
from session.receipts import Check, CheckResult, Step

logger = logging.getLogger(__name__)

KILL_SECONDS = 10.0
UNMOUNT_SECONDS = 20.0
UNMOUNT_PAUSE = 0.05
SCAN_ENTRIES = 200_000
"""Most directory entries that one verification looks at; more is a failed check, not a long silence."""

PUBLIC_DIRECTORIES = tuple(
    "/tmp /var/tmp /dev/shm /dev/mqueue /run/lock /var/lock /var/crash /run/user".split()  # noqa: S108, SIM905
)
"""Where any user may write on the machine itself. The environment's processes cannot even see them (each has a mount
namespace of its own): this looks for what should be impossible."""


class Place(msgspec.Struct, frozen=True):
    """Where environments live on this machine."""

    runtime: Path
    """Directory with one directory per generation, each the mount point of a tmpfs."""
    cgroups: Path
    """cgroup with one child per generation."""
    users: Users

    def tree(self, generation: int) -> Path:
        return self.runtime / str(generation)

    def cgroup(self, generation: int) -> Cgroup:
        return Cgroup(self.cgroups / f"environment-{generation}")

    def generations(self) -> list[int]:
        """Every environment of which anything is left, lowest first."""
        found = set()
        for directory, prefix in ((self.runtime, ""), (self.cgroups, "environment-")):
            with contextlib.suppress(FileNotFoundError):
                for entry in directory.iterdir():
                    number = entry.name.removeprefix(prefix)
                    if number.isascii() and number.isdigit():
                        found.add(int(number))
        return sorted(found)


class Outcome(msgspec.Struct, frozen=True):
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]
    milliseconds: int

    @property
    def verified(self) -> bool:
        return all(step.ok for step in self.steps) and all(
            check.result is not CheckResult.FAILED for check in self.checks
        )


class Wipe:
    """One wipe of the given generations. `empty` first; then, at leisure, `finish`."""

    def __init__(self, place: Place, generations: Iterable[int], required: frozenset[str] = frozenset()) -> None:
        self._place = place
        self._generations = tuple(generations)
        self._required = required
        self._began = time.monotonic()
        self._steps: list[Step] = []
        self._checks: list[Check] = []

    async def empty(self) -> bool:
        """Kills; True when no process of these environments or of their users is left."""
        await self._step("kill", self._kill)
        await self._step("strays", self._kill_strays)
        self._check("processes", lambda: not list(processes_of(self._place.users)))
        self._check("sockets", lambda: not _owns_socket(self._place.users))
        return all(step.ok for step in self._steps) and all(check.result is CheckResult.OK for check in self._checks)

    async def finish(self) -> Outcome:
        """Unmounts, removes, verifies. Never raises for what it finds: that is in the outcome."""
        await self._step("unmount", self._unmount)
        await self._step("remove", self._remove)
        place, generations = self._place, self._generations
        self._check("mounts", lambda: not any(mounted_below(place.tree(one)) for one in generations))
        self._check("cgroups", lambda: not any(place.cgroup(one).exists for one in generations))
        self._check("directories", lambda: not any(place.tree(one).exists() for one in generations))
        self._check("files", lambda: not _owns_public_file(place.users))
        self._check("sysv_ipc", lambda: not _owns_sysv_ipc(place.users))
        self._advisory("no_swap", _no_swap)
        self._advisory("tmpfs_noswap", kernel_has_noswap)
        self._advisory("no_core_pipe", _no_core_pipe)
        self._advisory("init_on_free", _init_on_free)
        return Outcome(tuple(self._steps), tuple(self._checks), _since(self._began))

    async def _step(self, name: str, action: Callable[[], Awaitable[bool]]) -> None:
        began = time.monotonic()
        try:
            done = await action()
        except (OSError, MountError, psutil.Error) as error:
            logger.error("wipe: %s: %s", name, error)
            done = False
        self._steps.append(Step(name=name, milliseconds=_since(began), ok=done))

    def _check(self, name: str, holds: Callable[[], bool]) -> None:
        began = time.monotonic()
        try:
            result = CheckResult.OK if holds() else CheckResult.FAILED
        except (OSError, ValueError, LookupError, psutil.Error) as error:
            # What cannot be looked at, or makes no sense, is not known to be clean.
            logger.error("wipe: cannot check %s: %s", name, type(error).__name__)
            result = CheckResult.FAILED
        self._checks.append(Check(name=name, result=result, milliseconds=_since(began)))

    def _advisory(self, name: str, holds: Callable[[], bool]) -> None:
        """A property of the machine, not of this wipe: failed only where the station requires it."""
        self._check(name, holds)
        last = self._checks[-1]
        if last.result is CheckResult.FAILED and name not in self._required:
            self._checks[-1] = msgspec.structs.replace(last, result=CheckResult.UNAVAILABLE)

    async def _kill(self) -> bool:
        emptied = await asyncio.gather(*(self._place.cgroup(one).kill(KILL_SECONDS) for one in self._generations))
        return all(emptied)

    async def _kill_strays(self) -> bool:
        """Processes of our users outside any cgroup of ours: there should be none; none survives."""
        deadline = time.monotonic() + KILL_SECONDS
        while strays := list(processes_of(self._place.users)):
            if time.monotonic() > deadline:
                return False
            for process in strays:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            await asyncio.sleep(0.01)
        return True

    async def _unmount(self) -> bool:
        """One that is held must not keep the others; they share one patience."""
        deadline = time.monotonic() + UNMOUNT_SECONDS
        unmounted = True
        for generation in self._generations:
            for point in mounted_below(self._place.tree(generation)):
                try:
                    await _unmount_patiently(point, deadline)
                except MountError as error:
                    logger.error("wipe: %s", error)
                    unmounted = False
        return unmounted

    async def _remove(self) -> bool:
        removed = True
        for generation in self._generations:
            removed &= self._place.cgroup(generation).remove()
            try:
                # An empty mount point; a directory with anything in it is no mount point of ours, and stays.
                self._place.tree(generation).rmdir()
            except FileNotFoundError:
                pass
            except OSError as error:
                logger.error("wipe: cannot remove %s: %s", self._place.tree(generation), error.strerror)
                removed = False
        return removed


def processes_of(users: Users) -> Iterator[psutil.Process]:
    """Live processes with any of the users' ids. A zombie has no memory left and waits for its parent only."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess):
            ids = process.uids()
            if not users.all.isdisjoint(ids) and process.status() != psutil.STATUS_ZOMBIE:
                yield process


async def _unmount_patiently(point: Path, deadline: float) -> None:
    """The last reference of a process just killed goes a moment after the process: busy is not yet a failure."""
    while True:
        try:
            return await unmount(point)
        except MountError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(UNMOUNT_PAUSE)


def _owns_socket(users: Users) -> bool:
    """Internet sockets that a process still holds. A connection that only the kernel winds up has inode 0."""
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in Path("/proc/net", kind).read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if int(fields[7]) in users.all and fields[9] != "0":
                    return True
    return False


def _owns_public_file(users: Users) -> bool:
    """Mounts further down are not entered: the next environment may be among them, and the machine's are listed."""
    left = SCAN_ENTRIES
    waiting = [directory for directory in PUBLIC_DIRECTORIES if not os.path.islink(directory)]
    while waiting:
        directory = waiting.pop()
        try:
            device = os.lstat(directory).st_dev
            entries = os.scandir(directory)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        with entries:
            for entry in entries:
                left -= 1
                # Root is refused nothing but other people's FUSE mounts (an agent's desktop has some).
                with contextlib.suppress(FileNotFoundError, PermissionError):
                    status = entry.stat(follow_symlinks=False)
                    if left < 0 or (status.st_uid in users.all and status.st_dev == device):
                        return True
                    if entry.is_dir(follow_symlinks=False) and status.st_dev == device:
                        waiting.append(entry.path)
    return False


def _owns_sysv_ipc(users: Users) -> bool:
    for kind in ("shm", "sem", "msg"):
        lines = Path("/proc/sysvipc", kind).read_text("ascii").splitlines()
        columns = lines[0].split()
        owners = [columns.index("uid"), columns.index("cuid")]
        if any(int(line.split()[owner]) in users.all for line in lines[1:] for owner in owners):
            return True
    return False


def _no_swap() -> bool:
    return len(Path("/proc/swaps").read_text("utf-8").splitlines()) <= 1


def _no_core_pipe() -> bool:
    """A piped core_pattern ignores RLIMIT_CORE (core(5)); our processes' empty coredump_filter still holds."""
    return not Path("/proc/sys/kernel/core_pattern").read_text("utf-8").startswith("|")


def _init_on_free() -> bool:
    return "init_on_free=1" in Path("/proc/cmdline").read_text("utf-8").split()


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
