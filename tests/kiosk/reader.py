"""Somebody who sees nothing: hears what the station says, and presses keys.

`Ear` is in the place of speech-dispatcher at the screens' socket, so that what is heard is what would be said, and
nothing else of the station is looked at.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class Ear:
    """Speaks enough SSIP to be told everything, and says each thing at once. A context manager."""

    def __init__(self, path: Path, user: int) -> None:
        self._said: queue.Queue[str] = queue.Queue()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        os.chown(path, user, user)
        self._server.listen()
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.connected = threading.Event()
        self.endless = False
        """Whether it goes on saying each thing until it is told to stop."""

    def __enter__(self) -> Ear:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._server, *self._connections):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._thread.join(10)

    def next(self, seconds: float) -> str | None:
        """What is said next; None if nothing is, for so long."""
        try:
            return self._said.get(timeout=seconds)
        except queue.Empty:
            return None

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._connections.append(connection)
                self._listen(connection)

    def _listen(self, connection: socket.socket) -> None:
        number, silent = 0, True
        with contextlib.suppress(OSError), connection.makefile("rb") as lines:
            for line in lines:
                words = line.decode().split()
                if words[:1] == ["SPEAK"]:
                    connection.sendall(b"230 OK RECEIVING DATA\r\n")
                    text = _data(lines)
                    number += 1
                    connection.sendall(f"225-{number}\r\n225 OK MESSAGE QUEUED\r\n".encode())
                    connection.sendall(_event(701, number, "BEGIN"))
                    if silent or not self.endless:
                        connection.sendall(_event(702, number, "END"))
                    if silent:  # the voice tries itself out
                        self.connected.set()
                    else:
                        self._said.put(text)
                    continue
                if words[:3] == ["SET", "SELF", "VOLUME"]:
                    silent = words[3] == "-100"
                listed = b"250-ear\r\n" if words[:1] == ["LIST"] else b""
                connection.sendall(listed + b"250 OK\r\n")
                if words[:1] == ["CANCEL"]:
                    connection.sendall(_event(703, number, "CANCELED"))


def _event(code: int, number: int, what: str) -> bytes:
    return f"{code}-{number}\r\n{code}-1\r\n{code} {what}\r\n".encode()


def _data(lines: object) -> str:
    found = []
    for line in lines:  # type: ignore[attr-defined]
        text = line.decode().rstrip("\r\n")
        if text == ".":
            break
        found.append(text.removeprefix(".") if text.startswith("..") else text)
    return "\n".join(found)


class Keys(Protocol):
    """A keyboard: of a display, by X names."""

    def key(self, name: str, /) -> None: ...


class Lost(AssertionError):
    """Not found, with all that was heard."""


class Reader:
    """Finds the way by what is heard alone."""

    def __init__(self, ear: Ear, keys: Keys) -> None:
        self.ear, self.keys = ear, keys
        self.heard: list[str] = []

    def hear(self, seconds: float = 1.0) -> list[str]:
        """All that is said until it is silent for so long."""
        new = []
        while (text := self.ear.next(seconds)) is not None:
            new.append(text)
            seconds = 0.3
        self.heard += new
        return new

    def press(self, key: str, wanted: str, seconds: float = 20.0) -> list[str]:
        """Presses a key, again if it had no effect, until something with `wanted` in it is heard."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.keys.key(key)
            new = self.hear(1.5)
            if any(wanted in text for text in new):
                return new
        raise Lost(f"{key} did not lead to {wanted!r}; heard {self.heard}")

    def press_until(self, key: str, holds: Callable[[], bool], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise Lost(f"{key} had no effect; heard {self.heard}")
            self.keys.key(key)
            self.hear(1.0)

    def seek(self, wanted: str) -> None:
        """Goes on, one thing at a time, to the first that has `wanted` in it; once round is enough."""
        first = None
        for _ in range(40):
            self.keys.key("Tab")
            said = self.hear(3.0)
            if not said:
                raise Lost(f"Tab is silent; heard {self.heard}")
            if wanted in said[-1]:
                return
            if said[-1] == first:
                break
            first = first or said[-1]
        raise Lost(f"no {wanted!r}; heard {self.heard}")

    def switch(self, wanted: str, holds: Callable[[], bool], seconds: float = 60.0) -> None:
        """With one switch only: waits until the focus, which goes by itself, comes to `wanted`, and acts. Again, as
        long as that had no effect."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            text = self.ear.next(5.0)
            if text is None:
                self.keys.key("F9")  # it does not go yet, or no longer
                continue
            self.heard.append(text)
            if wanted in text:
                self.keys.key("F9")
                if wait(holds, 1.5):
                    return
        raise Lost(f"the switch did not do {wanted!r}; heard {self.heard}")


def wait(holds: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return held
