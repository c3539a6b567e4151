"""Scanners that come and go: which devices count, by udev's stand-in, and what the screens are told in the end."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from scanner.model import ScanProblem, ScanStage
from session import plugs, rpc
from session.desk import daemon_line
from session.published import Published
from tests.scanner.conftest import Sane
from tests.session.desk.test_scanner import Desk, a_worker, desk, sane
from tests.session.talk import until

__all__ = ["desk", "sane"]


@pytest.mark.parametrize(
    ("properties", "may"),
    [
        ({"DEVTYPE": "usb_device", "libsane_matched": "yes", "ID_USB_INTERFACES": ":ffffff:"}, True),
        ({"DEVTYPE": "usb_device", "ID_USB_INTERFACES": ":ff0000:070102:070104:"}, True),
        ({"DEVTYPE": "usb_interface", "INTERFACE": "7/1/4"}, True),
        ({"DEVTYPE": "usb_device", "ID_USB_INTERFACES": ":080650:", "ID_MODEL": "libsane_matched"}, False),
        ({"DEVTYPE": "usb_device", "ID_USB_INTERFACES": ":070102:"}, False),
        ({"DEVTYPE": "usb_interface", "INTERFACE": "3/1/2"}, False),
        ({"libsane_matched": "no"}, False),
        ({}, False),
    ],
)
def test_what_may_be_a_scanner(properties: dict[str, str], may: bool) -> None:
    assert plugs.may_be_scanner(properties) is may


_PLUGS = """
import asyncio, ctypes, json
from session import plugs
plugs.SETTLE_SECONDS, plugs.LATER_SECONDS = 0.2, 0.3
lib = ctypes.CDLL("libumockdev.so.0")
glib = ctypes.CDLL("libgobject-2.0.so.0")
lib.umockdev_testbed_new.restype = ctypes.c_void_p
bed = ctypes.c_void_p(lib.umockdev_testbed_new())
make = lib.umockdev_testbed_add_devicev
make.restype = ctypes.c_void_p

def device(name, properties):
    def array(pairs):
        flat = [text.encode() for pair in pairs.items() for text in pair]
        return (ctypes.c_char_p * (len(flat) + 1))(*flat, None)
    made = make(bed, b"usb", name.encode(), None, array({}), array({"DEVTYPE": "usb_device", **properties}))
    return ctypes.cast(made, ctypes.c_char_p).value

def gone(path):
    lib.umockdev_testbed_uevent(bed, path, b"remove")
    lib.umockdev_testbed_remove_device(bed, path)

async def main():
    told, found = [], asyncio.Event()
    async def follow():
        async for count in plugs.watch():
            told.append(count)
            found.set()
    async def until(count):
        while told[-1:] != [count]:
            found.clear()
            await found.wait()
    following = asyncio.create_task(follow())
    await until(0)
    mouse = device("1-1", {"ID_USB_INTERFACES": ":030102:"})
    gone(mouse)
    scanner = device("1-2", {"libsane_matched": "yes"})
    await until(2)     # it came, and once more for what takes its time
    gone(scanner)
    await until(3)
    printer = device("1-3", {"ID_USB_INTERFACES": ":070104:"})
    await until(5)
    print(json.dumps(told))
    following.cancel()
asyncio.run(asyncio.wait_for(main(), 20))
glib.g_object_unref(bed)
"""


def test_a_scanner_that_comes_and_goes_by_udev_s_stand_in() -> None:
    argv = ["/usr/bin/umockdev-wrapper", sys.executable, "-c", _PLUGS]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd=root, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == [0, 1, 2, 3, 4, 5], "the mouse is nobody's matter here"


class Daemon:
    """The daemon's word for the desk."""

    def __init__(self) -> None:
        self.moves = Published(plugs.Moves())
        self.service = rpc.Service(daemon_line.INTERFACE)
        self.service.add("WatchScanners", self._watch, uids=frozenset({os.getuid()}))

    async def _watch(self, _caller: rpc.Caller, _parameters: rpc.NoParameters) -> AsyncIterator[plugs.Moves]:
        async for moves in self.moves.follow():
            yield moves

    def plug(self) -> None:
        self.moves.set(msgspec.structs.replace(self.moves.value, count=self.moves.value.count + 1))


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Daemon]:
    one = Daemon()
    await one.service.start(tmp_path / "control")
    yield one
    await one.service.stop()


async def test_the_screens_say_that_it_is_gone_and_that_it_is_back(
    daemon: Daemon, desk: Desk, sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_line, "AGAIN_SECONDS", 0.05)
    async with a_worker(sane, tmp_path, monkeypatch):
        await desk.until(lambda state: state.stage is ScanStage.READY)
        (sane.directory / "dll.conf").write_text("")
        daemon.plug()
        gone = await desk.until(lambda state: state.stage is ScanStage.PROBLEM)
        assert gone.problem is ScanProblem.NOT_FOUND
        sane.use("test")
        daemon.plug()
        await desk.until(lambda state: state.stage is ScanStage.READY)
        stages = [state.stage for state in desk.states]
        assert ScanStage.LOOKING not in stages, "nobody asked, and a tap on 'scan' is taken meanwhile"


async def test_one_that_is_in_use_is_looked_for_afterwards(
    daemon: Daemon, desk: Desk, sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sane.use("test", read_delay="true", read_delay_duration=50_000)
    async with a_worker(sane, tmp_path, monkeypatch) as one:
        await desk.until(lambda state: state.stage is ScanStage.READY)
        await one.call("Scan", source="glass")
        await desk.until(lambda state: bool(state.percent))
        feed = one.supervisor.children[0]
        await one.call("Plugged")
        assert one.supervisor.children[0] == feed, "the page goes on arriving"
        await desk.until(lambda state: state.stage is ScanStage.DONE)
        await until(lambda: one.supervisor.children[0] not in (None, feed), 20)
        await until(lambda: one.supervisor.children[0] is None, 20)
        assert (desk.states[-1].stage, len(desk.states[-1].pages)) == (ScanStage.DONE, 1)


async def test_a_scan_that_is_asked_for_ends_a_look_that_nobody_waits_for(
    desk: Desk, sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_worker(sane, tmp_path, monkeypatch) as one:
        await desk.until(lambda state: state.stage is ScanStage.READY)
        await asyncio.gather(*(one.call("Plugged") for _ in range(5)))
        done = await one.scan(source="glass")
        assert (done.stage, len(done.pages)) == (ScanStage.DONE, 1)
