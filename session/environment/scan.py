"""The scan worker's place in an environment: its files, and the sandbox in which it drives the scanner.

It sees USB, its own pages, and where it puts documents and pictures; no site, no display, nothing of the browser's but
what the visitor has downloaded. The
network only where the station names scanners on it, and then only these (`session.network`).
"""

from __future__ import annotations

import contextlib
import grp
import os
import sys
import time
from pathlib import Path

import msgspec

from scanner.model import ScannerSettings
from session.environment.sandbox import CODE, Bind, Sandbox, etc_binds, python_binds
from session.environment.tree import Tree
from session.environment.users import Users

SOCKET = "scanner/socket"
"""Below the directory of the sockets (`$MARCHEPIED_RUN`)."""
_RUN = "/run/marchepied"
_HOME = "/home/scanner"
_USB = ("/dev/bus/usb", "/sys/bus/usb", "/sys/devices", "/run/udev/data")
"""The devices, and what libusb finds them by."""
_FONTS = Path("/var/cache/fontconfig")
_GROUPS = ("scanner", "lp")
"""To which Debian gives scanners, and what prints as well."""


class Options(msgspec.Struct, frozen=True):
    """What differs between stations."""

    settings: ScannerSettings
    network: bool = False
    sane: Path = Path("/etc/sane.d")


class Again:
    """How long to wait before one that died is started anew: twice as long each time, until one has lived."""

    FIRST, LONGEST = 0.25, 30.0
    """Seconds; one that lived longer than the second has lived."""

    def __init__(self) -> None:
        self._delay = self.FIRST

    def after(self, started: float) -> float:
        """`started`: CLOCK_MONOTONIC seconds. The delay, in seconds."""
        if time.monotonic() - started > self.LONGEST:
            self._delay = self.FIRST
        delay, self._delay = self._delay, min(2 * self._delay, self.LONGEST)
        return delay


def prepare(options: Options, tree: Tree, users: Users) -> None:
    """Makes its directories and its settings. Root only. Raises OSError."""
    home = tree.home("scanner")
    for path in (home, home / "pages"):
        path.mkdir(mode=0o700)
        os.chown(path, users.scanning, users.scanning)
    # The socket gets the directory's group: the desk's.
    sockets = tree.sockets / "scanner"
    sockets.mkdir(mode=0o700)
    os.chown(sockets, users.scanning, users.screen)
    sockets.chmod(0o2750)
    settings = msgspec.structs.replace(options.settings, asker=users.screen)
    path = tree.etc / "scanner.json"
    path.write_bytes(msgspec.json.encode(settings))
    path.chmod(0o644)


def sandbox(options: Options, tree: Tree, users: Users, control: Path) -> Sandbox:
    """`control` is the daemon's socket."""
    etc = ["fonts", "localtime", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "hp"]
    if options.network:
        etc += ["resolv.conf", "hosts", "nsswitch.conf"]
    binds = [
        *python_binds(),
        *etc_binds(etc),
        # Without these a PDF that brings no letters is drawn in wrong ones, and each page looks for all of them anew.
        *(Bind(path, str(path)) for path in (_FONTS,) if path.is_dir()),
        Bind(options.sane, str(options.sane)),
        Bind(tree.home("scanner"), _HOME, writable=True),
        Bind(tree.papers, f"{_HOME}/papers", writable=True),
        Bind(tree.pictures, f"{_HOME}/pictures", writable=True),
        Bind(tree.documents, f"{_HOME}/documents"),
        Bind(tree.sockets / "scanner", f"{_RUN}/scanner", writable=True),
        Bind(control, f"{_RUN}/control", writable=True),
        Bind(tree.etc / "scanner.json", f"{_RUN}/scanner.json"),
    ]
    environment = (
        ("HOME", _HOME),
        ("TMPDIR", _HOME),
        ("PATH", "/usr/bin"),
        ("LANG", "C.UTF-8"),
        ("PYTHONPATH", str(CODE)),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("SANE_CONFIG_DIR", str(options.sane)),
        ("MARCHEPIED_RUN", _RUN),
        ("MARCHEPIED_SCANNER", f"{_RUN}/scanner.json"),
        ("MARCHEPIED_SCANNER_SOCKET", f"{_RUN}/{SOCKET}"),
        ("MARCHEPIED_PAGES", f"{_HOME}/pages"),
        ("MARCHEPIED_PAPERS", f"{_HOME}/papers"),
        ("MARCHEPIED_PICTURES", f"{_HOME}/pictures"),
        ("MARCHEPIED_DOCUMENTS", f"{_HOME}/documents"),
    )
    return Sandbox(
        program=(sys.executable, "-P", "-m", "scanner"),
        user=users.scanning,
        binds=tuple(binds),
        environment=environment,
        network=options.network,
        devices=_USB,
        # The screen's group, whose the daemon's socket is.
        groups=(users.screen, *_device_groups()),
    )


def _device_groups() -> tuple[int, ...]:
    found = []
    for name in _GROUPS:
        with contextlib.suppress(KeyError):
            found.append(grp.getgrnam(name).gr_gid)
    return tuple(found)
