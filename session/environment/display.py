"""The display server of an environment: which program, with which arguments, in which sandbox.

One display per session: selections, pixmaps and whatever a client left in the server die with it.
"""

from __future__ import annotations

import asyncio
import enum
import os
import socket
import struct
from pathlib import Path

import msgspec

from session.environment.sandbox import Bind, Sandbox, etc_binds
from session.environment.tree import DISPLAY, Tree, xauthority
from session.environment.users import Users

READY_FD = 3
"""The server writes its display number here once clients can connect (`-displayfd`, Xserver(1))."""

ANSWER_SECONDS = 4.0
"""A server that has no word for a new client for so long hangs."""

PARENT = 100
"""By this number a Xephyr knows the display on which it is a window. Outside that is often the number of ours."""


class DisplayServer(enum.StrEnum):
    XVFB = "xvfb"
    """A screen in memory only: tests, and machines without one."""
    XEPHYR = "xephyr"
    """A window on the screen of the person who tries Marchepied."""


class Display(msgspec.Struct, frozen=True):
    server: DisplayServer = DisplayServer.XVFB
    width: int = 1280
    height: int = 800
    depth: int = 24


PROGRAMS = {DisplayServer.XVFB: "/usr/bin/Xvfb", DisplayServer.XEPHYR: "/usr/bin/Xephyr"}

_COMMON = ("-nolisten", "tcp", "-nolisten", "local", "-noreset", "-displayfd", str(READY_FD))


def sandbox(display: Display, tree: Tree, users: Users) -> Sandbox:
    """The server's sandbox. `-nolisten local` closes the abstract socket, which no mount namespace hides."""
    home = tree.home("display")
    size = f"{display.width}x{display.height}"
    program: tuple[str, ...] = (PROGRAMS[display.server], f":{DISPLAY}", *_COMMON)
    program += ("-auth", "/run/cookie", "-dpi", "96", "-s", "0")
    binds = [
        Bind(home, "/tmp", writable=True),  # noqa: S108 - the server's lock file, inside the sandbox
        Bind(tree.x11, "/tmp/.X11-unix", writable=True),  # noqa: S108
        Bind(tree.screen_cookie, "/run/cookie"),
        *etc_binds(("fonts", "X11")),
    ]
    environment = [("HOME", "/tmp"), ("PATH", "/usr/bin")]  # noqa: S108
    if display.server is DisplayServer.XVFB:
        program += ("-screen", "0", f"{size}x{display.depth}")
    else:
        program += ("-screen", size, "-title", "Marchepied", "-no-host-grab")
        environment.append(("DISPLAY", f":{PARENT}"))
        binds += _parent_binds(os.environ.get("DISPLAY", ""))
        if _parent_cookie() is not None:
            environment.append(("XAUTHORITY", "/run/parent-cookie"))
            binds.append(Bind(tree.etc / "parent.xauth", "/run/parent-cookie"))
    return Sandbox(program, users.screen, tuple(binds), tuple(environment))


def prepare(display: Display, tree: Tree, users: Users) -> None:
    """Hands the parent's cookie to Xephyr, as a file that the screen user may read and that fits in its sandbox."""
    cookie = _parent_cookie()
    if display.server is not DisplayServer.XEPHYR or cookie is None:
        return
    copy = tree.etc / "parent.xauth"
    copy.touch(mode=0o600)
    copy.write_bytes(xauthority(cookie, PARENT))
    os.chown(copy, users.screen, users.screen)


async def answers(tree: Tree, seconds: float = ANSWER_SECONDS) -> bool:
    """Whether the server has a word for a new client. It brings no cookie, so that is a refusal: an answer too."""
    hello = struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0)
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_unix_connection(tree.x_socket)
            try:
                writer.write(hello)
                return bool(await reader.read(1))
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def _number(parent: str) -> str:
    return parent.partition(":")[2].partition(".")[0]


def _parent_binds(parent: str) -> list[Bind]:
    path = Path("/tmp/.X11-unix", f"X{_number(parent)}")  # noqa: S108
    if not _number(parent).isdigit() or not path.exists():
        return []
    return [Bind(path, f"/tmp/.X11-unix/X{PARENT}", writable=True)]  # noqa: S108


def _parent_cookie() -> bytes | None:
    try:
        untrusted_file = Path(os.environ.get("XAUTHORITY") or Path.home() / ".Xauthority").read_bytes()
    except OSError:
        return None
    return cookie_of(untrusted_file, _number(os.environ.get("DISPLAY", "")))


def cookie_of(untrusted_file: bytes, number: str) -> bytes | None:
    """The cookie of a display of this machine in an Xauthority file (Xau(3)); None if it has none."""
    rest = untrusted_file
    while len(rest) >= 10:
        family, rest = int.from_bytes(rest[:2], "big"), rest[2:]
        fields = []
        for _ in range(4):
            end = 2 + int.from_bytes(rest[:2], "big")
            fields.append(rest[2:end])
            rest = rest[end:]
        address, display, kind, data = fields
        here = family == 0xFFFF or (family == 256 and address == socket.gethostname().encode())  # Wild, Local
        if here and display in (number.encode(), b"") and kind == b"MIT-MAGIC-COOKIE-1":
            return data
    return None
