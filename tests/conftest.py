"""What every test promises: nothing of it is left. Checked after each module, not hoped for."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


_OWN = Path(f"/tmp/marchepied-{os.getpid()}")
"""Every temporary file of this run goes below this directory, so that what is left can be seen."""


def pytest_configure(config: pytest.Config) -> None:
    # Orphans of our children become our children, so that a daemon's lost grandchild is seen here too.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As a shell starts what it does not wait for: every process that a test starts would ignore it too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("CI", "BUILD_NUMBER"):
        # Where one of them is set pytest lists every difference, even of two pictures: for hours (measured).
        os.environ.pop(name, None)
    _OWN.mkdir(mode=0o755)
    os.environ["TMPDIR"] = tempfile.tempdir = str(_OWN)
    config.option.basetemp = config.option.basetemp or _OWN / "pytest"


def pytest_sessionfinish(session: pytest.Session) -> None:
    shutil.rmtree(_OWN / "pytest", ignore_errors=True)
    left = sorted(path.name for path in _OWN.iterdir())
    shutil.rmtree(_OWN, ignore_errors=True)  # what is mounted there stays, and was said of the test that left it
    if left:
        print(f"\nfiles left by the tests: {left}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


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
    """Ours: other runs on this machine have their own."""
    points = {line.split()[4] for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines()}
    return {point for point in points if point.startswith((f"{_OWN}/", "/dev/shm/marchepied"))}


def _cgroups() -> set[str]:
    for line in Path("/proc/self/mounts").read_text("utf-8").splitlines():
        if line.split()[2] == "cgroup2":
            return {str(path) for path in Path(line.split()[1]).glob(f"**/marchepied-*-{os.getpid()}")}
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
