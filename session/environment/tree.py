"""What lies in the environment's tmpfs, who owns it, and where each sandbox sees it.

ui/ desk/ guard/ display/   homes of our own processes, with their logs
browser/                    the visitor's: home/ (profile), tmp/, shm/, run/
documents/                  written by the browser, listed by the desk
papers/                     documents that were made here: not for the browser
given/                      what sites get of the documents: written by the desk, read by the browser
pictures/                   of documents, as raw pixels: for the screens
x11/                        the display's socket (/tmp/.X11-unix in every sandbox)
bus/                        the browser's message bus, which the desk listens to
sockets/                    desk, guard (/run/marchepied in the screen's sandboxes)
etc/                        files generated for this environment: settings, policy, cookies
"""

from __future__ import annotations

import os
import secrets
import struct
from pathlib import Path

import msgspec

from session.environment import bus
from session.environment.users import Users
from session.pages import Settings

COMPONENT_HOMES = ("ui", "desk", "guard", "display")
BROWSER_DIRECTORIES = ("home", "tmp", "shm", "run")
DISPLAY = 70
"""The display's number inside every environment, whatever displays this machine has outside."""

HOSTNAME = "station"
"""What the machine is called inside every sandbox: python-xlib looks cookies up by it."""


class Tree(msgspec.Struct, frozen=True):
    root: Path

    @property
    def x11(self) -> Path:
        return self.root / "x11"

    @property
    def x_socket(self) -> Path:
        return self.x11 / f"X{DISPLAY}"

    @property
    def bus(self) -> Path:
        return self.root / "bus"

    @property
    def bus_config(self) -> Path:
        return self.etc / "bus.conf"

    @property
    def bus_services(self) -> Path:
        return self.etc / "services"

    @property
    def sockets(self) -> Path:
        return self.root / "sockets"

    @property
    def documents(self) -> Path:
        return self.root / "documents"

    @property
    def papers(self) -> Path:
        return self.root / "papers"

    @property
    def given(self) -> Path:
        return self.root / "given"

    @property
    def pictures(self) -> Path:
        return self.root / "pictures"

    @property
    def browser(self) -> Path:
        return self.root / "browser"

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    @property
    def settings(self) -> Path:
        return self.etc / "settings.json"

    @property
    def managed(self) -> Path:
        """The browser's managed policy."""
        return self.etc / "managed"

    @property
    def visit_policy(self) -> Path:
        """The part of it that the desk writes: what an agent allows for this visit. After `marchepied.json` by its
        name, and so stronger.
        """
        return self.managed / "visit.json"

    @property
    def screen_cookie(self) -> Path:
        return self.etc / "screen.xauth"

    @property
    def visitor_cookie(self) -> Path:
        return self.etc / "visitor.xauth"

    def home(self, component: str) -> Path:
        return self.root / component

    def populate(self, users: Users, settings: Settings) -> None:
        """Makes every directory and generated file. Raises OSError (a full or read-only file system)."""
        _directory(self.x11, users.screen, users.screen, 0o755)
        _directory(self.sockets, users.screen, users.screen, 0o700)
        for name in COMPONENT_HOMES:
            _directory(self.home(name), users.screen, users.screen, 0o700)
        _directory(self.browser, users.visitor, users.visitor, 0o700)
        for name in BROWSER_DIRECTORIES:
            _directory(self.browser / name, users.visitor, users.visitor, 0o700)
        _directory(self.bus, users.visitor, users.screen, 0o750)
        # Set-group-id: what the browser downloads belongs to the screen's group, so that the desk can handle it.
        _directory(self.documents, users.visitor, users.screen, 0o2770)
        # The same for what is made of papers, by its own user.
        _directory(self.papers, users.scanning, users.screen, 0o2770)
        _directory(self.pictures, users.scanning, users.screen, 0o2750)
        # Nobody but the desk can list it: the browser has the addresses of what it was given.
        _directory(self.given, users.screen, users.screen, 0o711)
        _directory(self.etc, 0, 0, 0o755)
        _write(self.settings, msgspec.json.encode(settings), 0, 0o644)
        _write(self.bus_config, bus.configuration(users).encode(), 0, 0o644)
        _directory(self.bus_services, 0, 0, 0o755)
        name, text = bus.kept()
        _write(self.bus_services / name, text.encode(), 0, 0o644)
        _directory(self.managed, 0, 0, 0o755)
        _write(self.visit_policy, b"{}", users.screen, 0o644)
        cookie = xauthority(secrets.token_bytes(16))
        _write(self.screen_cookie, cookie, users.screen, 0o600)
        _write(self.visitor_cookie, cookie, users.visitor, 0o600)


def _directory(path: Path, owner: int, group: int, mode: int) -> None:
    path.mkdir(mode=0o700)
    os.chown(path, owner, group)
    path.chmod(mode)


def _write(path: Path, content: bytes, owner: int, mode: int) -> None:
    path.touch(mode=0o600)
    os.chown(path, owner, owner)
    path.write_bytes(content)
    path.chmod(mode)


def xauthority(cookie: bytes, display: int = DISPLAY) -> bytes:
    """An Xauthority file (Xau(3)) that opens a display to whoever has it, whatever this machine is called."""
    wild = 0xFFFF  # FamilyWild
    host = HOSTNAME.encode()
    fields = b"".join(
        struct.pack(">H", len(field)) + field for field in (str(display).encode(), b"MIT-MAGIC-COOKIE-1", cookie)
    )
    local = 256  # FamilyLocal, for clients that do not know FamilyWild (python-xlib)
    return b"".join(
        struct.pack(">HH", family, len(address)) + address + fields for family, address in ((local, host), (wild, b""))
    )
