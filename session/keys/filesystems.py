"""What file systems of a key are opened, and how: found by libblkid, mounted by kind, never by guess.

Runs in the process that holds a key, as root, in a mount namespace of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

import msgspec

from session.environment.sandbox import Sandbox
from session.keys.devices import Volume
from session.keys.model import Fault

BLKID = "/usr/sbin/blkid"
MOUNT = "/usr/bin/mount"
UMOUNT = "/usr/bin/umount"
PROBE_SECONDS = 10.0

_SAFE = "nosuid,nodev,noexec,nosymfollow,noatime"
_BLKROSET, _BLKROGET = 0x125D, 0x125E
"""linux/fs.h: keep a block device from being written, whatever the file system's driver thinks of it."""
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin", "LC_ALL": "C"}


class Kind(msgspec.Struct, frozen=True):
    """A file system. `options` are mount's, where {user} is who may read; `writing` a copy's, None for never."""

    driver: str
    options: str
    writing: str | None = None


# Everything belongs to the reader, whatever the file system says of owners: linux/Documentation/filesystems/{vfat,
# ntfs3,isofs,udf}.rst, linux/fs/exfat/super.c.
KINDS: Mapping[str, Kind] = {
    "vfat": Kind("vfat", "uid={user},gid={user},umask=0077,utf8=1", "flush,errors=remount-ro"),
    "exfat": Kind("exfat", "uid={user},gid={user},umask=0077,iocharset=utf8", "errors=remount-ro"),
    "ntfs": Kind("ntfs3", "uid={user},gid={user},umask=0077,iocharset=utf8", "windows_names"),
    "iso9660": Kind("iso9660", "uid={user},gid={user},overriderockperm,mode=0400,dmode=0500,iocharset=utf8"),
    "udf": Kind("udf", "uid={user},gid={user},mode=0400,dmode=0500,iocharset=utf8"),
}
"""By libblkid's name. NTFS by the kernel's ntfs3 alone (Linux 5.15): ntfs-3g would parse a stranger's disk as root."""


class VolumeError(Exception):
    """It is not open, and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def mount_tmpfs(point: Path) -> None:
    """A place for nodes and mount points. Raises VolumeError."""
    argv = [MOUNT, "-i", "-n", "-t", "tmpfs", "-o", "size=1m,mode=0755,nosuid,noexec", "marchepied", str(point)]
    if subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, env=_ENVIRONMENT).returncode != 0:
        raise VolumeError(Fault.FAILED)


def make_node(path: Path, volume: Volume, user: int) -> None:
    """A device node that `user` may read, to probe it by. Raises OSError."""
    os.mknod(path, 0o400 | 0o060000, os.makedev(volume.major, volume.minor))
    os.chown(path, user, user)


def probe(node: Path, user: int) -> str:
    """libblkid's name of the file system, empty where there is none, or several at once: blkid(8) then says nothing.

    What a stranger wrote on a disk is parsed by `user`, who can do nothing but that.
    """
    program = (BLKID, "-p", "-o", "value", "-s", "TYPE", str(node))
    sandbox = Sandbox(program, user, (), tuple(_ENVIRONMENT.items()), devices=(str(node),))
    try:
        done = subprocess.run(
            sandbox.argv(), check=False, capture_output=True, stdin=subprocess.DEVNULL, timeout=PROBE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return ""
    untrusted_kind = done.stdout.decode("ascii", "replace").strip()
    return untrusted_kind if done.returncode == 0 else ""


def mount(node: Path, point: Path, kind: Kind, user: int, *, write: bool) -> None:
    """Mounts at `point`, which is there. Raises VolumeError."""
    if write and kind.writing is None:
        raise VolumeError(Fault.PROTECTED)
    _set_read_only(node, not write)
    options = [_SAFE, kind.options.format(user=user), "rw" if write else "ro"]
    if write and kind.writing:
        options.append(kind.writing)
    # -i: no helper program of anybody's; -n: nothing is written into /etc.
    argv = [MOUNT, "-i", "-n", "-t", kind.driver, "-o", ",".join(options), str(node), str(point)]
    done = subprocess.run(argv, check=False, capture_output=True, stdin=subprocess.DEVNULL, env=_ENVIRONMENT)
    if done.returncode != 0:
        raise VolumeError(Fault.PROTECTED if write else Fault.UNREADABLE)
    if write and os.statvfs(point).f_flag & os.ST_RDONLY:  # mount(8) falls back where the disk cannot be written
        unmount(point)
        raise VolumeError(Fault.PROTECTED)


def unmount(point: Path) -> bool:
    """True once the kernel has let go of it; what a process still holds is let go of as soon as that ends."""
    for flags in ((), ("-l",)):
        argv = [UMOUNT, "-i", "-n", *flags, str(point)]
        done = subprocess.run(argv, check=False, capture_output=True, stdin=subprocess.DEVNULL, env=_ENVIRONMENT)
        if done.returncode == 0:
            return not flags
    return False


def release(node: Path) -> None:
    """Undoes what `mount` has set: the disk is as it was when it came."""
    with contextlib.suppress(VolumeError):
        _set_read_only(node, False)


def in_use(node: Path) -> bool:
    """Whether a file system still holds the device: open(2), O_EXCL of a block device."""
    try:
        os.close(os.open(node, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError:
        return Path(node).exists()
    return False


def _set_read_only(node: Path, read_only: bool) -> None:
    """Raises VolumeError for a disk that is gone, or is to be written and cannot be."""
    try:
        device = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        raise VolumeError(Fault.UNREADABLE) from None
    try:
        with contextlib.suppress(OSError):
            fcntl.ioctl(device, _BLKROSET, struct.pack("i", read_only))
        if not read_only and struct.unpack("i", fcntl.ioctl(device, _BLKROGET, bytes(4)))[0]:
            raise VolumeError(Fault.PROTECTED)
    except OSError:
        raise VolumeError(Fault.UNREADABLE) from None
    finally:
        os.close(device)
