"""Each kind of file system by itself: found, mounted with what it must not have, written, let go of."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from session.keys import files, filesystems
from session.keys.exchange import Ask
from session.keys.filesystems import KINDS, VolumeError
from session.keys.model import Fault
from session.keys.reader import Reader
from tests.session.keys.conftest import USERS
from tests.session.keys.key import HERE, PDF, STAND_IN, loop, make, plug_of

ALL = {**KINDS, **STAND_IN}
CONTENT: dict[str | bytes, bytes] = {"Dossier été/Avis d'imposition.pdf": PDF, "ملف.pdf": PDF}


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    """Where nodes and mounts may be."""
    for directory in (tmp_path, *tmp_path.parents[:2]):
        directory.chmod(0o755)
    (tmp_path / "work").mkdir(mode=0o755)
    filesystems.mount_tmpfs(tmp_path / "work")
    (tmp_path / "work" / "key").mkdir()
    (tmp_path / "work" / "key" / "0").mkdir()
    yield tmp_path / "work"
    filesystems.unmount(tmp_path / "work" / "key" / "0")
    assert filesystems.unmount(tmp_path / "work")
    # What was in a sandbox ends a moment after the sandbox's outermost process.
    psutil.wait_procs(psutil.Process().children(recursive=True), timeout=5)


def node_of(work: Path, device: str) -> Path:
    [volume] = plug_of(device).volumes
    filesystems.make_node(work / "node", volume, USERS.keys)
    return work / "node"


@pytest.mark.parametrize("kind", sorted(ALL))
def test_a_kind_is_found_and_mounted_by_its_driver_or_not_at_all(kind: str, work: Path, tmp_path: Path) -> None:
    here = kind in HERE or kind in STAND_IN
    image = make(tmp_path / kind, kind, CONTENT if here or kind == "iso9660" else None, mib=40)
    point = work / "key" / "0"
    with loop(image) as device:
        node = node_of(work, device)
        assert filesystems.probe(node, USERS.keys) == kind
        if not here:
            with pytest.raises(VolumeError, match=Fault.UNREADABLE):
                filesystems.mount(node, point, ALL[kind], USERS.keys, write=False)
            return
        filesystems.mount(node, point, ALL[kind], USERS.keys, write=False)
        wanted = os.ST_RDONLY | os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC
        assert os.statvfs(point).f_flag & wanted == wanted
        found, more = files.look(work / "key")
        assert sorted(file.name for file in found) == ["Avis d'imposition.pdf", "ملف.pdf"]
        assert not more
        assert kind in STAND_IN or point.stat().st_uid == USERS.keys
        assert filesystems.in_use(node)
        assert filesystems.unmount(point)
        assert not filesystems.in_use(node)
        if ALL[kind].writing is None:
            with pytest.raises(VolumeError, match=Fault.PROTECTED):
                filesystems.mount(node, point, ALL[kind], USERS.keys, write=True)
            return
        filesystems.mount(node, point, ALL[kind], USERS.keys, write=True)
        reader = Reader(work / "key")
        folder = reader.answer(Ask("begin", folder="Marchepied é", size=len(PDF)), None, print).name
        image.with_suffix(".pdf").write_bytes(PDF)
        with image.with_suffix(".pdf").open("rb") as file:
            put = reader.answer(Ask("put", name='Avis: "2026".pdf'), file.fileno(), print)
        assert (put.problem, put.name) == (None, "Avis- -2026-.pdf")
        assert reader.answer(Ask("settle"), None, print).problem is None
        assert reader.answer(Ask("begin", folder="x", size=0), None, print).problem is None
        assert reader.answer(Ask("drop"), None, print).problem is None
        assert filesystems.unmount(point)
        filesystems.mount(node, point, ALL[kind], USERS.keys, write=False)
        check = Reader(work / "key").answer(Ask("check", folder=folder, name=put.name), None, print)
        assert check.digest == put.digest
        assert filesystems.unmount(point)
        filesystems.release(node)


def test_two_file_systems_on_one_disk_are_none(work: Path, tmp_path: Path) -> None:
    """A disk that is one thing to one driver and another to the next is nothing to be opened."""
    image = make(tmp_path / "key", "vfat", mib=40)
    both = make(tmp_path / "other", "ext4", mib=40).read_bytes()[1024:4096]
    with image.open("r+b") as file:
        file.seek(1024)
        file.write(both)
    with loop(image) as device:
        assert filesystems.probe(node_of(work, device), USERS.keys) == ""


def test_a_disk_that_is_gone_has_no_file_system(work: Path, tmp_path: Path) -> None:
    image = make(tmp_path / "key", "ext4")
    with loop(image) as device:
        node = node_of(work, device)
    assert filesystems.probe(node, USERS.keys) == ""
    with pytest.raises(VolumeError):
        filesystems.mount(node, work / "key" / "0", STAND_IN["ext4"], USERS.keys, write=False)
