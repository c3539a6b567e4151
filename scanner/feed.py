"""The feed: the one process that loads SANE, for one use of the scanner. ``python -m scanner.feed``.

It reads a `FeedTask` from its standard input and tells on its standard output how it goes (`FeedSaid`). Devices are
looked for anew each time, because a new process is started each time: a USB device that was plugged in again has
another address, and backends keep lists. Lines are written to the memory disk as they arrive, and no more than one
buffer is held. It may hang in any call of a driver's: whoever started it kills it then, and loses the page that was
arriving.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import logging
import os
import secrets
import signal
import sys
import threading
import time
from pathlib import Path

from scanner.choices import Setup, choose_device
from scanner.libsane import Device, Library, SaneError, Status
from scanner.messages import Arriving, Closing, Ended, FeedSaid, FeedTask, Looked, Whole
from scanner.model import ScanProblem, Source
from scanner.raster import MAX_SIDE, PageFile
from scanner.rows import Rows
from session import wire

logger = logging.getLogger(__name__)

BUFFER = 256 * 1024
"""Bytes: of lines, as the device gives them."""
SPARE_ROOM = 48 * 1024 * 1024
"""Bytes of the memory disk that a page must leave free, besides as much as it takes itself."""
_TELL_SECONDS = 0.25
_REST_SECONDS = 0.02
"""Between two reads of a device that has nothing: it should have waited itself."""
_PR_SET_PDEATHSIG = 1  # linux/prctl.h

_PROBLEMS = {
    Status.CANCELLED: ScanProblem.TRUNCATED,
    Status.DEVICE_BUSY: ScanProblem.BUSY,
    Status.EOF: ScanProblem.TRUNCATED,
    Status.JAMMED: ScanProblem.JAMMED,
    Status.NO_DOCS: ScanProblem.NO_PAPER,
    Status.COVER_OPEN: ScanProblem.COVER_OPEN,
    Status.NO_MEM: ScanProblem.FULL,
}
"""Any other status is FAILED; an input or output error, UNPLUGGED if the device is gone then."""


class _Problem(Exception):
    def __init__(self, problem: ScanProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem


class _Stopped(Exception):
    """It was asked to stop."""


class Feed:
    """`out` takes the frames."""

    def __init__(self, task: FeedTask, out: int, stop: threading.Event) -> None:
        self._task, self._out, self._stop = task, out, stop
        self._told_at = float("-inf")
        self._kept = 0

    def run(self) -> None:
        """Tells everything, the end included. Raises OSError when nobody listens."""
        self._tell(Ended(self._run()))

    def _run(self) -> ScanProblem | None:
        try:
            library = Library()
        except (OSError, SaneError) as error:
            logger.error("SANE cannot be used: %s", error)
            return ScanProblem.NOT_FOUND
        name = ""
        try:
            with contextlib.closing(library):
                name, device = self._open(library)
                with contextlib.closing(device):
                    self._use(Setup(device))
        except (SaneError, OSError, _Problem, _Stopped) as error:
            if isinstance(error, BrokenPipeError):
                raise
            logger.info("it ended with %s", error)
            if isinstance(error, SaneError) and error.status is Status.IO_ERROR and _gone(name):
                return ScanProblem.UNPLUGGED
            return _problem_of(error)
        return None

    def _open(self, library: Library) -> tuple[str, Device]:
        """The first of the fitting devices that lets itself be opened; else what the first one said."""
        names = choose_device(library.devices(), self._task.devices)
        first: SaneError | None = None
        for name in names:
            self._look_out()
            try:
                return name, library.open(name)
            except SaneError as error:
                first = first or error
        if first is None:
            raise _Problem(ScanProblem.NOT_FOUND)
        # What is announced and cannot be opened is mostly switched off or in other hands.
        raise _Problem(ScanProblem.NOT_FOUND) if first.status is Status.INVAL else first

    def _use(self, setup: Setup) -> None:
        source = setup.first_source(self._task.source)
        if self._task.what == "look":
            sure = not setup.has_glass or setup.loaded() is True
            self._tell(Looked(Source.FEEDER if sure and setup.has_feeder else Source.GLASS))
            return
        try:
            self._pages(setup, source)
        except SaneError as error:
            # A feeder that does not tell was tried first: then the paper is on the glass.
            other = self._task.source is None and source is Source.FEEDER and setup.has_glass
            if not (other and self._kept == 0 and error.status is Status.NO_DOCS):
                raise
            self._pages(setup, Source.GLASS)

    def _pages(self, setup: Setup, source: Source) -> None:
        task = self._task
        dpi = setup.apply(source, two_sides=task.two_sides, resolution=task.resolution, extra=task.options)
        most = task.pages if source is Source.FEEDER else 1
        problem: ScanProblem | None = None
        try:
            for number in range(most):
                self._look_out()
                try:
                    self._page(setup.device, source, dpi)
                except SaneError as error:
                    if error.status is Status.NO_DOCS and number > 0:
                        return
                    raise
        except (SaneError, OSError, _Problem) as error:
            problem = _problem_of(error)
            raise
        finally:
            try:
                self._tell(Closing(problem))
            finally:
                setup.device.cancel()  # whoever closes a device that scans may crash

    def _page(self, device: Device, source: Source, dpi: float) -> None:
        self._tell(Arriving(source))
        device.start()
        parameters = device.parameters()
        try:
            rows = Rows(parameters)
        except ValueError as error:
            logger.error("a page of a kind that cannot be read: %s", error)
            raise _Problem(ScanProblem.FAILED) from None
        if parameters.width > MAX_SIDE or parameters.lines > MAX_SIDE:
            raise _Problem(ScanProblem.FAILED)
        directory = Path(self._task.directory)
        self._need_room(directory, parameters.width * rows.channels * max(parameters.lines, 0))
        page = secrets.token_hex(8)
        file = PageFile(directory, page, parameters.width, rows.channels, dpi)
        try:
            self._lines(device, source, rows, parameters.lines, file)
            short = parameters.lines > 0 and rows.count < parameters.lines
            if rows.broken or rows.count == 0 or short or rows.count > MAX_SIDE:
                raise _Problem(ScanProblem.TRUNCATED)
        except BaseException:
            file.drop()
            raise
        file.keep(rows.count)
        self._kept += 1
        self._tell(Whole(page))

    def _lines(self, device: Device, source: Source, rows: Rows, lines: int, file: PageFile) -> None:
        """Until the device says that it was the last."""
        buffer = ctypes.create_string_buffer(BUFFER)
        view = memoryview(buffer).cast("B")
        while True:
            self._look_out()
            try:
                count = device.read(buffer)
            except SaneError as error:
                if error.status is Status.EOF:
                    return
                raise
            if count == 0:
                time.sleep(_REST_SECONDS)
                continue
            if lines > 0 and rows.count >= lines:
                continue  # a device that goes on after its last line
            if lines <= 0:  # nobody knows how long it gets
                self._need_room(Path(self._task.directory), 0)
                if rows.count > MAX_SIDE:
                    raise _Problem(ScanProblem.TRUNCATED)
            file.write(rows.take(view[:count]))
            if time.monotonic() - self._told_at >= _TELL_SECONDS:
                percent = min(99, 100 * rows.count // lines) if lines > 0 else None
                self._tell(Arriving(source, begun=True, percent=percent))

    def _need_room(self, directory: Path, size: int) -> None:
        room = os.statvfs(directory)
        if room.f_bavail * room.f_frsize < 2 * size + SPARE_ROOM:
            raise _Problem(ScanProblem.FULL)

    def _look_out(self) -> None:
        if self._stop.is_set():
            raise _Stopped

    def _tell(self, said: FeedSaid) -> None:
        self._told_at = time.monotonic()
        left = memoryview(wire.encode(said))
        while left:
            left = left[os.write(self._out, left) :]


def _problem_of(error: Exception) -> ScanProblem | None:
    match error:
        case _Problem(problem=problem):
            return problem
        case SaneError(status=status):
            return _PROBLEMS.get(status, ScanProblem.FAILED)
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return ScanProblem.FULL
        case OSError():
            return ScanProblem.FAILED
    return None


def _gone(name: str) -> bool:
    """Whether the device is not there any more, by another look at all of them."""
    try:
        with contextlib.closing(Library()) as library:
            return name not in [device.name for device in library.devices()]
    except (OSError, SaneError):
        return True


def _listen(stop: threading.Event) -> None:
    """Anything more on standard input, its end included, means: stop."""
    with contextlib.suppress(OSError):
        os.read(0, 1)
    stop.set()


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="feed: %(levelname)s %(message)s")
    # A feed without its supervisor would hold the scanner.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    out = os.dup(1)
    os.dup2(2, 1)  # some drivers print
    untrusted_task = bytearray()
    while not untrusted_task.endswith(b"\0"):
        byte = os.read(0, 1)
        if not byte:
            return 0
        untrusted_task += byte
    task = wire.decode(bytes(untrusted_task[:-1]), FeedTask)
    stop = threading.Event()
    threading.Thread(target=_listen, args=(stop,), daemon=True).start()
    try:
        Feed(task, out, stop).run()
    except BrokenPipeError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
