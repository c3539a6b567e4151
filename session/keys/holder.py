"""Holds one key open: mounts it, lets the reader at it, unmounts it. `python -m session.keys.holder`, as root.

It runs in a mount namespace of its own (unshare(1)), so that nobody else ever sees the mount, and so that it goes with
the last process in it, whatever ended that: a killed daemon, a wipe, a key that was pulled. Descriptor 3 is a stream to
the daemon: it sends one `Order`, hears one `Said` when the reader listens or when that cannot be, and another when
everything is unmounted. The key is closed when the daemon hangs up.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from session import wire
from session.environment.sandbox import CODE, Bind, Sandbox, etc_binds, python_binds
from session.keys import filesystems
from session.keys.devices import Volume
from session.keys.model import Fault

READER_SECONDS = 15.0
RELEASE_SECONDS = 10.0
KEY = "/key"
"""Where the reader sees the volumes, by number."""
SOCKETS = "/run/keys"


class Order(msgspec.Struct, frozen=True):
    volumes: tuple[Volume, ...]
    write: bool
    work: str
    """An empty directory for mounts, in the environment."""
    sockets: str
    """Where the reader listens."""
    door: int
    user: int
    screen: int
    """The user who may talk to the reader."""
    kinds: dict[str, filesystems.Kind]


class Said(msgspec.Struct, frozen=True):
    what: Literal["open", "closed"]
    fault: Fault | None = None


def main() -> int:
    os.umask(0o077)
    with socket.socket(fileno=3) as daemon:
        order = _order(daemon)
        if order is None:
            return 1
        fault = None
        try:
            with _mounted(order) as points:
                _read(order, points, daemon)
        except filesystems.VolumeError as error:
            fault = error.fault
        except OSError:
            fault = Fault.FAILED
        with contextlib.suppress(OSError):
            daemon.sendall(wire.encode(Said("closed", fault)))
    return 0


def _order(daemon: socket.socket) -> Order | None:
    frames = wire.FrameReader()
    while data := daemon.recv(wire.MAX_FRAME):
        for frame in frames.feed(data):
            return wire.decode(frame, Order)
    return None


@contextlib.contextmanager
def _mounted(order: Order) -> Iterator[list[Path]]:
    """Mount points of what could be mounted. Raises VolumeError where nothing could, or where it does not come off."""
    work = Path(order.work)
    filesystems.mount_tmpfs(work)
    nodes: list[Path] = []
    points: list[Path] = []
    try:
        faults = []
        for number, volume in enumerate(_chosen(order)):
            node, point = work / f"node-{number}", work / f"volume-{number}"
            filesystems.make_node(node, volume, order.user)
            point.mkdir(mode=0o755)
            try:
                _mount(order, node, point)
            except filesystems.VolumeError as error:
                faults.append(error.fault)
                continue
            nodes.append(node)
            points.append(point)
            if order.write:
                break
        if not points:
            # What says most: a file system that is there and broken, before one that was never meant for us.
            raise filesystems.VolumeError(next((one for one in faults if one is not Fault.FORMAT), Fault.FORMAT))
        yield points
    finally:
        for point in reversed(points):
            filesystems.unmount(point)
    for node in nodes:
        filesystems.release(node)
    # The reader's own namespace goes a moment after the reader: until then the file system is mounted.
    deadline = time.monotonic() + RELEASE_SECONDS
    while any(filesystems.in_use(node) for node in nodes):
        if time.monotonic() > deadline:
            raise filesystems.VolumeError(Fault.FAILED)
        time.sleep(0.01)


def _chosen(order: Order) -> list[Volume]:
    """A copy goes to the largest volume that takes it: the small ones of a key are its maker's."""
    if not order.write:
        return list(order.volumes)
    return sorted(order.volumes, key=lambda volume: -volume.size)


def _mount(order: Order, node: Path, point: Path) -> None:
    kind = order.kinds.get(filesystems.probe(node, order.user))
    if kind is None:
        raise filesystems.VolumeError(Fault.FORMAT)
    filesystems.mount(node, point, kind, order.user, write=order.write)


def _read(order: Order, points: list[Path], daemon: socket.socket) -> None:
    """Until the daemon hangs up, or the reader ends. Raises VolumeError if it does not begin."""
    argv = sandbox(order, points).argv()
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=_ENVIRONMENT) as reader:
        assert reader.stdout is not None  # noqa: S101 - for the types: it is a pipe
        try:
            poller = select.poll()
            poller.register(reader.stdout, select.POLLIN | select.POLLHUP)
            poller.register(daemon, select.POLLIN | select.POLLRDHUP)
            ready = poller.poll(READER_SECONDS * 1000)
            if reader.stdout.fileno() in [number for number, _ in ready] and reader.stdout.read(1):
                daemon.sendall(wire.encode(Said("open")))
                poller.poll()
            elif daemon.fileno() not in [number for number, _ in ready]:
                raise filesystems.VolumeError(Fault.FAILED)
        finally:
            reader.kill()


_ENVIRONMENT: Mapping[str, str] = {}


def sandbox(order: Order, points: list[Path]) -> Sandbox:
    """The reader's: the key, its socket, our code, and nothing else."""
    binds = [
        *python_binds(),
        *etc_binds(("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime")),
        *(Bind(point, f"{KEY}/{number}", writable=order.write) for number, point in enumerate(points)),
        Bind(Path(order.sockets), SOCKETS, writable=True),
    ]
    environment = (
        ("PATH", "/usr/bin"),
        ("LANG", "C.UTF-8"),
        ("PYTHONPATH", str(CODE)),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("MARCHEPIED_KEY", KEY),
        ("MARCHEPIED_DOOR", f"{SOCKETS}/{order.door}"),
        ("MARCHEPIED_SCREEN", str(order.screen)),
    )
    program = (sys.executable, "-P", "-m", "session.keys.reader")
    return Sandbox(program, order.user, tuple(binds), environment)


if __name__ == "__main__":
    sys.exit(main())
