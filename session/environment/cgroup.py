"""The environment's cgroup (v2): made, frozen and thawed, killed whole, found empty, removed.

cgroup.kill kills a cgroup and everything below it, forks in progress included (Linux 5.14; torvalds/linux 661ee62).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import select
from collections.abc import Callable
from pathlib import Path

LIMITS = {"memory.swap.max": "0", "memory.oom.group": "0"}
"""Set where the controller is delegated to us; a machine with a v1 memory controller has none of them."""


class CgroupError(Exception):
    """No usable cgroup v2 here, or the kernel refused. The text says what to do."""


def find_base(
    untrusted_name: str | None = None,
    *,
    mounts_file: Path = Path("/proc/self/mounts"),
    own_file: Path = Path("/proc/self/cgroup"),
) -> Path:
    """The directory below which environments get their cgroups.

    It is the daemon's own cgroup (the parent of it when systemd's DelegateSubgroup put us in "daemon"), on the
    cgroup2 mount that /proc/self/mounts shows. `untrusted_name` is a directory below that, for a second station
    on the same machine. Raises CgroupError.
    """
    mounts = [line.split(" ") for line in mounts_file.read_text("utf-8", "surrogateescape").split("\n") if line]
    roots = [Path(fields[1]) for fields in mounts if fields[2] == "cgroup2"]
    if not roots:
        raise CgroupError("no cgroup2 mount in /proc/self/mounts: Marchepied needs Linux with cgroup v2 mounted")
    lines = own_file.read_text("utf-8", "surrogateescape").split("\n")
    own = next((Path(line[4:]) for line in lines if line.startswith("0::/")), None)
    if own is None or ".." in own.parts:
        raise CgroupError("this process is in no cgroup v2 that it can see: start Marchepied in one of its own")
    base = roots[0] / own
    if base.name == "daemon":
        base = base.parent
    if untrusted_name is not None:
        if not untrusted_name.replace("-", "").isalnum():
            raise CgroupError("a cgroup's name has letters, digits and dashes only")
        base = base / untrusted_name
    return base


class Cgroup:
    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Raises CgroupError."""
        try:
            self.path.mkdir(parents=True)
            if not (self.path / "cgroup.kill").exists():
                raise CgroupError(f"{self.path} has no cgroup.kill: Marchepied needs Linux 5.14 or later")
            # A delegated controller reaches the children only where their parent says so (cgroups(7)).
            with contextlib.suppress(OSError):
                (self.path.parent / "cgroup.subtree_control").write_text("+memory")
            for name, value in LIMITS.items():
                with contextlib.suppress(OSError):
                    (self.path / name).write_text(value)
        except OSError as error:
            raise CgroupError(f"cannot make the cgroup {self.path}: {error.strerror}") from error

    def child(self, name: str) -> Cgroup:
        """The cgroup `name` below this one; made if it is not there. Raises CgroupError."""
        room = Cgroup(self.path / name)
        try:
            room.path.mkdir(exist_ok=True)
        except OSError as error:
            raise CgroupError(f"cannot make the cgroup {room.path}: {error.strerror}") from error
        return room

    def open_procs(self) -> int:
        """A descriptor to which a child writes "0" to move itself here. The caller closes it."""
        return os.open(self.path / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)

    @property
    def exists(self) -> bool:
        return self.path.is_dir()

    @property
    def populated(self) -> bool:
        try:
            return "populated 1" in (self.path / "cgroup.events").read_text("ascii")
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.ENODEV):  # ENODEV: removed while it was open
                raise
            return False

    async def kill(self, timeout: float = 10.0) -> bool:
        """Kills everything in it, frozen or not; True once nothing is left. `timeout` in seconds, for processes stuck
        in the kernel.
        """
        try:
            (self.path / "cgroup.kill").write_text("1")
            return await self._until(lambda: not self.populated, timeout)
        except FileNotFoundError:
            return not self.exists

    async def freeze(self, timeout: float = 3.0) -> bool:
        """Stops everything in it where it is; True once all of it stands still. What comes into it later does too.

        Raises OSError.
        """
        (self.path / "cgroup.freeze").write_text("1")
        return await self._until(lambda: self.frozen, timeout)

    def thaw(self) -> None:
        """Lets it go on. One that was never frozen, or is not there, is thawed already. Raises OSError."""
        with contextlib.suppress(FileNotFoundError):
            (self.path / "cgroup.freeze").write_text("0")

    @property
    def frozen(self) -> bool:
        return "frozen 1" in (self.path / "cgroup.events").read_text("ascii")

    async def _until(self, holds: Callable[[], bool], timeout: float) -> bool:
        """Waits for what cgroup.events tells. The kernel signals its changes by POLLPRI (cgroups(7)), so nothing is
        polled here.
        """
        events = os.open(self.path / "cgroup.events", os.O_RDONLY | os.O_CLOEXEC)
        loop = asyncio.get_running_loop()
        poller = select.epoll()
        changed = asyncio.Event()
        try:
            poller.register(events, select.EPOLLPRI | select.EPOLLET)
            loop.add_reader(poller.fileno(), self._noticed, poller, changed)
            async with asyncio.timeout(timeout):
                while not holds():
                    await changed.wait()
                    changed.clear()
            return True
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(poller.fileno())
            poller.close()
            os.close(events)

    @staticmethod
    def _noticed(poller: select.epoll, changed: asyncio.Event) -> None:
        poller.poll(0)
        changed.set()

    def remove(self) -> bool:
        """Removes it and what is below; False if something is still there."""
        if not self.exists:
            return True
        try:
            for directory in sorted(self.path.rglob("*"), reverse=True):
                if directory.is_dir():
                    directory.rmdir()
            self.path.rmdir()
        except OSError:
            return False
        return True
