"""A real speech-dispatcher with a real voice, whose sound goes into a file: no sound card is used."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from session.environment import voice
from session.environment.tree import Tree
from session.environment.users import Users


class Speaker:
    """Its socket, and what it has played so far."""

    def __init__(self, socket: Path, sound: Path, server: subprocess.Popen[bytes]) -> None:
        self.socket, self.sound, self._server = socket, sound, server

    def end(self) -> None:
        """With its modules. Politely it does not go while one of them hangs."""
        if self._server.poll() is None:
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait(10)

    @property
    def loud(self) -> int:
        """Samples (16 bit) that are no silence."""
        try:
            data = self.sound.read_bytes()
        except OSError:
            return 0
        return sum(data[at] not in (0, 255) for at in range(1, len(data), 2))


@contextlib.contextmanager
def speaker(directory: Path, device: str = "") -> Iterator[Speaker]:
    """`device`: ALSA's name of another place for the sound."""
    users, sound = Users(os.getuid()), directory / "sound.raw"
    for name in ("sockets", "etc"):
        (directory / name).mkdir()
    options = voice.Options(device=device or f"tee:null,'{sound}',raw")
    voice.prepare(options, Tree(directory), users)
    socket = directory / "sockets" / voice.SOCKET
    server = subprocess.Popen(
        [
            *(voice.PROGRAM, "-s", "-t", "0", "-l", "0", "-L", str(directory / "voice" / "log")),
            *("-c", "unix_socket", "-S", str(socket), "-C", str(directory / "etc" / "speechd")),
            *("-P", str(directory / "voice" / "pid")),
        ],
        env={"HOME": str(directory / "voice"), "PATH": "/usr/bin", "LANG": "C.UTF-8"},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    one = Speaker(socket, sound, server)
    try:
        yield one
    finally:
        one.end()
