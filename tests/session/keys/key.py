"""Keys made of files: real file systems on loop devices."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from session.keys.devices import Plug, Volume
from session.keys.filesystems import KINDS, Kind

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
JPG = b"\xff\xd8\xff\xe0" + b"a photograph" * 300
PNG = b"\x89PNG\r\n\x1a\n" + b"a picture" * 100

STAND_IN = {"ext4": Kind("ext4", "errors=remount-ro", "")}
"""For what is the same with every file system, where the kernel has none of a key's. No visitor's key is ever
opened with it."""

_MAKERS = {
    "ext4": ("/usr/sbin/mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal"),
    "vfat": ("/usr/sbin/mkfs.vfat",),
    "exfat": ("/usr/sbin/mkfs.exfat",),
    "ntfs": ("/usr/sbin/mkntfs", "-q", "-F"),
    "udf": ("/usr/sbin/mkudffs", "--media-type=hd", "--blocksize=512"),
}


def mountable(driver: str) -> bool:
    """Whether this kernel has the driver, or gets it as a module."""
    with contextlib.suppress(FileNotFoundError):  # no program for modules, no modules
        subprocess.run(["/usr/sbin/modprobe", "-q", driver], check=False, capture_output=True)
    names = [line.split()[-1] for line in Path("/proc/filesystems").read_text("ascii").splitlines()]
    return driver in names


HERE = [kind for kind in KINDS if mountable(KINDS[kind].driver)]
"""Of a key's file systems, those that this kernel mounts."""
MACHINERY = "vfat" if "vfat" in HERE else "ext4"
"""The kind for tests of everything else."""


def run(*argv: str) -> str:
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{argv[0]}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def make(image: Path, kind: str, content: Mapping[str | bytes, bytes] | None = None, mib: int = 24) -> Path:
    """A file system in a file, with these files in it."""
    if kind == "iso9660":
        tree = image.with_suffix(".tree")
        fill(tree, content or {})
        run("/usr/bin/xorriso", "-as", "mkisofs", "-quiet", "-J", "-R", "-o", str(image), str(tree))
        return image
    with image.open("wb") as file:
        file.truncate(mib << 20)
    run(*_MAKERS[kind], str(image))
    if content or kind == "ext4":
        with loop(image) as device, mounted(device, kind) as point:
            fill(point, content or {})
            if kind == "ext4":
                point.chmod(0o777)
    return image


def fill(directory: Path, content: Mapping[str | bytes, bytes]) -> None:
    directory.mkdir(exist_ok=True)
    root = os.fsencode(directory)
    for name, data in content.items():
        path = os.path.join(root, os.fsencode(name))
        os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, 0o644)


@contextlib.contextmanager
def loop(image: Path, *options: str) -> Iterator[str]:
    """A loop device of a file."""
    device = run("/usr/sbin/losetup", "--find", "--show", *options, str(image))
    if "--read-only" not in options:
        run("/usr/sbin/blockdev", "--setrw", device)  # a loop device keeps that from its last file
    try:
        yield device
    finally:
        detach(device)


def detach(device: str) -> None:
    # A holder that was killed leaves it read-only, and the kernel remembers that for whoever gets this device next.
    subprocess.run(["/usr/sbin/blockdev", "--setrw", device], check=False, capture_output=True)
    subprocess.run(["/usr/sbin/losetup", "-d", device], check=False, capture_output=True)


@contextlib.contextmanager
def mounted(device: str, kind: str, options: str = "rw") -> Iterator[Path]:
    """For the test itself, where it looks at what is on a key."""
    point = Path(tempfile.mkdtemp(prefix="mount-"))
    chosen = (STAND_IN | dict(KINDS))[kind]
    try:
        options = f"{options},{chosen.options.format(user=0)}"  # the names' encoding among them
        run("/usr/bin/mount", "-i", "-t", chosen.driver, "-o", options, device, str(point))
        try:
            yield point
        finally:
            run("/usr/bin/umount", str(point))
    finally:
        point.rmdir()


def plug_of(*devices: str, sequence: int = 1) -> Plug:
    """As udev would tell of a disk with these partitions."""
    found = []
    for device in devices:
        number = os.stat(device).st_rdev
        size = int(run("/usr/sbin/blockdev", "--getsize64", device))
        found.append(Volume(os.major(number), os.minor(number), size))
    return Plug(Path(devices[0]).name, sequence, tuple(found))


def backing(device: str) -> str:
    """Empty once nothing holds the device any more: a loop device that is detached while mounted stays until then."""
    try:
        return Path("/sys/block", Path(device).name, "loop/backing_file").read_text("utf-8").strip()
    except OSError:
        return ""


def mounts_of(device: str) -> list[int]:
    """Processes in whose mount namespace a device is mounted."""
    number = os.stat(device).st_rdev
    wanted = f"{os.major(number)}:{os.minor(number)}"
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{process.pid}/mountinfo").read_text("utf-8", "replace").splitlines()
            if any(line.split()[2] == wanted for line in lines):
                found.append(process.pid)
    return found
