"""Programs that open what nobody checked: each run for one page, with little memory, little time, and nothing to write.

The document comes by its descriptor: its name is in no argument list.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import BinaryIO

from scanner.document.model import Cancelled, Refusal, Refused, Stopped

MEMORY = 1 << 30
"""Bytes of address space: a page of A4 in 400 dpi takes 50 MB, its fonts and pictures some more."""
_LOOK_SECONDS = 0.1
_CHUNK = 1 << 20


def run(
    argv: Sequence[str],
    document: BinaryIO,
    *,
    most: int,
    seconds: int,
    cancelled: Cancelled,
    threads: int = 1,
) -> bytes:
    """What the program says, given the document as its standard input; at most `most` bytes of it.

    Ended with this process, after so many seconds of processor or three times as many of any, or when it says more.
    One document has one child at a time. Raises Refused(TOO_LONG) for these, Refused(BROKEN) if it fails by itself,
    Stopped.
    """
    descriptor = document.fileno()
    before = os.lseek(descriptor, 0, os.SEEK_CUR)
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        return _run(argv, descriptor, most, seconds, cancelled, threads)
    finally:
        # The child moved the place that we share with it, and Python's buffer trusts that nobody does.
        os.lseek(descriptor, before, os.SEEK_SET)


def _run(argv: Sequence[str], descriptor: int, most: int, seconds: int, cancelled: Cancelled, threads: int) -> bytes:
    limits = (f"--as={MEMORY}", f"--cpu={seconds}", "--fsize=0", "--core=0", "--nofile=64")
    with subprocess.Popen(
        ["/usr/bin/setpriv", "--pdeathsig", "KILL", "/usr/bin/prlimit", *limits, *argv],
        stdin=descriptor,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what it says of a document is about what is in it
        env={"PATH": "/usr/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "OMP_THREAD_LIMIT": str(threads)},
        cwd="/",
        # As Python has it, SIGXFSZ is ignored: a program that may write nothing is told so, and not killed for a cache
        # of fonts that it would have liked to keep (seen where nobody had made one yet).
        restore_signals=False,
    ) as child:
        try:
            said = _listen(child, most, time.monotonic() + 3 * seconds, cancelled)
            status = child.wait(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise Refused(Refusal.TOO_LONG) from error
        finally:
            child.kill()
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        raise Refused(Refusal.TOO_LONG)
    if status != 0:
        raise Refused(Refusal.BROKEN)
    return said


def _listen(child: subprocess.Popen[bytes], most: int, deadline: float, cancelled: Cancelled) -> bytes:
    assert child.stdout is not None  # noqa: S101 - for the types: it was asked for
    said = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while True:
            if cancelled():
                raise Stopped
            if time.monotonic() > deadline:
                raise Refused(Refusal.TOO_LONG)
            if not selector.select(_LOOK_SECONDS):
                continue
            piece = os.read(child.stdout.fileno(), _CHUNK)
            if not piece:
                return bytes(said)
            said += piece
            if len(said) > most:
                raise Refused(Refusal.TOO_LONG)
