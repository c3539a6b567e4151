"""What the desk of an environment says to its screens, asked as the screens ask it."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import TypeVar

import msgspec

from session import wire
from session.environment.tree import Tree
from session.environment.users import Users
from session.pages import DeskSnapshot
from session.papers import Papers
from tests.station.waiting import StationError

_T = TypeVar("_T")


def ask_as(user: int, path: Path, call: dict[str, object]) -> bytes:
    """The first answer at a socket, empty if there is none.

    By a fork: the caller's user is what the kernel says at connect.
    """
    request = wire.encode(call)
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(path))
                connection.sendall(request)
                while part := connection.recv(4096):
                    os.write(write_end, part)
                    if b"\0" in part:
                        break
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as answer:
        untrusted_reply = answer.read().partition(b"\0")[0]
    os.waitpid(pid, 0)
    return untrusted_reply


class Desk:
    """The desk of the environment whose memory disk is mounted at `tree`."""

    def __init__(self, tree: Path, users: Users) -> None:
        self._socket, self._user = Tree(tree).sockets / "desk", users.screen

    def desk(self) -> DeskSnapshot:
        """The pages. Raises StationError while nobody answers."""
        return self._told("Watch", DeskSnapshot)

    def papers(self) -> Papers:
        """The same of papers."""
        return self._told("WatchPapers", Papers)

    def ask(self, name: str, *, more: bool = False, **parameters: object) -> dict[str, object]:
        """What it answers to a call of the screens. Raises StationError while nobody answers."""
        request: dict[str, object] = {"method": f"org.marchepied.Desk.{name}", "parameters": parameters, "more": more}
        answer = ask_as(self._user, self._socket, request)
        if not answer:
            raise StationError("the desk does not answer")
        found: dict[str, object] = json.loads(answer)["parameters"]
        return found

    def _told(self, name: str, kind: type[_T]) -> _T:
        return msgspec.convert(self.ask(name, more=True), kind)
