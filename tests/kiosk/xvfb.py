"""A virtual X server of the tests' own, ended by its process id."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterator

_FIRST, _COUNT = 2000, 3000
"""Display numbers that are tried. Not the low ones: a stray client that wants `:0` shall not land on ours."""

_STARTED = itertools.count()
"""Each of a process's servers has another number: with `-displayfd` a second one would take the first one's place."""


@contextlib.contextmanager
def xvfb(width: int, height: int) -> Iterator[str]:
    """An Xvfb with one screen of this size, in pixels; gives its display's name (`:2007`)."""
    first = os.getpid() + 31 * next(_STARTED)
    for attempt in range(20):
        number = _FIRST + (first + 151 * attempt) % _COUNT
        server, started = _start(number, width, height)
        try:
            if started:
                yield f":{number}"
                return
        finally:
            server.terminate()
            server.wait(10)
    raise RuntimeError("Xvfb did not start")


def _start(number: int, width: int, height: int) -> tuple[subprocess.Popen[bytes], bool]:
    """The server, and whether it takes connections (not if the number is taken)."""
    reader, writer = os.pipe()
    # Only the socket in /tmp/.X11-unix: the abstract one ("local") is open to every process of the machine.
    arguments = ["-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-nolisten", "local", "-noreset"]
    server = subprocess.Popen(
        ["Xvfb", f":{number}", "-displayfd", str(writer), *arguments],
        pass_fds=(writer,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as answer:
        return server, answer.readline().strip() == str(number)
