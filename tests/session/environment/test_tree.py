"""What lies in the environment: whose it is, and that the cookie opens the display."""

from __future__ import annotations

import stat
import struct
from pathlib import Path

import msgspec
import pytest
from Xlib import xauth

from session.environment.tree import BROWSER_DIRECTORIES, COMPONENT_HOMES, DISPLAY, HOSTNAME, Tree, xauthority
from session.environment.users import Users
from session.pages import Settings, Site

USERS = Users(64_920)  # not those of the test of the wipe, which finds every file of its users


def test_the_users_are_five_numbers_in_a_row() -> None:
    five = (USERS.screen, USERS.visitor, USERS.printing, USERS.scanning, USERS.keys)
    assert five == (64_920, 64_921, 64_922, 64_923, 64_924)
    assert frozenset(five) == USERS.all
    assert Users().all.isdisjoint(USERS.all)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path / "environment")
    tree.root.mkdir()
    tree.populate(USERS, Settings(sites=(Site("a", "É", "https://a.example"),)))
    return tree


def test_each_directory_belongs_to_its_user_and_is_closed_to_the_others(tree: Tree) -> None:
    screen, visitor = USERS.screen, USERS.visitor
    expected = {
        "x11": (screen, screen, 0o755),
        "sockets": (screen, screen, 0o700),
        "bus": (visitor, screen, 0o750),
        "etc/bus.conf": (0, 0, 0o644),
        "browser": (visitor, visitor, 0o700),
        "documents": (visitor, screen, 0o2770),
        "papers": (USERS.scanning, screen, 0o2770),
        "pictures": (USERS.scanning, screen, 0o2750),
        "given": (screen, screen, 0o711),
        "etc": (0, 0, 0o755),
        "etc/services": (0, 0, 0o755),
        "etc/services/org.freedesktop.portal.Desktop.service": (0, 0, 0o644),
        "etc/settings.json": (0, 0, 0o644),
        "etc/managed": (0, 0, 0o755),
        "etc/managed/visit.json": (screen, screen, 0o644),
        "etc/screen.xauth": (screen, screen, 0o600),
        "etc/visitor.xauth": (visitor, visitor, 0o600),
    }
    expected |= {name: (screen, screen, 0o700) for name in COMPONENT_HOMES}
    expected |= {f"browser/{name}": (visitor, visitor, 0o700) for name in BROWSER_DIRECTORIES}
    found = {}
    for path in tree.root.rglob("*"):
        status = path.lstat()
        found[str(path.relative_to(tree.root))] = (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
    assert found == expected


def test_the_settings_come_back_as_they_were(tree: Tree) -> None:
    settings = msgspec.json.decode(tree.settings.read_bytes(), type=Settings)
    assert settings == Settings(sites=(Site("a", "É", "https://a.example"),))


def test_it_is_made_once(tree: Tree) -> None:
    with pytest.raises(FileExistsError):
        tree.populate(USERS, Settings())


def test_the_cookie_is_new_each_time_and_the_same_for_both(tree: Tree, tmp_path: Path) -> None:
    assert tree.screen_cookie.read_bytes() == tree.visitor_cookie.read_bytes()
    other = Tree(tmp_path / "other")
    other.root.mkdir()
    other.populate(USERS, Settings())
    assert other.screen_cookie.read_bytes() != tree.screen_cookie.read_bytes()


def test_the_cookie_file_is_what_xlib_reads(tmp_path: Path) -> None:
    cookie = bytes(range(16))
    (tmp_path / "xauth").write_bytes(xauthority(cookie))
    read = xauth.Xauthority(str(tmp_path / "xauth"))
    # Its stubs say bytes; Xlib itself passes numbers.
    best = read.get_best_auth(xauth.FamilyLocal, HOSTNAME.encode(), DISPLAY)  # type: ignore[arg-type]
    assert best == (b"MIT-MAGIC-COOKIE-1", cookie)
    # FamilyWild, for libXau: whatever the machine is called.
    assert struct.pack(">HHH", 0xFFFF, 0, len(str(DISPLAY))) in xauthority(cookie)
