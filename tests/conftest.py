"""What every test promises: nothing of it is left. Checked after each module, not hoped for."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def pytest_configure(config: pytest.Config) -> None:
    # Orphans of our children become our children, so that a daemon's lost grandchild is seen here too.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _children() -> set[int]:
    alive = set()
    for child in psutil.Process().children(recursive=True):
        try:
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)
            else:
                alive.add(child.pid)
        except (psutil.NoSuchProcess, ChildProcessError):
            continue
    return alive


def _mounts() -> set[str]:
    return {line.split()[4] for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines()}


def _cgroups() -> set[str]:
    for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
        if line.split()[2] == "cgroup2":
            return {str(path.parent) for path in Path(line.split()[1]).rglob("*test*/cgroup.procs")}
    return set()


@pytest.fixture(autouse=True, scope="module")
def _leaves_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a module of tests that leaves a process, a mount or a cgroup behind."""
    before = _children(), _mounts(), _cgroups()
    yield
    after = _children(), _mounts(), _cgroups()
    for kind, old, new in zip(("processes", "mounts", "cgroups"), before, after, strict=True):
        left = new - old  # type: ignore[operator]
        if left:
            names = [_name(one) if isinstance(one, int) else str(one) for one in left]
            pytest.fail(f"{request.node.name} left {kind}: {sorted(names)}")


def _name(pid: int) -> str:
    try:
        return f"{pid} {' '.join(psutil.Process(pid).cmdline()[:6])}"
    except psutil.NoSuchProcess:
        return str(pid)
