"""Starts one process inside a cgroup from its first instruction, and tells when it ends.

`subprocess` cannot place a child in a cgroup before it runs, nor give it chosen descriptor numbers (Chromium wants
3 and 4). Between fork and exec only system calls are made.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import resource
import signal
from collections.abc import Mapping, Sequence
from typing import NoReturn


class Process:
    """A direct child of the daemon. `pid` stays ours until `wait` has reaped it, so signals never hit a stranger."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._pidfd = os.pidfd_open(pid)
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(self._pidfd, self._reap)

    def _reap(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        try:
            _, status = os.waitpid(self.pid, 0)
        except ChildProcessError:  # somebody else has reaped it; that it ended is all that is left to know
            status = 255 << 8
        if not self._ended.done():
            self._ended.set_result(os.waitstatus_to_exitcode(status))

    @property
    def running(self) -> bool:
        return not self._ended.done()

    async def wait(self) -> int:
        """The exit code; minus the signal's number if a signal ended it."""
        return await asyncio.shield(self._ended)

    def kill(self) -> None:
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)


async def spawn(
    argv: Sequence[str],
    *,
    cgroup_fd: int,
    fds: Mapping[int, int] | None = None,
    output: int | None = None,
) -> Process:
    """Runs `argv` (absolute path first) in the cgroup whose `cgroup.procs` is open as `cgroup_fd`.

    `fds` maps the child's descriptor numbers (3 to 9) to ours; the caller keeps its own. `output` takes stdout and
    stderr (default /dev/null). The child starts with an empty environment: bubblewrap sets what is needed. Raises
    OSError with exec's errno when the program cannot be started.
    """
    wanted = dict(fds or {})
    if not set(wanted) <= set(range(3, 10)):
        raise ValueError("the child's descriptors are 3 to 9")
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    failure_read, failure_write = os.pipe2(os.O_CLOEXEC)
    try:
        pid = os.fork()
        if pid == 0:
            _become(list(argv), cgroup_fd, wanted, null, null if output is None else output, failure_write)
        os.close(failure_write)
        failure_write = -1
        try:
            process = Process(pid)
        except OSError:
            # No descriptor left to watch it by: then it must not run.
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        untrusted_errno = os.read(failure_read, 16)
        if untrusted_errno:
            await process.wait()
            code = int(untrusted_errno)
            raise OSError(code, os.strerror(code), argv[0])
        return process
    finally:
        for descriptor in (null, failure_read, failure_write):
            if descriptor >= 0:
                os.close(descriptor)


def _become(argv: list[str], cgroup_fd: int, wanted: dict[int, int], null: int, output: int, failure: int) -> NoReturn:
    """In the child. Never returns, and never lets an exception reach the daemon's code above the fork."""
    try:
        os.write(cgroup_fd, b"0")
        # No memory of a visitor may go to a core file: neither by rlimit nor, for a piped core_pattern (which
        # ignores the rlimit), by content. Both are inherited by every descendant. core(5).
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError):
            filter_fd = os.open("/proc/self/coredump_filter", os.O_WRONLY)
            os.write(filter_fd, b"0")
            os.close(filter_fd)
        os.setsid()
        for number in range(1, signal.NSIG):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.umask(0o007)
        # Lift everything above the numbers that will be given out, then put each in its place.
        sources = {0: null, 1: output, 2: output, **wanted}
        lifted = {number: _above(descriptor) for number, descriptor in sources.items()}
        failure = _above(failure)
        for number, descriptor in lifted.items():
            os.dup2(descriptor, number, inheritable=True)
        for number in set(range(3, 10)) - set(wanted):
            with contextlib.suppress(OSError):
                os.close(number)
        os.closerange(10, failure)
        os.closerange(failure + 1, 1 << 20)
        os.execve(argv[0], argv, {})  # noqa: S606 - no shell is the point
    except OSError as error:
        os.write(failure, str(error.errno or 5).encode())
    except BaseException:
        os.write(failure, b"22")
    os._exit(127)


def _above(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 64)
