"""Runs a program that the daemon needs for a moment and does not trust with more: in a cgroup of its own, as nobody,
for a bounded time, without a shell. What it left running dies with it.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from session.environment.cgroup import Cgroup
from session.environment.process import spawn
from session.environment.sandbox import CODE, Sandbox, drop_to, etc_binds, python_binds

NOBODY = 65_534
READ_FD, WRITE_FD = 3, 4
_PREFIX = "aside-"
_ANSWER = 64
_numbers = itertools.count()


class AsideError(Exception):
    """It could not be started, or took too long. The text names no argument."""


async def sweep(cgroups: Path) -> None:
    """Kills and removes what an earlier daemon left below `cgroups`."""
    for path in cgroups.glob(f"{_PREFIX}*"):
        group = Cgroup(path)
        await group.kill()
        group.remove()


def as_nobody(*argv: str) -> list[str]:
    """The machine's own program, with no right of ours."""
    return [*drop_to(NOBODY), *argv]


def module(name: str) -> list[str]:
    """One of our modules, in a sandbox with our code, no network and nothing writable."""
    environment = (
        ("PATH", "/usr/bin"),
        ("LANG", "C.UTF-8"),
        ("PYTHONPATH", str(CODE)),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    )
    binds = (*python_binds(), *etc_binds(("ld.so.cache", "ld.so.conf", "ld.so.conf.d")))
    return Sandbox((sys.executable, "-P", "-m", name), NOBODY, binds, environment).argv()


async def run(cgroups: Path, argv: Sequence[str], *, told: bytes = b"", seconds: float) -> tuple[int, bytes]:
    """Its exit code, and the first bytes that it wrote to descriptor 4.

    `told`, at most a pipe's 64 KiB, is what it finds at descriptor 3. Raises AsideError, CgroupError.
    """
    group = Cgroup(cgroups / f"{_PREFIX}{os.getpid()}-{next(_numbers)}")
    group.create()
    theirs_read, ours_write = os.pipe2(os.O_CLOEXEC)
    ours_read, theirs_write = os.pipe2(os.O_CLOEXEC)
    try:
        os.write(ours_write, told)
        os.close(ours_write)
        ours_write = -1
        os.set_blocking(ours_read, False)
        procs = group.open_procs()
        try:
            process = await spawn(argv, cgroup_fd=procs, fds={READ_FD: theirs_read, WRITE_FD: theirs_write})
        finally:
            os.close(procs)
        async with asyncio.timeout(seconds):
            code = await process.wait()
        try:
            return code, os.read(ours_read, _ANSWER)
        except BlockingIOError:
            return code, b""
    except TimeoutError:
        raise AsideError(f"it took longer than {seconds:g} s") from None
    except OSError as error:
        raise AsideError(f"it could not be started: {error.strerror}") from None
    finally:
        for descriptor in (theirs_read, theirs_write, ours_read, ours_write):
            if descriptor >= 0:
                os.close(descriptor)
        await group.kill()
        group.remove()
