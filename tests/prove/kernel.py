"""What the kernel itself keeps and shows: its log, its lists, System V shared memory, swap."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.prove.files import data_of
from tests.prove.marks import Eye, Found

_LISTS = ("net/unix", "net/tcp", "net/tcp6", "net/udp", "net/udp6", "keys", "mounts", "locks", "sysvipc/msg")
_SHM_RDONLY = 0o10000


class Part(msgspec.Struct, frozen=True):
    """One thing that was searched; `trouble` says why it could not be."""

    name: str
    found: Found
    size: int = 0
    trouble: str = ""


def parts(eye: Eye, since: float, users: frozenset[int]) -> Iterator[Part]:
    yield kernel_log(eye)
    yield lists(eye)
    yield from shared_memory(eye, since, users)
    yield from swap(eye)


def kernel_log(eye: Eye) -> Part:
    """The whole ring buffer, from its oldest record (Documentation/ABI/testing/dev-kmsg)."""
    try:
        log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return Part("kernel log", Found(), trouble=error.strerror or "unreadable")
    try:
        found, size = eye.look_through(_records(log))
    finally:
        os.close(log)
    return Part("kernel log", found, size)


def _records(log: int) -> Iterator[bytes]:
    while True:
        try:
            yield os.read(log, 8192)
        except BlockingIOError:
            return
        except BrokenPipeError:  # overwritten before it was read: the next one follows
            continue


def lists(eye: Eye) -> Part:
    """Names that live on in kernel objects: sockets, keys, mounts, cgroups, firewall rules."""

    def texts() -> Iterator[bytes]:
        for name in _LISTS:
            with contextlib.suppress(OSError):
                yield Path("/proc", name).read_bytes()
        for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
            if line.split()[2] == "cgroup2":
                yield "\n".join(map(str, Path(line.split()[1]).glob("**/"))).encode("utf-8", "surrogateescape")
        with contextlib.suppress(OSError):
            yield subprocess.run(["nft", "list", "ruleset"], capture_output=True, check=False).stdout

    found, size = eye.look_through(texts())
    return Part("kernel lists", found, size)


def shared_memory(eye: Eye, since: float, users: frozenset[int]) -> Iterator[Part]:
    """System V segments changed since `since` or of our users, attached for reading (shmop(2))."""
    try:
        lines = Path("/proc/sysvipc/shm").read_text("ascii").splitlines()
    except OSError:
        yield Part("System V shared memory", Found(), trouble="this kernel has none")
        return
    columns = lines[0].split()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    libc.shmat.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
    libc.shmdt.argtypes = (ctypes.c_void_p,)
    total = Found()
    size = 0
    trouble = ""
    for line in lines[1:]:
        row = dict(zip(columns, map(int, line.split()), strict=False))
        ours = row["uid"] in users or row["cuid"] in users
        if not ours and max(row["atime"], row["dtime"], row["ctime"]) < int(since):
            continue
        address = libc.shmat(row["shmid"], None, _SHM_RDONLY)
        if address in (None, ctypes.c_void_p(-1).value):
            trouble = f"segment {row['shmid']}: {os.strerror(ctypes.get_errno())}"
            continue
        try:
            total.update(eye.look(ctypes.string_at(address, row["size"])))
            size += row["size"]
        finally:
            libc.shmdt(address)
    yield Part("System V shared memory", total, size, trouble)


def swap(eye: Eye) -> Iterator[Part]:
    """Each swap device or file, whole."""
    for line in Path("/proc/swaps").read_text("utf-8").splitlines()[1:]:
        path = line.split()[0]
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            yield Part("swap", Found(), trouble=f"{path}: {error.strerror}")
            continue
        try:
            found, size = eye.look_through(data_of(descriptor))
        finally:
            os.close(descriptor)
        yield Part("swap", found, size)


def freed_memory() -> str:
    """Whether free pages can be looked at, in words: information, no part of the verdict.

    A page is free without being empty unless the kernel has `init_on_free=1`. Nothing on the machine itself shows free
    pages apart from those of the seeker, who holds the marks: that needs a memory dump taken from outside a virtual
    machine.
    """
    cleared = "init_on_free=1" in Path("/proc/cmdline").read_text("ascii", "replace").split()
    kernel = "this kernel empties pages as they are freed (init_on_free=1)"
    if not cleared:
        kernel = "this kernel does NOT empty pages as they are freed: residues are likely (init_on_free=1 cures it)"
    views = [path for path in ("/proc/kcore", "/dev/mem", "/dev/crash") if os.path.exists(path)]
    seen = f"not searched: {', '.join(views)} would show the seeker's own marks too" if views else (
        "cannot be read here (no /proc/kcore, no /dev/mem)"
    )  # fmt: skip
    return f"{seen}; {kernel}"
