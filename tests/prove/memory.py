"""The memory of processes, read from outside: every page that is there, whatever its protection."""

from __future__ import annotations

import array
import contextlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.prove.marks import BLOCK, Eye, Found

PAGE = os.sysconf("SC_PAGE_SIZE")
_PRESENT, _SHARED = 1 << 63, 1 << 61
_FRAME = (1 << 55) - 1
"""Fields of /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst). Frame numbers are shown to root only."""
_RANGE = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) ")
_PAGES_AT_ONCE = 1 << 16
_NO_MEMORY = ("[vvar]", "[vvar_vclock]", "[vsyscall]")
"""Parts of every address space that the kernel makes and that cannot be read through /proc."""


class Process(msgspec.Struct, frozen=True):
    pid: int
    name: str
    """`comm`: what runs, never with which arguments."""
    user: int
    found: Found
    size: int
    """Bytes that were read."""
    complete: bool
    """False when the process lives and could not be read."""


def family(root: int, users: frozenset[int], cgroups: Path) -> list[int]:
    """Every process that descends from `root`, runs as one of `users` (any of the four ids) or is below `cgroups`."""
    parents: dict[int, int] = {}
    wanted = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                pid = int(entry.name)
                parents[pid] = int(_status(pid)["PPid"])
                if not users.isdisjoint(_users(pid)):
                    wanted.add(pid)
    for procs in cgroups.glob("**/cgroup.procs"):
        with contextlib.suppress(OSError):
            wanted |= set(map(int, procs.read_text("ascii").split()))
    wanted.add(root)
    grown = True
    while grown:
        young = {pid for pid, parent in parents.items() if parent in wanted}
        grown = not young <= wanted
        wanted |= young
    return sorted(wanted & parents.keys())


def _status(pid: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def _users(pid: int) -> list[int]:
    """Real, effective, saved, file-system. Not the owner of /proc/PID, which is root where a process hides itself."""
    return [int(user) for user in _status(pid)["Uid"].split()]


def everybody() -> list[int]:
    return sorted(int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit())


class Reader:
    """Reads processes one after the other; a page of a file or of shared memory that several have is read once."""

    def __init__(self, eye: Eye) -> None:
        self._eye = eye
        self._frames: set[int] = set()

    def read(self, pid: int) -> Process | None:
        """None for what has no memory: a kernel thread, a zombie, a process that has just ended."""
        try:
            name = Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
            user = _users(pid)[1]
            regions = _regions(pid)
            if not regions:
                return None
            with open(f"/proc/{pid}/pagemap", "rb", 0) as pagemap, open(f"/proc/{pid}/mem", "rb", 0) as memory:
                found, size = self._eye.look_through(
                    block for region in regions for block in self._blocks(*region, pagemap.fileno(), memory.fileno())
                )
        except (FileNotFoundError, ProcessLookupError):
            return None
        except OSError:
            return Process(pid, name, user, Found(), 0, complete=False)
        if not size:
            # Every living process has at least its stack: this one ended in between, or hides from us.
            return Process(pid, name, user, Found(), 0, complete=False) if _lives(pid) else None
        return Process(pid, name, user, found, size, complete=True)

    def _blocks(self, start: int, end: int, pagemap: int, memory: int) -> Iterator[bytes]:
        for first in range(start // PAGE, end // PAGE, _PAGES_AT_ONCE):
            count = min(_PAGES_AT_ONCE, end // PAGE - first)
            entries = array.array("Q")
            entries.frombytes(os.pread(pagemap, 8 * count, 8 * first))
            for at, length in self._runs(entries):
                yield from _read(memory, (first + at) * PAGE, length * PAGE)

    def _runs(self, entries: array.array[int]) -> Iterator[tuple[int, int]]:
        """(first, number) of neighbouring pages to read. Swap is searched by itself."""
        begun = -1
        for at, entry in enumerate(entries):
            if entry & _PRESENT and self._fresh(entry):
                if begun < 0:
                    begun = at
            elif begun >= 0:
                yield begun, at - begun
                begun = -1
        if begun >= 0:
            yield begun, len(entries) - begun

    def _fresh(self, entry: int) -> bool:
        frame = entry & _FRAME
        if not entry & _SHARED or not frame:
            return True
        if frame in self._frames:
            return False
        self._frames.add(frame)
        return True


def _lives(pid: int) -> bool:
    try:
        return "\nVmRSS:" in Path(f"/proc/{pid}/status").read_text("utf-8", "replace")
    except OSError:
        return False


def _regions(pid: int) -> list[tuple[int, int]]:
    """Address ranges with any page in memory. Those that only reserve addresses, terabytes of them, are left out."""
    regions = []
    start = end = 0
    name = ""
    for line in Path(f"/proc/{pid}/smaps").read_text("utf-8", "replace").splitlines():
        if header := _RANGE.match(line):
            start, end = int(header[1], 16), int(header[2], 16)
            name = line.rpartition(" ")[2]
        elif line.startswith("Rss:") and int(line.split()[1]) and name not in _NO_MEMORY:
            regions.append((start, end))
    return regions


def _read(memory: int, address: int, length: int) -> Iterator[bytes]:
    """Pages that went away since the map was read are passed over, one at a time."""
    end = address + length
    while address < end:
        size = min(BLOCK, end - address)
        try:
            block = os.pread(memory, size, address)
        except OSError:
            block = b""
        if not block:
            try:
                block = os.pread(memory, PAGE, address)
            except OSError:
                address += PAGE
                continue
            if not block:
                return
        yield block
        address += len(block)


def open_deleted(pid: int) -> Iterator[int]:
    """Descriptors of the process's open files that have no name any more, memfds too. Closed after each."""
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return
    for name in names:
        path = f"/proc/{pid}/fd/{name}"
        try:
            status = os.stat(path)
            if status.st_nlink or not stat.S_ISREG(status.st_mode):
                continue
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            yield descriptor
        finally:
            os.close(descriptor)
