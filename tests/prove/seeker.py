"""The seeker: a process of its own that is told the seeds, looks everywhere, and says what it found and where.

`python -m tests.prove.seeker`: an `Order` as JSON on stdin, a `Report` as JSON on stdout. It is started when the
processes that knew the marks have ended, and the seeds come by a pipe, so that no other process and no file has them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from tests.prove import files, kernel, memory
from tests.prove.marks import Eye, Found

SESSION, STATE, RAW, DISKS, MEMORY, DELETED, KERNEL = (
    "session files", "state files", "raw disk", "other files", "memory", "open, deleted", "kernel, IPC, swap",
)  # fmt: skip
ROOT = "root"
"""Begins the `where` of a find in the memory of a process of root."""
PLACES = (SESSION, STATE, RAW, DISKS, MEMORY, DELETED, KERNEL)


class Seed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seed: bytes
    routes: tuple[str, ...]


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seeds: tuple[Seed, ...]
    since: float
    """Seconds since the epoch: when the proof began."""
    session: str
    """Directory of the environments: what is below it belongs to the session."""
    disk: str
    """Mount point of the disk on which the station keeps its state and its log."""
    image: str
    """The file that is this disk."""
    outside: str
    """Directory of what the visitor brought, a key and a paper, which are not the station's. It is passed over."""
    users: tuple[int, ...]
    cgroups: str
    family: int
    """The process from which everything here descends."""
    everybody: bool = False
    """Read the memory of all processes of the machine, not only of the family."""


class Find(msgspec.Struct, frozen=True):
    route: str
    encoding: str
    place: str
    where: str
    """A path or the name of a process, without marks."""
    count: int


class Looked(msgspec.Struct, frozen=True):
    """How much was searched in a place: a proof that looked at nothing proves nothing."""

    place: str
    things: int
    size: int


class Report(msgspec.Struct, frozen=True):
    finds: tuple[Find, ...]
    looked: tuple[Looked, ...]
    unreadable: tuple[str, ...]
    """What was there and could not be searched."""
    notes: tuple[str, ...]
    seconds: float

    def places_of(self, route: str) -> dict[str, int]:
        places: dict[str, int] = {}
        for find in self.finds:
            if find.route == route:
                places[find.place] = places.get(find.place, 0) + find.count
        return places

    @property
    def total(self) -> int:
        return sum(find.count for find in self.finds)


class Seeker:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._eye = Eye((one.seed, route) for one in order.seeds for route in one.routes)
        self._finds: list[Find] = []
        self._looked: dict[str, tuple[int, int]] = {}
        self._unreadable: list[str] = []
        self._notes: list[str] = []

    def run(self) -> Report:
        began = time.monotonic()
        order = self._order
        family = [pid for pid in memory.family(order.family, frozenset(order.users), Path(order.cgroups))]
        pids = memory.everybody() if order.everybody else family
        pids = [pid for pid in pids if pid != os.getpid()]
        self._memory(pids)
        self._files(pids)
        self._raw()
        for part in kernel.parts(self._eye, order.since, frozenset(order.users)):
            self._add(KERNEL, part.name, part.found, part.size)
            if part.trouble:
                self._notes.append(f"{part.name}: {part.trouble}")
        left = len(memory.everybody()) - len(pids)
        if not order.everybody:
            self._notes.append(f"{left} processes that are none of the station's were not read")
        self._notes.append(f"freed memory: {kernel.freed_memory()}")
        looked = tuple(Looked(place, *self._looked.get(place, (0, 0))) for place in PLACES)
        unreadable = tuple(self._eye.mask(path) for path in self._unreadable)
        seconds = round(time.monotonic() - began, 2)
        return Report(tuple(self._finds), looked, unreadable, tuple(self._notes), seconds)

    def _add(self, place: str, where: str, found: Found, size: int = 0, things: int = 1) -> None:
        before = self._looked.get(place, (0, 0))
        self._looked[place] = (before[0] + things, before[1] + size)
        masked = self._eye.mask(where)
        for (route, encoding), count in found.items():
            self._finds.append(Find(route, encoding, place, masked, count))

    def _memory(self, pids: list[int]) -> None:
        reader = memory.Reader(self._eye)
        for pid in pids:
            process = reader.read(pid)
            if process is not None:
                where = f"{ROOT if process.user == 0 else process.user} {process.name}"
                self._add(MEMORY, where, process.found, process.size)
                if not process.complete:
                    self._unreadable.append(f"memory of {process.name} ({pid})")
            for descriptor in memory.open_deleted(pid):
                try:
                    found, size = self._eye.look_through(files.data_of(descriptor))
                except OSError:
                    self._unreadable.append(f"an open file of process {pid}")
                else:
                    self._add(DELETED, f"process {pid}", found, size)

    def _files(self, pids: list[int]) -> None:
        order = self._order
        devices: set[int] = set()
        passed_over = (order.image, order.outside)
        for root in sorted(files.searched(pids), key=lambda root: (str(root).startswith("/proc/"), root)):
            walked = files.walk(self._eye, root, order.since, devices, lambda path: path in passed_over)
            place = self._place(str(root))
            self._add(place, str(root), Found(), walked.size, walked.names)
            for trace in walked.traces:
                self._add(place, self._shorter(trace.path), trace.found, 0, 0)
            self._unreadable += walked.unreadable

    def _place(self, root: str) -> str:
        if root.startswith((self._order.session, "/proc/")):
            return SESSION
        return STATE if root == self._order.disk else DISKS

    def _shorter(self, path: str) -> str:
        """From the environment's own directory on, whose number changes."""
        return path.removeprefix(self._order.session + "/").partition("/")[2] if path.startswith(
            self._order.session + "/"
        ) else path  # fmt: skip

    def _raw(self) -> None:
        """Every block of the state's disk, in use or not."""
        subprocess.run(["sync", "-f", self._order.disk], check=True)
        descriptor = os.open(self._order.image, os.O_RDONLY | os.O_CLOEXEC)
        try:
            found, size = self._eye.look_through(files.data_of(descriptor))
        finally:
            os.close(descriptor)
        self._add(RAW, "image", found, size)


def main() -> int:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    sys.stdout.buffer.write(msgspec.json.encode(Seeker(order).run()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
