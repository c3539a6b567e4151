"""A key from end to end: real file systems, the real processes, mounts and cgroups."""

from __future__ import annotations

from pathlib import Path

from session.papers import KeyProblem, KeyStage
from tests.session.keys.conftest import Bench
from tests.session.keys.key import JPG, MACHINERY, PDF, backing, loop, make, mounted, mounts_of
from tests.session.talk import until

CONTENT: dict[str | bytes, bytes] = {"Avis.pdf": PDF, "Photos/été.jpg": JPG, "notes.txt": b"none of ours"}


async def test_documents_in_and_copies_out(bench: Bench, tmp_path: Path) -> None:
    image = make(tmp_path / "key", MACHINERY, CONTENT)
    with loop(image) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        assert sorted(bench.names()) == ["Avis.pdf", "été.jpg"]
        assert not bench.desk.state.more
        chosen = next(file for file in bench.desk.state.files if file.name == "Avis.pdf")
        assert chosen.size == len(PDF)
        bench.desk.take_from_key(chosen.id)
        await until(lambda: bool(bench.arrived))
        assert bench.arrived[0].path.read_bytes() == PDF
        assert (bench.arrived[0].name, bench.arrived[0].kind) == ("Avis.pdf", "pdf")
        assert [file.name for file in bench.desk.state.files if file.taken] == ["Avis.pdf"]
        bench.desk.copy_to_key((bench.document("scan.pdf", PDF * 300), bench.document("photo.jpg", JPG)))
        await bench.stage(KeyStage.DONE)
        assert bench.desk.state.copied == 2
        assert bench.copied == ["scan.pdf", "photo.jpg"]
        assert not mounts_of(device)
        with mounted(device, MACHINERY, "ro") as point:
            folders = [path for path in point.iterdir() if path.name.startswith("Marchepied ")]
            assert len(folders) == 1
            assert (folders[0] / "scan.pdf").read_bytes() == PDF * 300
            assert (folders[0] / "photo.jpg").read_bytes() == JPG
            assert (point / "Avis.pdf").read_bytes() == PDF
        bench.desk.leave_key()
        await bench.stage(KeyStage.READY)
        assert set(bench.names()) == {"Avis.pdf", "été.jpg", "scan.pdf", "photo.jpg"}
        bench.unplug()
        await bench.stage(KeyStage.NONE)
        await until(lambda: not mounts_of(device))
    assert backing(device) == ""


async def test_a_key_pulled_in_the_middle(bench: Bench, tmp_path: Path) -> None:
    image = make(tmp_path / "key", MACHINERY, CONTENT)
    with loop(image) as device:
        bench.plug(device)
        await bench.stage(KeyStage.READY)
        bench.desk.copy_to_key((bench.document("scan.pdf", PDF * 1000),))
        await bench.stage(KeyStage.COPYING)
        bench.unplug()
        await bench.problem(KeyProblem.PULLED)
        await until(lambda: not mounts_of(device))
        assert (bench.documents / "scan.pdf").stat().st_size == len(PDF) * 1000
        assert bench.copied == []
        bench.plug(device)
        await bench.stage(KeyStage.READY)
