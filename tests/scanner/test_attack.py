"""The scan worker, used as nobody should: full disks, halves, calls that come twice, processes that die halfway."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import psutil
import pytest
from PIL import Image

from scanner import calls
from scanner.model import ScanProblem, ScanStage
from session import rpc
from tests.scanner.conftest import Sane
from tests.scanner.test_works import id_of, page, pages_of, put
from tests.scanner.worker import SETTINGS, Worker, worker
from tests.session.talk import until

_LIBC = ctypes.CDLL(None, use_errno=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Where the pages are: a memory disk with room for a page and what it must leave free."""
    pages = tmp_path / "pages"
    pages.mkdir()
    assert _LIBC.mount(b"tmpfs", bytes(pages), b"tmpfs", 0, b"size=80m") == 0
    try:
        yield pages
    finally:
        assert _LIBC.umount2(bytes(pages), 0) == 0


def fill(directory: Path) -> Path:
    """Until nothing more can be written."""
    path = directory / "full"
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    return path


async def test_a_full_disk_leaves_nobody_stuck(
    sane: Sane, tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        for _ in range(2):
            await one.scan(source="glass")
        first, second = (await one.made()).pages
        # In quiet moments each is put away, which gives room back.
        await until(lambda: len(list(small_disk.glob("*.page"))) == 2, 20)
        assert list(small_disk.glob("*.raw")) == []
        filled = fill(small_disk)
        full = await one.scan(source="glass")
        assert (full.stage, full.problem) == (ScanStage.PROBLEM, ScanProblem.FULL)
        assert full.pages == (first, second)
        # What needs no room goes on; what does is refused, or shown later.
        await one.call("Move", page=second.id, by=-1)
        await one.call("Turn", page=second.id)
        await one.until(lambda state: [page.id for page in state.pages] == [second.id, first.id])
        assert one.state.pages[0].picture == 1, "there was no room to make it"
        await one.call("DropPage", page=first.id)
        filled.unlink()
        await one.call("Keep", calls.Kept)
        (document,) = one.places.papers.iterdir()
        assert pages_of(document) == 1
        with Image.open(small_document(document)) as seen:
            assert seen.width > seen.height, "turned, now that there is room"
    async with worker(sane, tmp_path, monkeypatch) as one:
        assert one.state.pages == ()


def small_document(document: Path) -> Path:
    import subprocess

    target = document.with_suffix("")
    subprocess.run(["pdftoppm", "-r", "20", "-singlefile", "-png", document, target], check=True)
    return target.with_suffix(".png")


async def test_a_disk_that_gets_full_while_lines_arrive(
    sane: Sane, tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sane.use("test", read_delay="true", read_delay_duration=100_000)
    settings = msgspec.structs.replace(SETTINGS, resolution=150)
    async with worker(sane, tmp_path, monkeypatch, settings=settings) as one:
        await one.call("Scan", source="glass")
        await one.until(lambda state: bool(state.percent))
        filled = fill(small_disk)
        full = await one.until(lambda state: state.stage is ScanStage.PROBLEM)
        assert (full.problem, full.pages) == (ScanProblem.FULL, ())
        filled.unlink()
        sane.use("test")
        assert (await one.scan(source="glass")).stage is ScanStage.DONE
        assert not list(small_disk.glob("*.part"))


async def test_a_page_of_no_known_length_leaves_room_too(
    sane: Sane, tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sane.use("test", hand_scanner="true")
    settings = msgspec.structs.replace(SETTINGS, resolution=1200)
    async with worker(sane, tmp_path, monkeypatch, settings=settings) as one:
        assert (await one.scan(source="glass")).problem is ScanProblem.FULL
        assert list(small_disk.glob("*.part")) == []


async def test_a_list_that_names_what_is_gone(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after a death while the disk was full: the list is older than the files."""
    async with worker(sane, tmp_path, monkeypatch) as one:
        for _ in range(2):
            await one.scan(source="glass")
        gone, stays = (await one.made()).pages
        await until(lambda: not list(one.places.pages.glob("*.raw")), 20)
    for path in one.places.pages.glob(f"{gone.id}*"):
        path.unlink()
    async with worker(sane, tmp_path, monkeypatch) as one:
        assert one.state.pages == (stays,)
        await one.call("Keep", calls.Kept)


async def test_a_first_face_that_nobody_wants_does_not_come_back_as_a_page(
    sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        await one.scan(source="glass")
        (first,) = (await one.made()).pages
        await one.call("Card", on=True)
        await one.scan()
        assert one.state.second_face
        await one.call("Retake", page=first.id)
        again = await one.until(lambda state: state.stage is ScanStage.DONE and state.pages[0].picture == 2)
        assert [page.id for page in again.pages] == [first.id]
        assert len(list(one.places.pages.glob("*.raw"))) <= 1


async def test_a_keep_that_is_asked_for_twice_is_one_document(
    sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        await one.scan(source="glass")
        asked = [one.call("Keep", calls.Kept) for _ in range(3)]
        came = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(answer) for answer in came].count(calls.Kept) == 1
        assert {answer.code for answer in came if isinstance(answer, rpc.Refused)} == {"scanning"}
        assert len(list(one.places.papers.iterdir())) == 1
        assert (await one.until(lambda state: state.stage is ScanStage.READY)).pages == ()


async def test_a_press_that_dies_over_a_document_leaves_no_half(
    sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        await one.scan(source="feeder")
        await one.made()
        keeping = asyncio.create_task(one.call("Keep", calls.Kept))
        killed: set[int | None] = {None}
        for _ in range(2):  # one that is worn may have died of something else: it is tried once more
            await until(lambda: one.supervisor.children[1] not in killed, 20)
            await until(lambda: bool(list(one.places.papers.glob(".*.part"))), 20)
            press = one.supervisor.children[1]
            assert press is not None
            os.kill(press, signal.SIGKILL)
            killed.add(press)
        with pytest.raises(rpc.Refused, match="failed"):
            await keeping
        assert list(one.places.papers.iterdir()) == []
        after = await one.until(lambda state: state.stage is ScanStage.DONE)
        assert len(after.pages) == 10
        await one.call("Keep", calls.Kept)


async def test_halves_of_a_worker_that_died_go(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        made = put(one, "a.pdf", page(1))
    half, whole = one.places.papers / ".0123456789abcdef.pdf.part", one.places.papers / ".fedcba9876543210.pdf"
    half.write_bytes(b"%PDF")
    whole.write_bytes(b"%PDF")
    async with worker(sane, tmp_path, monkeypatch) as one:
        assert [path.name for path in one.places.papers.iterdir()] == [whole.name], "which the desk may want"
        await one.call("Describe", calls.Described, document=made)


NAMES = [b"a\nb.pdf", "\u202efdp.exe\u2066".encode(), b"x" * 251 + b".pdf", b"\xff\xfe\x80.pdf", b"-rf *;$(id).pdf"]


async def test_names_that_are_hardly_names(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        plain = put(one, "plain.pdf", page(1), page(2))
        content = (one.places.documents / "plain.pdf").read_bytes()
        for name in NAMES:
            path = Path(os.fsdecode(bytes(one.places.documents) + b"/" + name))
            path.write_bytes(content)
            assert (await one.call("Describe", calls.Described, document=id_of(path))).pages == 2
            wanted = {"of": id_of(path), "version": 1, "width": 50, "height": 50}
            await one.call("Picture", calls.PictureFile, **wanted)
            await one.call("Merge", calls.Made, documents=[id_of(path), plain])


async def test_what_is_no_file_is_no_document(sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        there = one.places.documents
        os.mkfifo(there / "pipe.pdf")
        (there / "folder.pdf").mkdir()
        (tmp_path / "secret.pdf").write_bytes(b"%PDF-1.4")
        (there / "link.pdf").symlink_to(tmp_path / "secret.pdf")
        ids = [id_of(there / name) for name in ("pipe.pdf", "folder.pdf", "link.pdf")]
        status = (there / "link.pdf").lstat()
        for document in [*ids, f"{status.st_dev:x}-{status.st_ino:x}", "../secret.pdf", "", "x" * 60_000]:
            with pytest.raises(rpc.Refused, match="no_document"):
                await one.call("Describe", calls.Described, document=document)
            with pytest.raises(rpc.Refused, match="no_picture"):
                await one.call("Picture", calls.PictureFile, of=document, version=1, width=50, height=50)


async def test_a_stranger_s_document_is_opened_where_nothing_else_is(
    sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worker(sane, tmp_path, monkeypatch) as one:
        await one.scan(source="glass")
        await one.made()
        await one.call("Describe", calls.Described, document=put(one, "a.pdf", page(1)))
        outer = one.supervisor.children[2]
        assert outer is not None
        press = psutil.Process(outer).children(recursive=True)[-1]
        assert press.cmdline()[-1] == "scanner.press"
        inside = Path(f"/proc/{press.pid}/root")

        def seen(path: Path | str) -> list[str]:
            return sorted(child.name for child in (inside / str(path).lstrip("/")).iterdir())

        assert list(one.places.pages.iterdir())
        assert [seen(path) for path in (one.places.pages, "/proc", "/sys", "/run")] == [[], ["meminfo"], [], []]
        assert not {"bus", "sg0", "video0", "usb"} & set(seen("/dev"))
        networks = Path(f"/proc/{press.pid}/net/dev").read_text("ascii").splitlines()[2:]
        assert [line.split(":")[0].strip() for line in networks] == ["lo"]
        here = os.readlink("/proc/self/ns/net")
        assert os.readlink(f"/proc/{press.pid}/ns/net") != here
        mounts = [line.split() for line in Path(f"/proc/{press.pid}/mounts").read_text("utf-8").splitlines()]
        top = {point: options.split(",")[0] for _, point, _, options, *_ in mounts}  # the last lies above the others
        ours = {str(one.places.papers), str(one.places.pictures)}
        assert {point for point, how in top.items() if how == "rw" and not point.startswith("/dev")} == ours


async def test_calls_in_any_order_and_far_too_many(
    sane: Sane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for their answers; the worker is as good as new afterwards."""

    async def anyhow(one: Worker, name: str, **parameters: object) -> None:
        with contextlib.suppress(rpc.Refused, rpc.CallFailed, OSError):
            await one.call(name, dict, **parameters)

    numbers = np.random.default_rng(7)
    async with worker(sane, tmp_path, monkeypatch) as one:
        await one.scan(source="glass")
        await one.scan(source="glass")
        pages = [shown.id for shown in (await one.made()).pages] + ["", "0" * 16, "../pages"]
        plain = [{"name": name} for name in ("Scan", "StopScan", "Look", "Plugged", "Keep", "StopFit", "StopReading")]
        some = [
            *plain,
            *({"name": "Card", "on": on} for on in (True, False)),
            *({"name": name, "page": page} for name in ("Turn", "DropPage", "Retake") for page in pages),
            *({"name": "Move", "page": page, "by": by} for page in pages for by in (-60, 60)),
            *({"name": "Correct", "page": page, "correction": "cropped", "on": False} for page in pages),
            *({"name": "Picture", "of": page, "version": 1, "width": 9, "height": 9} for page in pages),
        ]
        for _ in range(6):
            chosen = [some[number] for number in numbers.integers(0, len(some), 20)]
            await asyncio.gather(*(anyhow(one, **one_call) for one_call in chosen))
        await one.call("StopScan")
        await one.until(lambda state: state.stage not in (ScanStage.LOOKING, ScanStage.SCANNING, ScanStage.KEEPING))
        await one.call("Card", on=False)
        before = {shown.id for shown in one.state.pages}
        done = await one.scan(source="glass")
        assert (done.stage, len({shown.id for shown in done.pages} - before)) == (ScanStage.DONE, 1)
        assert all(shown.picture for shown in (await one.made()).pages)
        await one.call("Keep", calls.Kept)
        await one.until(lambda state: state.pages == ())
        assert not [path for path in one.places.papers.iterdir() if path.name.startswith(".")]
