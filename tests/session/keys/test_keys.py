"""A key from end to end: real file systems, the real processes, mounts and cgroups."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from session import rpc
from session.environment.mounts import mounted_below
from session.environment.sandbox import python_binds
from session.keys.desk import KeyDesk
from session.keys.filesystems import KINDS
from session.papers import KeyProblem, KeyStage
from tests.session.keys.conftest import USERS, Bench
from tests.session.keys.key import HERE, JPG, MACHINERY, PDF, backing, detach, fill, loop, make, mounted, mounts_of, run
from tests.session.talk import as_user, until

CONTENT: dict[str | bytes, bytes] = {"Avis.pdf": PDF, "Photos/été.jpg": JPG, "notes.txt": b"none of ours"}


async def take(bench: Bench, name: str) -> bytes:
    """What arrives of a file on the key."""
    before = len(bench.arrived)
    bench.desk.take_from_key(next(file.id for file in bench.desk.state.files if file.name == name))
    await until(lambda: len(bench.arrived) > before or bench.desk.state.stage is KeyStage.PROBLEM)
    return bench.arrived[-1].path.read_bytes()


async def copy(bench: Bench, stage: KeyStage = KeyStage.DONE) -> None:
    bench.desk.copy_to_key((bench.document("scan.pdf", PDF * 300), bench.document("photo.jpg", JPG)))
    await bench.stage(stage)


def folders(point: Path) -> list[Path]:
    return sorted(path for path in point.iterdir() if path.name.startswith("Marchepied "))


async def test_documents_in_and_copies_out(bench: Bench, tmp_path: Path) -> None:
    image = make(tmp_path / "key", MACHINERY, CONTENT)
    with loop(image) as device:
        assert not bench.desk.state.plugged
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        assert bench.desk.state.plugged
        assert sorted(bench.names()) == ["Avis.pdf", "été.jpg"]
        assert not bench.desk.state.more
        assert await take(bench, "Avis.pdf") == PDF
        assert (bench.arrived[0].name, bench.arrived[0].kind) == ("Avis.pdf", "pdf")
        assert [file.name for file in bench.desk.state.files if file.taken] == ["Avis.pdf"]
        await copy(bench)
        assert bench.desk.state.copied == 2
        assert bench.copied == ["scan.pdf", "photo.jpg"]
        assert not mounts_of(device), "it can be pulled"
        with mounted(device, MACHINERY, "ro") as point:
            [folder] = folders(point)
            assert (folder / "scan.pdf").read_bytes() == PDF * 300
            assert (folder / "photo.jpg").read_bytes() == JPG
            assert (point / "Avis.pdf").read_bytes() == PDF
        bench.desk.leave_key()
        await bench.stage(KeyStage.READY)
        assert set(bench.names()) == {"Avis.pdf", "été.jpg", "scan.pdf", "photo.jpg"}
        assert [file.name for file in bench.desk.state.files if file.taken] == ["Avis.pdf"]
        await copy(bench)
        with mounted(device, MACHINERY, "ro") as point:
            assert len(folders(point)) == 2, "nothing is ever overwritten"
        bench.unplug()
        await bench.stage(KeyStage.NONE)


async def test_each_kind_of_file_system(bench: Bench, tmp_path: Path) -> None:
    """Opened where this kernel has the driver; where it has not, a key of that kind is a key that cannot be read."""
    for kind in KINDS:
        here = kind in HERE
        image = make(tmp_path / kind, kind, CONTENT if here or kind == "iso9660" else None, mib=40)
        with loop(image) as device:
            bench.plug(device)
            if not here:
                await bench.problem(KeyProblem.UNREADABLE)
                bench.unplug()
                await bench.stage(KeyStage.NONE)
                continue
            await bench.stage(KeyStage.READY)
            assert sorted(bench.names()) == ["Avis.pdf", "été.jpg"], kind
            assert await take(bench, "été.jpg") == JPG
            if KINDS[kind].writing is None:
                await copy(bench, KeyStage.PROBLEM)
                assert bench.desk.state.problem is KeyProblem.PROTECTED
            else:
                await copy(bench)
                with mounted(device, kind, "ro") as point:
                    assert (folders(point)[0] / "scan.pdf").read_bytes() == PDF * 300
            bench.unplug()
            await bench.stage(KeyStage.NONE)
            await until(lambda device=device: not mounts_of(device))  # type: ignore[misc]


async def test_no_other_file_system_is_opened(bench: Bench, tmp_path: Path) -> None:
    bench.port.kinds = dict(KINDS)
    with loop(make(tmp_path / "key", "ext4", CONTENT)) as device:
        bench.plug(device)
        await bench.problem(KeyProblem.FORMAT)
        with pytest.raises(rpc.Refused, match="busy"):
            bench.desk.copy_to_key((bench.document("scan.pdf", PDF),))


@pytest.mark.parametrize("content", [b"\0", b"\xff", os.urandom(512)], ids=["zeros", "ones", "noise"])
async def test_a_disk_with_nothing_on_it(bench: Bench, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content * ((4 << 20) // len(content)))
    with loop(tmp_path / "key") as device:
        bench.plug(device)
        await bench.problem(KeyProblem.FORMAT)


async def test_a_file_system_that_is_broken(bench: Bench, tmp_path: Path) -> None:
    image = make(tmp_path / "key", "ext4", CONTENT)
    os.truncate(image, 1 << 20)
    with loop(image) as device:
        bench.plug(device)
        await bench.problem(KeyProblem.UNREADABLE)
        assert not mounts_of(device)


async def test_a_disk_that_breaks_while_it_is_read(bench: Bench, tmp_path: Path) -> None:
    image = make(tmp_path / "key", MACHINERY, {"a.pdf": PDF * 2000, "b.pdf": PDF})
    with loop(image) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        # What lies beyond the new end can be read no more.
        os.truncate(image, 1 << 20)
        run("/usr/sbin/losetup", "--set-capacity", device)
        run("/usr/sbin/blockdev", "--flushbufs", device)
        bench.desk.take_from_key(next(file.id for file in bench.desk.state.files if file.name == "a.pdf"))
        await bench.stage(KeyStage.PROBLEM)
        assert bench.desk.state.problem in (KeyProblem.UNREADABLE, KeyProblem.FAILED)
        assert bench.arrived == []
        assert list((bench.documents / "taken").iterdir()) == []
        assert bench.desk.state.plugged, "whatever is the matter with it"
        bench.unplug()
        await bench.problem(KeyProblem.PULLED)
        assert not bench.desk.state.plugged
        bench.desk.leave_key()
        assert bench.desk.state.stage is KeyStage.NONE
        await until(lambda: not mounts_of(device))


async def test_a_key_pulled_in_the_middle_of_a_copy(bench: Bench, tmp_path: Path) -> None:
    image = make(tmp_path / "key", MACHINERY, CONTENT)
    with loop(image) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        bench.desk.copy_to_key((bench.document("scan.pdf", PDF * 1000),))
        await until(lambda: bench.desk.state.percent > 10)
        detach(device)
        os.truncate(image, 0)
        bench.unplug()
        await bench.problem(KeyProblem.PULLED)
        await until(lambda: not mounts_of(device))
        assert (bench.documents / "scan.pdf").stat().st_size == len(PDF) * 1000
        assert bench.copied == []
    await until(lambda: str(image) not in backing(device))
    with loop(make(tmp_path / "again", MACHINERY, CONTENT)) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        await copy(bench)


async def test_a_full_key_is_left_as_it_was(bench: Bench, tmp_path: Path) -> None:
    image = make(tmp_path / "key", MACHINERY, {"a.pdf": PDF}, mib=8)
    with loop(image) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        bench.desk.copy_to_key((bench.document("large.pdf", PDF * 2000),))
        await bench.problem(KeyProblem.FULL)
        with mounted(device, MACHINERY, "ro") as point:
            assert folders(point) == []
            assert (point / "a.pdf").read_bytes() == PDF
        bench.desk.leave_key()
        await bench.stage(KeyStage.READY)


async def test_a_key_that_is_full_sooner_than_it_says(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room is asked for a part of what comes then: the disk itself has to say that it is full."""
    image = make(tmp_path / "key", MACHINERY, mib=8)
    asked = KeyDesk._write

    async def modest(desk: KeyDesk, key: int, documents: object, sources: object, _total: int) -> object:
        return await asked(desk, key, documents, sources, 1)  # type: ignore[arg-type]

    monkeypatch.setattr(KeyDesk, "_write", modest)
    with loop(image) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        bench.desk.copy_to_key((bench.document("a.pdf", PDF), bench.document("large.pdf", PDF * 2000)))
        await bench.problem(KeyProblem.FULL)
        with mounted(device, MACHINERY, "ro") as point:
            assert folders(point) == [], "half a copy is no copy"


async def test_a_key_that_cannot_be_written(bench: Bench, tmp_path: Path) -> None:
    image = make(tmp_path / "key", MACHINERY, CONTENT)
    with loop(image, "--read-only") as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        assert await take(bench, "Avis.pdf") == PDF
        await copy(bench, KeyStage.PROBLEM)
        assert bench.desk.state.problem is KeyProblem.PROTECTED


async def test_what_does_not_read_back_is_no_copy(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = make(tmp_path / "key", MACHINERY)
    read_back = KeyDesk._read_back

    async def spoilt(desk: KeyDesk, *arguments: object) -> None:
        content = image.read_bytes()
        image.write_bytes(content.replace(PDF[:1000], b"%PDF-1.7\n" + bytes(991)))
        await read_back(desk, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(KeyDesk, "_read_back", spoilt)
    with loop(image) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        bench.desk.copy_to_key((bench.document("scan.pdf", PDF),))
        await bench.problem(KeyProblem.FAILED)
        assert bench.copied == []


async def test_nothing_is_written_to_a_key_that_is_only_read(bench: Bench, tmp_path: Path) -> None:
    image = make(tmp_path / "key", MACHINERY, CONTENT)
    before = image.read_bytes()
    with loop(image) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        await take(bench, "Avis.pdf")
        bench.unplug()
        await until(lambda: not mounts_of(device))
    assert image.read_bytes() == before


async def test_several_volumes_and_the_largest_for_a_copy(bench: Bench, tmp_path: Path) -> None:
    small = make(tmp_path / "small", MACHINERY, {"a.pdf": PDF}, mib=8)
    other = tmp_path / "other"
    other.write_bytes(bytes(1 << 20))
    large = make(tmp_path / "large", MACHINERY, {"b.pdf": PDF}, mib=24)
    with loop(small) as one, loop(other) as two, loop(large) as three:
        bench.plug(one, two, three)
        await bench.stage(KeyStage.READY)
        assert sorted(bench.names()) == ["a.pdf", "b.pdf"]
        await copy(bench)
        with mounted(three, MACHINERY, "ro") as point:
            assert len(folders(point)) == 1
        with mounted(one, MACHINERY, "ro") as point:
            assert folders(point) == []


async def test_ten_thousand_files(bench: Bench, tmp_path: Path) -> None:
    content: dict[str | bytes, bytes] = {f"d{number % 7}/{number}.pdf": b"%PDF-1.7" for number in range(10_000)}
    image = tmp_path / "key"
    with image.open("wb") as file:
        file.truncate(96 << 20)
    run("/usr/sbin/mkfs.ext4", "-q", "-F", "-O", "^has_journal", str(image))
    with loop(image) as device:
        with mounted(device, "ext4") as point:
            fill(point, content)
            fill(point, {"newest.pdf": PDF})
            os.utime(point / "newest.pdf", (4e9, 4e9))
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        assert len(bench.names()) == 30
        assert bench.desk.state.more
        assert bench.names()[0] == "newest.pdf"


async def test_the_reader_sees_the_key_and_nothing_else(bench: Bench, tmp_path: Path) -> None:
    image = make(tmp_path / "key", MACHINERY, CONTENT)
    with loop(image) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        readers = [one for one in psutil.process_iter() if one.uids().real == USERS.keys and one.name() != "bwrap"]
        assert len(readers) == 1
        lines = Path(f"/proc/{readers[0].pid}/mountinfo").read_text("utf-8").splitlines()
        options = {line.split()[4]: set(line.split()[5].split(",")) for line in lines}
        assert options["/key/0"] >= {"ro", "nosuid", "nodev", "noexec"}
        writable = {point for point, flags in options.items() if "rw" in flags}
        assert {point for point in writable if not point.startswith(("/dev", "/proc"))} == {"/run/keys"}
        root = Path(f"/proc/{readers[0].pid}/root")
        # Our own code is there too, under whatever folder this checkout and its Python stand in.
        code = {bind.target.split("/")[1] for bind in python_binds()}
        assert {path.name for path in root.iterdir()} <= code | {
            *("bin", "dev", "etc", "key", "lib", "lib32", "lib64", "proc", "run", "sbin", "tmp", "usr"),
        }
        assert not list((root / "dev").glob("loop*"))
        # Nobody but those processes has the mount; this one, as the daemon would be, has not.
        mine = Path("/proc/self/mountinfo").read_text("utf-8")
        assert str(image) not in mine
        assert all(point == bench.place.tree(1) for point in mounted_below(bench.place.tree(1)))
        [door] = [path for path in (bench.place.tree(1) / "sockets" / "keys").iterdir()]
        with as_user(USERS.visitor), pytest.raises(PermissionError):
            door.stat()
