"""The file of the receipts: how long it gets, how it is read in pages, and a disk that is full or that is no help."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from session import records, wire
from session.receipts import Anchor, AnchorReason
from session.records import Check, CheckResult, Receipt, ReceiptsQuery, Records, RecordsError, verify_chain
from tests.session.filing import BOOT, add


def test_the_file_is_bounded_and_its_chain_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "MOST", 10)
    monkeypatch.setattr(records, "KEPT", 4)
    store = Records(tmp_path, BOOT)
    written = [add(store, number) for number in range(24)]
    chain = store.verify()
    assert chain.broken is None
    assert chain.anchor == Anchor(AnchorReason.ROTATED, 14, written[13].hash)
    assert (chain.receipts, chain.last_number, chain.last_hash) == (10, 24, written[-1].hash)
    assert Records(tmp_path, BOOT).latest == written[-1]
    assert [path.name for path in tmp_path.iterdir()] == [records.FILE]


def test_a_rotation_that_fails_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(records, "MOST", 3)
    monkeypatch.setattr(records, "KEPT", 2)
    store = Records(tmp_path, BOOT)
    (tmp_path / f"{records.FILE}.new").mkdir()
    for _ in range(5):
        add(store)
    assert store.verify().receipts == 5
    assert len(caplog.messages) == 2
    (tmp_path / f"{records.FILE}.new").rmdir()
    add(store)
    chain = store.verify()
    assert (chain.receipts, chain.last_number, chain.broken) == (2, 6, None)


def test_a_page_fits_in_a_frame_and_the_next_one_goes_on(tmp_path: Path) -> None:
    store = Records(tmp_path, BOOT)
    checks = [
        Check(f"check_{number}", CheckResult.OK, "nothing_was_found_anywhere", 1000) for number in range(60)
    ]
    written = [add(store, checks=checks) for _ in range(20)]
    found: list[Receipt] = []
    pages = 0
    while page := store.page(ReceiptsQuery(20, found[0].number if found else None)).receipts:
        assert len(wire.encode({"parameters": records.ReceiptsPage(page)})) < wire.MAX_FRAME
        found[:0] = page
        pages += 1
    assert found == written
    assert pages > 1


def test_a_page_has_the_newest_first_asked_and_oldest_first_given(tmp_path: Path) -> None:
    store = Records(tmp_path, BOOT)
    assert store.page().receipts == ()
    written = [add(store) for _ in range(15)]
    assert list(store.page().receipts) == written[-10:]
    assert list(store.page(ReceiptsQuery(2)).receipts) == written[-2:]
    assert list(store.page(ReceiptsQuery(2, 5)).receipts) == written[2:4]
    assert store.page(ReceiptsQuery(5, 1)).receipts == ()


def test_a_page_of_a_changed_file_is_refused(tmp_path: Path) -> None:
    store = Records(tmp_path, BOOT)
    add(store)
    store.path.write_bytes(store.path.read_bytes() + b"rubbish\n")
    with pytest.raises(RecordsError) as caught:
        store.page()
    assert str(caught.value) == f"{store.path} was changed by another hand: restart Marchepied to check it"
    assert add(store).number == 3
    assert store.broken is not None, "the next receipt looks first"


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_is_said_and_leaves_the_chain_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    store = Records(tmp_path, BOOT)
    first = add(store)
    real = os.write

    def half(descriptor: int, data: bytes) -> int:
        if len(data) < 300:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[: len(data) // 2])

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, call, half if call == "write" else refuse)
        with pytest.raises(RecordsError) as caught:
            add(store)
    assert str(caught.value) == (
        f"cannot write the receipts {store.path}: the disk is full: free some space on it"
    )
    assert store.latest == first
    assert store.verify().receipts == 1
    assert add(store).previous == first.hash


def test_a_file_that_somebody_removed_is_begun_anew(tmp_path: Path) -> None:
    store = Records(tmp_path, BOOT)
    add(store)
    store.path.unlink()
    assert add(store).number == 2
    assert store.verify().anchor.anchor is AnchorReason.AFTER_BREAK


def test_a_directory_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordsError) as caught:
        Records(tmp_path / "file" / "state", BOOT)
    path = tmp_path / "file" / "state" / records.FILE
    assert str(caught.value) == f"cannot open the receipts {path}: a part of this path is not a directory"
    with pytest.raises(RecordsError) as caught:
        Records(tmp_path / "file", BOOT)
    assert "something that is not a directory is in the way" in str(caught.value)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (
            errno.EACCES,
            "permission denied: the directory must belong to the user that Marchepied runs as (root)",
        ),
        (errno.EROFS, "the file system is read-only: check the disk and remount it"),
        (errno.EDQUOT, "the disk quota is used up: free some space"),
        (errno.EPERM, "not permitted: check the file's attributes (lsattr)"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_a_directory_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        broken.setattr(os, "open", refuse)
        with pytest.raises(RecordsError) as caught:
            Records(tmp_path, BOOT)
    assert str(caught.value) == f"cannot open the receipts {tmp_path / records.FILE}: {said}"


def test_receipts_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match=r"^cannot read the receipts .*: No such file or directory$"):
        verify_chain(tmp_path / "none")
