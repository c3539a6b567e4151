"""Which USB keys are plugged in: found by what sysfs says, looked at anew with each event of udev.

Only what hangs on USB counts, and nothing of which this machine uses a part. A key is known by its disk's name and by
the kernel's number of that disk (`diskseq`, Linux 5.15), which no other disk ever gets.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyudev

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 0.3
"""A disk and its partitions are told one after the other."""
_SECTOR = 512
"""Bytes in which sysfs counts, whatever the disk's own are (Linux, Documentation/ABI/stable/sysfs-block)."""
_ON_USB = re.compile(r"/usb\d+/")
MAX_VOLUMES = 16


class Volume(msgspec.Struct, frozen=True):
    """A partition, or a disk that has none."""

    major: int
    minor: int
    size: int
    """Bytes."""


class Plug(msgspec.Struct, frozen=True):
    """A disk on USB."""

    name: str
    """The kernel's, as "sdb"."""
    sequence: int
    volumes: tuple[Volume, ...]


class Block(msgspec.Struct, frozen=True):
    """A block device as udev and sysfs tell of it."""

    path: str
    """Its directory below /sys."""
    kind: str
    """DEVTYPE: "disk" or "partition"."""
    major: int
    minor: int
    size: int
    """Bytes."""
    sequence: int = 0
    image: str = ""
    """The file behind a loop device."""
    held: bool = False
    """Something of this machine (device mapper, RAID) stands on it."""


def plugs(blocks: Iterable[Block], used: frozenset[tuple[int, int]], images: str = "") -> tuple[Plug, ...]:
    """The keys among these devices. `used` are the numbers of those that this machine has mounted.

    Loop devices of files below the directory `images` count as keys too; none does where it is empty.
    """
    disks = {block.path: block for block in blocks if block.kind == "disk"}
    parts: dict[str, list[Block]] = {path: [] for path in disks}
    for block in blocks:
        disk = os.path.dirname(block.path)
        if block.kind == "partition" and disk in parts:
            parts[disk].append(block)
    found = []
    for path, whole in sorted(disks.items()):
        mine = any(one.held or (one.major, one.minor) in used for one in (whole, *parts[path]))
        if mine or whole.size == 0 or not _is_key(whole, images):
            continue
        volumes = sorted(parts[path] or [whole], key=lambda one: one.minor)[:MAX_VOLUMES]
        found.append(
            Plug(
                os.path.basename(path),
                whole.sequence,
                tuple(Volume(one.major, one.minor, one.size) for one in volumes if one.size),
            )
        )
    return tuple(found)


def _is_key(disk: Block, images: str) -> bool:
    if _ON_USB.search(disk.path):
        return True
    return bool(images) and disk.image.startswith(images.rstrip("/") + "/")


async def watch(found: Callable[[tuple[Plug, ...]], None], images: str = "") -> None:
    """Calls `found` with the keys that are there, now and after each change. Ends by cancellation. Raises OSError."""
    context = pyudev.Context()
    # Without udevd (a container, a machine for tests) the kernel's own events are what there is.
    source = "udev" if os.path.exists("/run/udev/control") else "kernel"
    monitor = pyudev.Monitor.from_netlink(context, source=source)
    monitor.filter_by("block")
    monitor.start()
    heard = asyncio.Event()
    loop = asyncio.get_running_loop()

    def drain() -> None:
        with contextlib.suppress(OSError):  # more came than the socket holds: what is there is looked at anyway
            while monitor.poll(0) is not None:
                pass
        heard.set()

    loop.add_reader(monitor.fileno(), drain)
    last: tuple[Plug, ...] | None = None
    try:
        while True:
            heard.clear()
            now = plugs(list(_blocks(context)), _used(), images)
            if now != last:
                last = now
                found(now)
            await heard.wait()
            await asyncio.sleep(SETTLE_SECONDS)
    finally:
        loop.remove_reader(monitor.fileno())


def _blocks(context: pyudev.Context) -> Iterator[Block]:
    for device in context.list_devices(subsystem="block"):
        with contextlib.suppress(OSError, ValueError, LookupError):  # gone while it is looked at
            yield _block(device)


def _block(device: Any) -> Block:
    directory = Path(device.sys_path)
    image = ""
    if (directory / "loop").is_dir():
        image = (directory / "loop" / "backing_file").read_text("utf-8", "surrogateescape").rstrip("\n")
    sequence = 0
    with contextlib.suppress(FileNotFoundError):
        sequence = int((directory / "diskseq").read_text("ascii"))
    number = device.device_number
    return Block(
        path=device.device_path,
        kind=device.device_type,
        major=os.major(number),
        minor=os.minor(number),
        size=int((directory / "size").read_text("ascii")) * _SECTOR,
        sequence=sequence,
        image=image,
        held=any((directory / "holders").iterdir()) if (directory / "holders").is_dir() else False,
    )


def _used() -> frozenset[tuple[int, int]]:
    """Numbers of the devices that are mounted here (proc_pid_mountinfo(5)) or swapped to."""
    found = set()
    sources = []
    for line in Path("/proc/self/mountinfo").read_bytes().split(b"\n"):
        fields = line.split(b" ")
        if len(fields) > 6:
            major, _, minor = fields[2].partition(b":")
            found.add((int(major), int(minor)))
            sources.append(fields[fields.index(b"-") + 2])  # of a file system that spans devices the number is another
    sources += [line.split()[0] for line in Path("/proc/swaps").read_bytes().splitlines()[1:]]
    for source in sources:
        if source.startswith(b"/dev/"):
            with contextlib.suppress(OSError):
                number = os.stat(source).st_rdev
                found.add((os.major(number), os.minor(number)))
    return frozenset(found)
