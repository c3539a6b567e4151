"""The daemon's side of USB keys: who is plugged in, which of them the session may open, and opening them.

It is blind: it sees devices, modes and faults, never a name. A key belongs to the session in which it was plugged in,
or to the one that begins after that; one that was there before, or when the daemon started, is not opened: nobody
knows whose it is. Each opening is a process of its own (`session.keys.holder`) in the environment's cgroup.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import shutil
import socket
import sys
from collections.abc import Coroutine, Mapping
from pathlib import Path

import msgspec

from session import wire
from session.environment.cgroup import Cgroup, CgroupError
from session.environment.process import Process, spawn
from session.environment.sandbox import CODE
from session.environment.tree import Tree
from session.environment.users import Users
from session.keys import devices, filesystems
from session.keys.devices import Plug
from session.keys.holder import Order, Said
from session.keys.model import SOCKETS, Fault, Mode, Plugged, PluggedKeys
from session.model import Snapshot, State
from session.published import Published
from session.rpc import Refused
from session.wipe import Place

logger = logging.getLogger(__name__)

OPEN_SECONDS = 25.0
CLOSE_SECONDS = 60.0
"""A slow key writes what is left to be written."""
MAX_KEYS = 8
IN_SESSION = (State.ACTIVE, State.WARNING)

_UNSHARE, _ENV = "/usr/bin/unshare", "/usr/bin/env"


class _Room(msgspec.Struct, frozen=True):
    """The session that keys are opened for."""

    generation: int
    tree: Tree
    cgroup: Cgroup


class _Slot:
    """One key of the present session."""

    def __init__(self, number: int, plug: Plug, *, left: bool) -> None:
        self.plug = plug
        self.public = Plugged(number, fault=Fault.LEFT if left else None)
        self.turn = asyncio.Lock()
        self.opened: _Opened | None = None


class _Opened:
    """A holder that runs."""

    def __init__(self, process: Process, link: socket.socket, room: Cgroup, work: Path) -> None:
        self.process, self.link, self.room, self.work = process, link, room, work
        self._frames = wire.FrameReader()

    async def hear(self, seconds: float) -> Said:
        """What the holder says next. Raises OSError (TimeoutError when it says nothing), WireError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            while data := await loop.sock_recv(self.link, wire.MAX_FRAME):
                for frame in self._frames.feed(data):
                    return wire.decode(frame, Said)
        raise ConnectionResetError("the holder ended")

    async def end(self, seconds: float) -> Fault | None:
        """Has it unmount; on return none of it is left that could be ended."""
        fault: Fault | None = Fault.FAILED
        with contextlib.suppress(OSError, wire.WireError):
            self.link.shutdown(socket.SHUT_WR)
            said = await self.hear(seconds)
            fault = said.fault
            async with asyncio.timeout(seconds):
                await self.process.wait()
        await self.kill()
        return fault

    def hang_up(self) -> None:
        """Whoever waits for a word of the holder's is told that none comes."""
        with contextlib.suppress(OSError):
            self.link.shutdown(socket.SHUT_RDWR)

    async def cut(self) -> None:
        """Ends it at once: there is nothing any more that could be unmounted well."""
        self.hang_up()
        with contextlib.suppress(OSError, CgroupError):
            await self.room.kill()

    async def kill(self) -> None:
        """A process that the kernel holds, on a disk that does not answer, is left to the wipe."""
        self.link.close()
        with contextlib.suppress(OSError, CgroupError):
            if await self.room.kill():
                self.room.remove()
        shutil.rmtree(self.work, ignore_errors=True)


class Port:
    """`place` is where environments are; `kinds` the file systems that are opened, by libblkid's names."""

    def __init__(
        self, place: Place, kinds: Mapping[str, filesystems.Kind] = filesystems.KINDS, images: str = ""
    ) -> None:
        self.published = Published(PluggedKeys())
        self._place, self.kinds, self._images = place, dict(kinds), images
        self._users: Users = place.users
        self._present: dict[tuple[str, int], Plug] = {}
        self._known = False
        self._old: set[tuple[str, int]] = set()
        """Keys that are not this session's, and will be of none as long as they are in."""
        self._room: _Room | None = None
        self._slots: dict[tuple[str, int], _Slot] = {}
        self._numbers, self._doors = itertools.count(1), itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, snapshots: Published[Snapshot]) -> None:
        """Follows the devices and the session's state. Ends by cancellation."""
        watching = asyncio.create_task(self._watch())
        try:
            async with contextlib.aclosing(snapshots.follow()) as states:
                async for snapshot in states:
                    self.follow(snapshot)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await self.close()

    async def close(self) -> None:
        """Lets go of everything that is being waited for; what is open is left to the wipe."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self) -> None:
        try:
            await devices.watch(self.present, self._images)
        except Exception:  # whatever it is: a station that notices no key is a station
            logger.exception("no USB key will be noticed any more")

    # -- what happens ----------------------------------------------------------------------------------------

    def present(self, plugs: tuple[Plug, ...]) -> None:
        """The keys that are in now."""
        now = {(plug.name, plug.sequence): plug for plug in plugs}
        if not self._known:
            self._known = True
            self._old = set(now)
        for key in set(self._present) - set(now):
            self._old.discard(key)
            self._gone(key)
        new = [key for key in now if key not in self._present]
        self._present = now
        if self._room is not None:
            for key in new:
                self._came(key)

    def follow(self, snapshot: Snapshot) -> None:
        """A session has begun, or there is none."""
        if snapshot.state in IN_SESSION:
            if self._room is None or self._room.generation != snapshot.generation:
                self._begin(snapshot.generation)
        else:
            self.abandon()

    def abandon(self) -> None:
        """The session is over: nothing is opened for it any more. What is open is the wipe's."""
        if self._room is None:
            return
        self._room = None
        for slot in self._slots.values():
            if slot.opened is not None:
                slot.opened.hang_up()
        self._slots.clear()
        self._old = set(self._present)
        self._publish()

    def _begin(self, generation: int) -> None:
        self.abandon()
        tree = Tree(self._place.tree(generation))
        try:
            sockets = tree.sockets / SOCKETS
            sockets.mkdir(mode=0o700)
            os.chown(sockets, self._users.keys, self._users.screen)
            sockets.chmod(0o2750)  # set-group-id: the sockets in it are the screen's group's too
            tree.home("keys").mkdir(mode=0o700)
        except OSError as error:
            logger.error("no USB key can be opened: %s", error.strerror)
            return
        self._room = _Room(generation, tree, self._place.cgroup(generation))
        for key in self._present:
            self._came(key)

    def _came(self, key: tuple[str, int]) -> None:
        if len(self._slots) >= MAX_KEYS:
            logger.warning("more than %d keys: this one is left alone", MAX_KEYS)
            return
        slot = _Slot(next(self._numbers), self._present[key], left=key in self._old)
        self._slots[key] = slot
        self._publish()

    def _gone(self, key: tuple[str, int]) -> None:
        slot = self._slots.pop(key, None)
        if slot is None:
            return
        self._publish()
        if slot.opened is not None:
            self._start(slot.opened.cut())

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- what is asked ---------------------------------------------------------------------------------------

    async def bring(self, number: int, mode: Mode) -> Plugged:
        """Brings a key into a mode, and returns it as it is then. Raises Refused: no_key, or the fault."""
        slot = next((slot for slot in self._slots.values() if slot.public.id == number), None)
        if slot is None:
            raise Refused("no_key")
        async with slot.turn:
            if slot.public.fault is Fault.LEFT:
                raise Refused(Fault.LEFT.value)
            if slot.public.mode is mode and slot.public.fault is None:
                return slot.public
            self._set(slot, busy=True)
            fault = await self._close(slot)
            if mode is not Mode.OFF:
                fault = await self._open(slot, mode)
            self._set(slot, busy=False, fault=fault)
            if not self._mine(slot):
                raise Refused("no_key")
            if fault is not None:
                raise Refused(fault.value)
            return slot.public

    async def _open(self, slot: _Slot, mode: Mode) -> Fault | None:
        try:
            opened, door = await self._spawn(slot, write=mode is Mode.WRITE)
        except ConnectionAbortedError:
            return Fault.FAILED
        except (CgroupError, OSError) as error:
            logger.error("a key cannot be opened: %s", type(error).__name__)
            return Fault.FAILED
        fault: Fault | None = Fault.FAILED
        try:
            said = await opened.hear(OPEN_SECONDS)
            if said.what == "open" and self._mine(slot):
                slot.opened = opened
                self._set(slot, mode=mode, door=door)
                self._start(self._see(slot, opened))
                return None
            fault = said.fault
        except (OSError, wire.WireError):
            pass
        await opened.kill()
        return fault or Fault.FAILED

    async def _spawn(self, slot: _Slot, *, write: bool) -> tuple[_Opened, int]:
        """Between the look at the room and the fork nothing waits: a wipe that has begun is not overtaken.

        Raises OSError (ConnectionAbortedError where the key or the session is gone), CgroupError.
        """
        room = self._room
        if room is None or not self._mine(slot):
            raise ConnectionAbortedError
        door = next(self._doors)
        work = room.tree.home("keys") / str(door)
        work.mkdir(mode=0o700)
        cgroup = room.cgroup.child(f"key-{door}")
        ours, theirs = socket.socketpair()
        procs = cgroup.open_procs()
        argv = [_UNSHARE, "--mount", "--propagation", "private", "--"]
        argv += [_ENV, f"PYTHONPATH={CODE}", "PYTHONDONTWRITEBYTECODE=1", "PATH=/usr/sbin:/usr/bin"]
        argv += [sys.executable, "-P", "-m", "session.keys.holder"]
        try:
            with theirs:
                process = await spawn(argv, cgroup_fd=procs, fds={3: theirs.fileno()})
        except BaseException:
            ours.close()
            raise
        finally:
            os.close(procs)
        ours.setblocking(False)
        opened = _Opened(process, ours, cgroup, work)
        order = Order(
            volumes=slot.plug.volumes,
            write=write,
            work=str(work),
            sockets=str(room.tree.sockets / SOCKETS),
            door=door,
            user=self._users.keys,
            screen=self._users.screen,
            kinds=self.kinds,
        )
        with contextlib.suppress(OSError):
            ours.sendall(wire.encode(order))
        return opened, door

    async def _close(self, slot: _Slot) -> Fault | None:
        opened, slot.opened = slot.opened, None
        if opened is None:
            return None
        fault = await opened.end(CLOSE_SECONDS)
        self._set(slot, mode=Mode.OFF, door=0)
        return fault

    async def _see(self, slot: _Slot, opened: _Opened) -> None:
        """A reader that ends by itself has failed."""
        await opened.process.wait()
        if slot.opened is opened:
            slot.opened = None
            self._set(slot, mode=Mode.OFF, door=0, fault=Fault.FAILED)
            await opened.kill()

    def _mine(self, slot: _Slot) -> bool:
        return self._room is not None and slot in self._slots.values()

    def _set(self, slot: _Slot, **changes: object) -> None:
        slot.public = msgspec.structs.replace(slot.public, **changes)
        self._publish()

    def _publish(self) -> None:
        self.published.set(PluggedKeys(tuple(slot.public for slot in self._slots.values())))
