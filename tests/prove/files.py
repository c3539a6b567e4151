"""Files: names, contents, link targets and extended attributes of whatever changed on a writable file system."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from tests.prove.marks import BLOCK, Eye, Found

_KERNEL_VIEWS = ("proc", "sysfs", "cgroup", "cgroup2", "devpts", "pstore", "bpf", "autofs", "nsfs", "efivarfs")
_KERNEL_SETTINGS = ("debugfs", "tracefs", "securityfs", "configfs", "fusectl", "binfmt_misc", "selinuxfs", "rpc_pipefs")
_NO_FILES = frozenset((*_KERNEL_VIEWS, *_KERNEL_SETTINGS))
"""File systems that are a view of the kernel and keep no file of anybody."""


class Mount(msgspec.Struct, frozen=True):
    point: Path
    kind: str
    writable: bool


class Trace(msgspec.Struct, frozen=True):
    """Marks in one file, or in its name."""

    path: str
    """As the walk saw it: it may hold marks, and is masked before it goes anywhere."""
    found: Found


class Walk(msgspec.Struct):
    names: int = 0
    files: int = 0
    size: int = 0
    traces: list[Trace] = []
    unreadable: list[str] = []


def mounts(pid: int | str = "self") -> list[Mount]:
    """The mounts that a process sees, from /proc/PID/mountinfo (proc(5)). Raises OSError."""
    found = []
    for line in Path(f"/proc/{pid}/mountinfo").read_text("utf-8", "replace").splitlines():
        before, _, after = line.partition(" - ")
        fields, (kind, _source, options) = before.split(" "), after.split(" ", 2)
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
        writable = "rw" in fields[5].split(",") and "rw" in options.split(",")
        found.append(Mount(Path(point), kind, writable))
    return found


def searched(pids: list[int]) -> list[Path]:
    """The roots of every writable file system, of our mount namespace and of those of `pids` (their memory disks)."""
    roots = [mount.point for mount in mounts() if mount.writable and mount.kind not in _NO_FILES]
    namespaces = {os.stat("/proc/self/ns/mnt").st_ino}
    for pid in pids:
        with contextlib.suppress(OSError):
            namespace = os.stat(f"/proc/{pid}/ns/mnt").st_ino
            if namespace not in namespaces:
                namespaces.add(namespace)
                roots += [
                    Path(f"/proc/{pid}/root{mount.point}") for mount in mounts(pid) if mount.kind in ("tmpfs", "ramfs")
                ]
    return roots


def walk(eye: Eye, root: Path, since: float, devices: set[int], skip: Callable[[str], bool]) -> Walk:
    """Everything below `root` on its own file system, once per file system: `devices` are those already walked.

    All names are read; of what changed since `since` (seconds since the epoch) the rest is read too. A file whose
    inode did not change (ctime, which nobody can set back) holds nothing that was written since. `skip` is asked for
    each path.
    """
    result = Walk(traces=[], unreadable=[])
    try:
        top = os.stat(root)
    except OSError:
        return result
    device = top.st_dev
    if device in devices:
        return result
    if not stat.S_ISDIR(top.st_mode):  # one file of it is bound there
        _content(eye, str(root), top, result)
        return result
    devices.add(device)
    waiting = [str(root)]
    while waiting:
        directory = waiting.pop()
        try:
            entries = os.scandir(directory)
        except FileNotFoundError:
            continue
        except OSError:
            result.unreadable.append(directory)
            continue
        with entries:
            kept = [entry for entry in entries if not skip(entry.path)]
            result.names += len(kept)
            result.traces += _names(eye, kept)
            for entry in kept:
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if stat.S_ISDIR(status.st_mode):
                    if status.st_dev == device:
                        waiting.append(entry.path)
                elif status.st_dev == device and max(status.st_ctime, status.st_mtime) >= since:
                    _content(eye, entry.path, status, result)
    return result


def _names(eye: Eye, entries: list[os.DirEntry[str]]) -> Iterator[Trace]:
    """All names at a time: one by one only where there is something."""
    if eye.look(b"\0".join(os.fsencode(entry.name) for entry in entries)):
        for entry in entries:
            if found := eye.look(os.fsencode(entry.name)):
                yield Trace(entry.path, found)


def _content(eye: Eye, path: str, status: os.stat_result, result: Walk) -> None:
    try:
        if stat.S_ISLNK(status.st_mode):
            found = eye.look(os.fsencode(os.readlink(path)))
        elif stat.S_ISREG(status.st_mode):
            # Another program may keep a lease or a FIFO in its place meanwhile: never wait, never follow.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOATIME)
            try:
                found, size = eye.look_through(data_of(descriptor))
            finally:
                os.close(descriptor)
            result.size += size
            for name in os.listxattr(path, follow_symlinks=False):
                found.update(eye.look(os.getxattr(path, name, follow_symlinks=False)))
        else:
            return
    except FileNotFoundError:
        return
    except OSError:
        result.unreadable.append(path)
        return
    result.files += 1
    if found:
        result.traces.append(Trace(path, found))


def data_of(descriptor: int) -> Iterator[bytes]:
    """The content of a file or device, holes passed over. Raises OSError."""
    at, end = 0, os.lseek(descriptor, 0, os.SEEK_END)
    while at < end:
        try:
            at = os.lseek(descriptor, at, os.SEEK_DATA)
            stop = os.lseek(descriptor, at, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # a hole up to the end
                return
            stop = end
        while at < stop:
            block = os.pread(descriptor, min(BLOCK, stop - at), at)
            if not block:
                return
            yield block
            at += len(block)
