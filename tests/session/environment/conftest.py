"""A cgroup of this test's own, and users that no station on this machine has."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from session.environment.cgroup import Cgroup, find_base
from session.environment.process import spawn

GROUP = f"marchepied-test-{os.getpid()}"


@pytest.fixture
async def group() -> AsyncIterator[Cgroup]:
    """A new cgroup; killed and removed afterwards."""
    cgroup = Cgroup(find_base(GROUP) / "environment-1")
    cgroup.create()
    yield cgroup
    await cgroup.kill()
    assert cgroup.remove()
    with contextlib.suppress(FileNotFoundError):
        cgroup.path.parent.rmdir()


async def output_of(group: Cgroup, argv: Sequence[str], fds: Mapping[int, int] | None = None) -> tuple[int, str]:
    """Exit code and what was printed (less than a pipe holds)."""
    procs = group.open_procs()
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        process = await spawn(argv, cgroup_fd=procs, output=writing, fds=fds)
        code = await asyncio.wait_for(process.wait(), 10)
        os.set_blocking(reading, False)
        with contextlib.suppress(BlockingIOError):
            return code, os.read(reading, 65_536).decode()
        return code, ""
    finally:
        for descriptor in (procs, reading, writing):
            os.close(descriptor)


def open_fds() -> set[str]:
    return {f"{entry.name} {entry.readlink()}" for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
