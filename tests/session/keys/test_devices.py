"""Which block devices are keys: as a pure matter, by udev's stand-in, and by the kernel's own events."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from session.keys.devices import Block, Plug, Volume, plugs, watch
from tests.session.keys.key import detach, loop
from tests.session.talk import until

USB = "/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/host6/target6:0:0/6:0:0:0/block/sdb"
SATA = "/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda"
LOOP = "/devices/virtual/block/loop0"


def disk(path: str, minor: int, size: int = 1 << 30, **more: object) -> Block:
    return Block(path=path, kind="disk", major=8, minor=minor, size=size, sequence=7, **more)  # type: ignore[arg-type]


def part(path: str, minor: int, size: int = 1 << 20, **more: object) -> Block:
    number = path + str(minor)
    return Block(path=number, kind="partition", major=8, minor=minor, size=size, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("blocks", "found"),
    [
        ([disk(USB, 16)], (Plug("sdb", 7, (Volume(8, 16, 1 << 30),)),)),
        (
            [part(f"{USB}/sdb", 18), disk(USB, 16), part(f"{USB}/sdb", 17, 5 << 20)],
            (Plug("sdb", 7, (Volume(8, 17, 5 << 20), Volume(8, 18, 1 << 20))),),
        ),
        ([disk(USB, 16, size=0)], ()),  # a card reader without a card
        ([disk(SATA, 0), part(f"{SATA}/sda", 1)], ()),
        ([disk(LOOP, 0, image="/home/somebody/key")], ()),
        ([part(f"{USB}/sdb", 17)], ()),
        ([disk(USB, 16, held=True)], ()),
        ([disk(USB, 16), part(f"{USB}/sdb", 17), part(f"{USB}/sdb", 18, held=True)], ()),
        ([disk(USB.replace("usb1", "usbx"), 16)], ()),
        ([], ()),
    ],
)
def test_what_is_a_key(blocks: list[Block], found: tuple[Plug, ...]) -> None:
    assert plugs(blocks, frozenset()) == found


def test_a_disk_of_which_this_machine_uses_a_part_is_none() -> None:
    blocks = [disk(USB, 16), part(f"{USB}/sdb", 17), part(f"{USB}/sdb", 18)]
    for minor in (16, 17, 18):
        assert plugs(blocks, frozenset({(8, minor)})) == ()
    assert len(plugs(blocks, frozenset({(8, 19), (7, 17)}))) == 1


def test_a_loop_device_is_one_only_where_it_was_said_so() -> None:
    blocks = [disk(LOOP, 0, image="/srv/keys/one.img")]
    assert len(plugs(blocks, frozenset(), "/srv/keys")) == 1
    for other in ("", "/srv/key", "/srv/keys/one", "/home"):
        assert plugs(blocks, frozenset(), other) == ()


def test_a_disk_with_hundreds_of_partitions_is_cut_short() -> None:
    blocks = [disk(USB, 16), *(part(f"{USB}/sdb", minor) for minor in range(17, 217))]
    assert len(plugs(blocks, frozenset())[0].volumes) == 16


async def test_the_kernel_tells_of_a_disk_that_comes_and_goes(tmp_path: Path) -> None:
    images = tmp_path / "keys"
    images.mkdir()
    found: list[tuple[Plug, ...]] = []
    watching = asyncio.create_task(watch(found.append, str(images)))
    try:
        await until(lambda: found == [()])
        (images / "key").write_bytes(bytes(8 << 20))
        with loop(images / "key") as device:
            await until(lambda: len(found) == 2)
            [plug] = found[1]
            number = os.stat(device).st_rdev
            assert plug.volumes == (Volume(os.major(number), os.minor(number), 8 << 20),)
            sequence = plug.sequence
        await until(lambda: found[-1] == () and len(found) == 3)
        with loop(images / "key") as device:
            await until(lambda: len(found) == 4)
            assert found[3][0].sequence > sequence, "the same device, another key"
            detach(device)
            await until(lambda: found[-1] == ())
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


_STICK = """
import asyncio, ctypes, json, sys
lib = ctypes.CDLL("libumockdev.so.0")
glib = ctypes.CDLL("libgobject-2.0.so.0")
lib.umockdev_testbed_new.restype = ctypes.c_void_p
bed = ctypes.c_void_p(lib.umockdev_testbed_new())
make = lib.umockdev_testbed_add_devicev
make.restype = ctypes.c_void_p

def device(subsystem, name, parent, attributes, properties):
    def array(pairs):
        flat = [text.encode() for pair in pairs.items() for text in pair]
        return (ctypes.c_char_p * (len(flat) + 1))(*flat, None)
    made = make(bed, subsystem.encode(), name.encode(), parent, array(attributes), array(properties))
    return ctypes.cast(made, ctypes.c_char_p).value

from session.keys.devices import watch
found = []
async def main():
    watching = asyncio.create_task(watch(lambda plugs: found.append([[p.name, len(p.volumes)] for p in plugs])))
    while len(found) < 1:
        await asyncio.sleep(0.01)
    usb = device("usb", "usb1", None, {}, {"DEVTYPE": "usb_device"})
    stick = device("usb", "1-2", usb, {}, {"DEVTYPE": "usb_device", "ID_BUS": "usb"})
    disk = device("block", "sdz", stick, {"size": "2048", "diskseq": "9", "dev": "8:240"},
                  {"DEVTYPE": "disk", "DEVNAME": "/dev/sdz", "MAJOR": "8", "MINOR": "240"})
    part = device("block", "sdz1", disk, {"size": "1024", "dev": "8:241"},
                  {"DEVTYPE": "partition", "DEVNAME": "/dev/sdz1", "MAJOR": "8", "MINOR": "241"})
    while len(found) < 2:
        await asyncio.sleep(0.01)
    for path in (part, disk):
        lib.umockdev_testbed_uevent(bed, path, b"remove")
        lib.umockdev_testbed_remove_device(bed, path)
    while len(found) < 3:
        await asyncio.sleep(0.01)
    print(json.dumps(found))
    watching.cancel()
asyncio.run(asyncio.wait_for(main(), 20))
glib.g_object_unref(bed)
"""


def test_a_stick_by_udev_s_stand_in() -> None:
    argv = ["/usr/bin/umockdev-wrapper", sys.executable, "-c", _STICK]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd=root, timeout=60)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == [[], [["sdz", 1]], []]
