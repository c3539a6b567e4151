"""The environment's tmpfs: mounted, looked up, unmounted, through util-linux so that no call blocks the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from pathlib import Path

MOUNT = "/usr/bin/mount"
UMOUNT = "/usr/bin/umount"
NICE = "/usr/bin/nice"


class MountError(Exception):
    """mount(8) or umount(8) refused; the text is its own."""


async def run(*argv: str, stdin: bytes = b"") -> tuple[int, str]:
    """Exit code and what it printed (stdout and stderr together), in the C locale."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": "/usr/sbin:/usr/bin", "LC_ALL": "C"},
    )
    try:
        output, _ = await process.communicate(stdin)
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    return process.returncode or 0, output.decode("utf-8", "replace").strip()


def kernel_has_noswap() -> bool:
    """tmpfs `noswap` came with Linux 6.4 (torvalds/linux 2c6efe9)."""
    version = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return version is not None and (int(version[1]), int(version[2])) >= (6, 4)


async def mount_tmpfs(path: Path, size_mib: int, inodes: int) -> None:
    """Mounts a new tmpfs at `path` (made if missing), private to root until its directories are made."""
    path.mkdir(parents=True, exist_ok=True)
    options = f"size={size_mib}m,nr_inodes={inodes},mode=0755,nosuid,nodev"
    if kernel_has_noswap():
        options += ",noswap"
    code, said = await run(MOUNT, "-t", "tmpfs", "-o", options, "marchepied", str(path))
    if code != 0:
        raise MountError(f"cannot mount the session's memory disk at {path}: {said}")


async def unmount(path: Path) -> None:
    """Raises MountError when somebody still holds it: a lazy unmount would hide exactly that.

    Giving a gigabyte back takes a quarter of a second of processor time; the next environment starts meanwhile and
    goes first.
    """
    code, said = await run(NICE, "-n", "19", UMOUNT, str(path))
    if code != 0:
        raise MountError(f"cannot unmount {path}: {said}")


def mounted_below(path: Path) -> list[Path]:
    """Mount points at or below `path`, in the order in which they can be unmounted.

    That is newest first, not deepest first: one may lie hidden under a later one. The kernel lists them by age.
    """
    prefix = str(path.resolve())
    found = []
    # Whatever somebody may have named a mount point elsewhere: only line feeds end a line, only spaces a field.
    lines = Path("/proc/self/mountinfo").read_bytes().split(b"\n")
    for line in filter(None, lines):
        point = os.fsdecode(_unescape(line.split(b" ")[4]))
        if point == prefix or point.startswith(prefix + "/"):
            found.append(Path(point))
    return found[::-1]


def _unescape(field: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8)]), field)
