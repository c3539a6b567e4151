"""Receipts on a real file: what a power cut or a hand does to them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from session import receipts, records
from session.model import EndReason
from session.receipts import ORIGIN, Anchor, AnchorReason, Flaw
from session.records import (
    Check,
    CheckResult,
    Records,
    Step,
    summary,
    verify_chain,
)
from tests.session.filing import BOOT, add, filled


def test_a_receipt_says_what_was_done(tmp_path: Path) -> None:
    store = Records(tmp_path / "state", BOOT)
    receipt = add(store, 7)
    assert (receipt.number, receipt.generation, receipt.boot) == (1, 7, BOOT)
    assert receipt.ended_at == "2026-11-21T22:58:05Z"
    assert receipt.previous == ORIGIN
    assert store.latest == receipt
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert store.path.stat().st_mode & 0o777 == 0o600
    said = summary(receipt)
    assert (said.verified, said.ended_at, said.milliseconds, said.reason, said.receipt) == (
        True,
        1_795_301_885.0,
        412,
        EndReason.VISITOR,
        receipt.hash[:12],
    )


def test_the_hash_can_be_checked_without_us(tmp_path: Path) -> None:
    store = Records(tmp_path, BOOT)
    add(store)
    add(store)
    previous = ORIGIN
    for line in store.path.read_text("ascii").splitlines()[1:]:
        content = json.loads(line)
        stated = content.pop("hash")
        assert content["previous"] == previous
        plain = json.dumps(content, sort_keys=True, separators=(",", ":"))
        previous = hashlib.sha256(plain.encode()).hexdigest()
        assert previous == stated


def test_the_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    first = add(Records(tmp_path, BOOT))
    store = Records(tmp_path, "ffffffff")
    assert store.latest == first
    second = add(store)
    assert (second.number, second.previous, second.boot) == (2, first.hash, "ffffffff")
    chain = store.verify()
    assert (chain.receipts, chain.last_hash, chain.broken) == (2, second.hash, None)
    assert store.broken is None


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": [Step("kill /home/marie", 1, True)]},
        {"checks": [Check("files", CheckResult.FAILED, "impots.gouv.fr")]},
        {"checks": [Check("x" * 33, CheckResult.OK)]},
        {"generation": -1},
        {"milliseconds": "1"},
        {"reason": "marie"},
    ],
)
def test_nothing_but_codes_and_numbers_is_taken(tmp_path: Path, changes: dict[str, object]) -> None:
    store = Records(tmp_path, BOOT)
    with pytest.raises(ValueError, match=r"^a receipt holds codes and numbers only: ") as caught:
        add(store, **changes)  # type: ignore[arg-type]
    assert "marie" not in str(caught.value) or changes.get("reason")
    assert store.verify().receipts == 0
    assert add(store).number == 1


def test_boot_mark_tells_boots_apart_and_not_the_boot_id(tmp_path: Path) -> None:
    boot_id = tmp_path / "boot_id"
    boot_id.write_text("5e6c7e3c-8a3d-4b8e-9f6a-2f4b5c1d0e9f\n")
    mark = records.boot_mark(boot_id)
    assert len(mark) == 8
    assert mark not in boot_id.read_text()
    boot_id.write_text("5e6c7e3c-8a3d-4b8e-9f6a-2f4b5c1d0e90\n")
    assert records.boot_mark(boot_id) != mark
    assert len(records.boot_mark()) == 8


@settings(max_examples=60, deadline=None, database=None)
@given(st.data())
def test_a_power_cut_at_any_byte_costs_the_last_receipt_at_most(data: st.DataObject) -> None:
    with filled(2) as (directory, written):
        path = directory / records.FILE
        whole = path.read_bytes()
        kept = [line + b"\n" for line in whole.split(b"\n")[:3]]
        size = data.draw(st.integers(len(kept[0] + kept[1]), len(whole)))
        # Some file systems have the new length before the new data.
        zeros = data.draw(st.booleans())
        path.write_bytes(whole[:size] + b"\0" * (len(whole) - size) if zeros else whole[:size])
        store = Records(directory, BOOT)
        assert store.broken is None
        survivors = written if size == len(whole) else written[:1]
        assert store.latest == survivors[-1]
        assert add(store).previous == survivors[-1].hash
        assert verify_chain(path).receipts == len(survivors) + 1


def test_a_last_line_with_nuls_was_torn_even_if_it_has_an_end(tmp_path: Path) -> None:
    store = Records(tmp_path, BOOT)
    receipt = add(store)
    with store.path.open("ab") as file:
        file.write(b'{"boot":"01' + b"\0" * 300 + b"\n")
    store = Records(tmp_path, BOOT)
    assert (store.broken, store.latest) == (None, receipt)


def test_cutting_off_a_torn_line_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Records(tmp_path, BOOT)
    add(store)
    with store.path.open("ab") as file:
        file.write(b'{"boot"')
    Records(tmp_path, BOOT)
    assert caplog.messages == [f"{store.path}: cut off 7 bytes of a torn last receipt"]


@settings(max_examples=120, deadline=None, database=None)
@given(st.data())
def test_a_change_of_any_byte_is_noticed(data: st.DataObject) -> None:
    with filled(3) as (directory, _):
        path = directory / records.FILE
        content = bytearray(path.read_bytes())
        place = data.draw(st.integers(0, len(content) - 2))
        byte = data.draw(st.integers(1, 255).filter(lambda value: value != content[place]))
        content[place] = byte
        path.write_bytes(content)
        chain = verify_chain(path)
        assert chain.broken is not None
        assert chain.receipts <= 2


@settings(max_examples=40, deadline=None, database=None)
@given(st.permutations(range(4)), st.integers(0, 4))
def test_lines_that_were_moved_or_dropped_are_noticed(order: list[int], length: int) -> None:
    with filled(4) as (directory, _):
        path = directory / records.FILE
        anchor, *lines = path.read_bytes().splitlines(keepends=True)
        left = order[:length]
        path.write_bytes(anchor + b"".join(lines[number] for number in left))
        # What was cut off the end cannot be noticed from the file alone.
        assert (verify_chain(path).broken is None) == (left == list(range(length)))


@pytest.mark.parametrize(
    ("find", "put", "number", "flaw", "words"),
    [
        (
            b'"milliseconds":412,"number":2',
            b'"milliseconds":411,"number":2',
            2,
            Flaw.CONTENT,
            "receipt 2: its content does not match its hash: it was changed",
        ),
        (
            b'"verified":true}\n{"boot":"0123abcd","checks":[]',
            b'"verified":true}\nrubbish\n{"boot":"0123abcd","checks":[]',
            3,
            Flaw.UNREADABLE,
            "receipt 3: it is not a receipt as Marchepied writes them",
        ),
        (b'{"anchor"', b'{"ancre"', 0, Flaw.ANCHOR, "the first line is not an anchor"),
    ],
)
def test_a_broken_chain_is_kept_aside_and_a_new_one_begun(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    find: bytes,
    put: bytes,
    number: int,
    flaw: Flaw,
    words: str,
) -> None:
    store = Records(tmp_path, BOOT)
    add(store), add(store), add(store, checks=[])
    content = store.path.read_bytes()
    assert find in content
    store.path.write_bytes(content.replace(find, put))
    store = Records(tmp_path, BOOT)
    assert store.broken is not None
    assert (store.broken.number, store.broken.flaw, str(store.broken)) == (number, flaw, words)
    assert store.kept_aside == tmp_path / "receipts.broken-1.jsonl"
    assert store.kept_aside.read_bytes() == content.replace(find, put)
    assert caplog.messages == [f"{store.path}: {words}; kept as receipts.broken-1.jsonl, a new chain begins"]
    receipt = add(store)
    assert receipt.number >= 4, "a number is never given twice"
    assert receipt.previous == ORIGIN
    again = Records(tmp_path, BOOT)
    assert again.broken is None
    assert again.verify().anchor.anchor is AnchorReason.AFTER_BREAK


def test_broken_files_are_bounded(tmp_path: Path) -> None:
    for _ in range(records.BROKEN_KEPT + 2):
        Records(tmp_path, BOOT)
        (tmp_path / records.FILE).write_bytes(b"rubbish\n")
    Records(tmp_path, BOOT)
    kept = sorted(path.name for path in tmp_path.glob("receipts.broken-*"))
    assert kept == [f"receipts.broken-{number}.jsonl" for number in range(3, 8)]


def test_a_broken_file_cannot_use_up_the_numbers(tmp_path: Path) -> None:
    store = Records(tmp_path, BOOT)
    anchor = Anchor(AnchorReason.ROTATED, 2**53 - 1, ORIGIN)
    store.path.write_bytes(receipts.canonical(anchor) + b"\nrubbish\n")
    assert add(Records(tmp_path, BOOT)).number == records.HIGHEST_TRUSTED + 1


def test_a_link_is_checked_even_when_hashes_were_made_to_fit(tmp_path: Path) -> None:
    store = Records(tmp_path, BOOT)
    first, second = add(store), add(store)
    forged = msgspec.structs.replace(first, verified=False)
    forged = msgspec.structs.replace(forged, hash=receipts.digest(forged))
    assert receipts.find_break([forged, second], 0, ORIGIN) == receipts.Break(2, Flaw.LINK)
    skipped = msgspec.structs.replace(second, previous=ORIGIN)
    skipped = msgspec.structs.replace(skipped, hash=receipts.digest(skipped))
    assert receipts.find_break([skipped], 0, ORIGIN) == receipts.Break(1, Flaw.NUMBER)
