"""The scan worker's files and terms; that it really scans in its sandbox is tests/system/test_scanner.py's matter."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pikepdf
import pytest
from pikepdf import Dictionary, Name

from scanner.model import ScannerSettings
from session import config
from session.environment import scan
from session.environment.sandbox import Sandbox, python_binds
from session.environment.tree import Tree
from session.environment.users import Users
from session.pages import Settings
from session.sessiond import scanner_of

USERS = Users(64_944)
OPTIONS = scan.Options(ScannerSettings(devices=("test:*",)))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path)
    tree.populate(USERS, Settings())
    scan.prepare(OPTIONS, tree, USERS)
    return tree


def test_its_directories_are_its_own_and_its_socket_the_desks(tree: Tree) -> None:
    found = {}
    for path in (tree.home("scanner"), tree.home("scanner") / "pages", tree.sockets / "scanner"):
        status = path.stat()
        found[path.name] = (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
    scanning = USERS.scanning
    assert found["pages"] == (scanning, scanning, 0o700)
    assert (tree.home("scanner").stat().st_uid, found["scanner"]) == (scanning, (scanning, USERS.screen, 0o2750))
    settings = msgspec.json.decode((tree.etc / "scanner.json").read_bytes(), type=ScannerSettings)
    assert settings == ScannerSettings(devices=("test:*",), asker=USERS.screen)
    assert os.access(tree.etc / "scanner.json", os.R_OK)


def test_its_sandbox_sees_no_site_and_no_display(tree: Tree) -> None:
    sandbox = scan.sandbox(OPTIONS, tree, USERS, Path("/run/marchepied/control"))
    sources = {bind.source for bind in sandbox.binds}
    assert not {tree.browser, tree.x11, tree.screen_cookie, tree.sockets, tree.bus, tree.root} & sources
    assert {bind.source for bind in sandbox.binds if bind.writable} == {
        *(tree.home("scanner"), tree.papers, tree.pictures, tree.sockets / "scanner", Path("/run/marchepied/control")),
    }
    assert not sandbox.network
    assert "/dev/bus/usb" in sandbox.devices
    assert sandbox.user == USERS.scanning


def test_a_pdf_is_drawn_in_it_in_the_letters_that_it_is_drawn_in_elsewhere(tree: Tree, tmp_path: Path) -> None:
    """Most forms name their letters and do not bring them."""
    fonts = {"F1": "Helvetica", "F2": "Times-Roman", "F3": "Courier"}
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 100))
        made = {
            f"/{key}": Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name(f"/{name}"))
            for key, name in fonts.items()
        }
        lines = (f"BT /{key} 20 Tf 20 {20 + 25 * line} Td (Madame) Tj ET" for line, key in enumerate(fonts))
        pdf.pages[0].Contents = pdf.make_stream("\n".join(lines).encode())
        pdf.pages[0].Resources = Dictionary(Font=Dictionary(made))
        pdf.save(tmp_path / "form.pdf")
    program = ("/usr/bin/pdftoppm", "-r", "60", "-")
    (tmp_path / "control").touch()
    inside = msgspec.structs.replace(scan.sandbox(OPTIONS, tree, USERS, tmp_path / "control"), program=program)
    drawn = [
        subprocess.run(argv, input=(tmp_path / "form.pdf").read_bytes(), check=True, capture_output=True)
        for argv in (program, inside.argv())
    ]
    assert drawn[0].stdout == drawn[1].stdout
    assert drawn[1].stderr == b"", "it looked for letters in vain, and would for each page"


def test_the_network_is_there_for_scanners_of_the_network_alone() -> None:
    assert scanner_of(config.Scanner()) is None
    usb = scanner_of(config.Scanner(kind="sane"))
    lan = scanner_of(config.Scanner(kind="sane", network=("192.168.10.7/32",), devices=("airscan:*",), two_sides=False))
    assert usb is not None
    assert lan is not None
    assert (usb.network, lan.network) == (False, True)
    assert lan.settings == ScannerSettings(devices=("airscan:*",), two_sides=False)


def test_one_that_keeps_dying_is_started_ever_more_seldom() -> None:
    again = scan.Again()
    delays = [again.after(time.monotonic()) for _ in range(10)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (scan.Again.FIRST, scan.Again.LONGEST)
    assert again.after(time.monotonic() - scan.Again.LONGEST - 1) == scan.Again.FIRST


@pytest.mark.parametrize("groups", [(64_951,), ()])
def test_a_device_that_is_plugged_in_later_is_there_for_its_group(tmp_path: Path, groups: tuple[int, ...]) -> None:
    """As udev makes a scanner's node: in the directory of its bus, for a group, while the sandbox runs."""
    tmp_path.chmod(0o755)
    bus = tmp_path / "usb"
    bus.mkdir(mode=0o755)
    program = "import os, sys; sys.stdin.read(1); os.close(os.open(sys.argv[1], os.O_RDWR)); print('opened')"
    node = bus / "001" / "004"
    box = Sandbox(
        program=(sys.executable, "-c", program, str(node)),
        user=USERS.scanning,
        binds=python_binds(),
        environment=(("PATH", "/usr/bin"),),
        devices=(str(bus),),
        groups=groups,
    )
    with subprocess.Popen(box.argv(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as inside:
        node.parent.mkdir(mode=0o755)
        os.mknod(node, 0o660 | stat.S_IFCHR, os.makedev(1, 3))
        os.chown(node, 0, 64_951)
        node.chmod(0o660)
        said, wrong = inside.communicate(b".", timeout=20)
    assert said == (b"opened\n" if groups else b""), wrong
    assert (b"PermissionError" in wrong) is not bool(groups)
