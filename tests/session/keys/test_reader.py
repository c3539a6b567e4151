"""The reader by itself, on a directory: what the desk may ask, and what it must not be made to do."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from session import wire
from session.keys import exchange, reader
from session.keys.exchange import Answer, Ask
from session.keys.reader import Reader
from session.papers import KeyProblem
from tests.session.keys.key import PDF, fill


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    (tmp_path / "key" / "0").mkdir(parents=True)
    return tmp_path / "key" / "0"


class Talk:
    def __init__(self, key: Path) -> None:
        self.reader = Reader(key)
        self.told: list[Answer] = []

    def ask(self, ask: Ask, file: int | None = None) -> Answer:
        return self.reader.answer(ask, file, self.told.append)


@pytest.fixture
def talk(volume: Path) -> Talk:
    return Talk(volume.parent)


def test_only_what_was_shown_can_be_taken(talk: Talk, volume: Path, tmp_path: Path) -> None:
    fill(volume, {"a.pdf": PDF})
    into = os.open(tmp_path / "into", os.O_RDWR | os.O_CREAT)
    for file in ("0", "", "a.pdf", "../../etc/passwd"):
        assert talk.ask(Ask("take", file=file), into).problem is KeyProblem.FAILED
    [shown] = talk.ask(Ask("look")).files
    answer = talk.ask(Ask("take", file=shown.id), into)
    assert (answer.kind, answer.so_far, answer.digest) == ("pdf", len(PDF), hashlib.sha256(PDF).hexdigest())
    assert os.pread(into, 1 << 20, 0) == PDF
    os.close(into)
    assert talk.ask(Ask("take", file=shown.id)).problem is KeyProblem.FAILED, "without a file to write into"


def test_a_file_that_changed_since_it_was_shown_is_not_taken(talk: Talk, volume: Path, tmp_path: Path) -> None:
    fill(volume, {"a.pdf": PDF, "b.pdf": PDF, "c.pdf": PDF})
    numbers = {file.name: file.id for file in talk.ask(Ask("look")).files}
    (volume / "a.pdf").write_bytes(b"MZ" + PDF)
    (volume / "b.pdf").write_bytes(PDF[:100])
    (volume / "c.pdf").unlink()
    into = os.open(tmp_path / "into", os.O_RDWR | os.O_CREAT)
    for name in numbers:
        assert talk.ask(Ask("take", file=numbers[name]), into).problem is KeyProblem.UNREADABLE
    os.close(into)


def test_a_file_without_end_is_not_taken(
    talk: Talk, volume: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MAX_TAKEN", 1000)
    fill(volume, {"a.pdf": PDF})
    [shown] = talk.ask(Ask("look")).files
    into = os.open(tmp_path / "into", os.O_RDWR | os.O_CREAT)
    assert talk.ask(Ask("take", file=shown.id), into).problem is KeyProblem.LARGE
    assert os.fstat(into).st_size == 0
    os.close(into)


def test_a_copy_is_a_new_folder_and_overwrites_nothing(talk: Talk, volume: Path, tmp_path: Path) -> None:
    (volume / "Copy").write_bytes(b"a file of that name")
    fill(volume, {"Copy (2)/a.pdf": b"theirs"})
    (tmp_path / "source").write_bytes(PDF)
    folder = talk.ask(Ask("begin", folder="Copy", size=len(PDF))).name
    assert folder == "Copy (3)"
    names = []
    for _ in range(2):
        source = os.open(tmp_path / "source", os.O_RDONLY)
        answer = talk.ask(Ask("put", name="../a.pdf"), source)
        os.close(source)
        assert answer.digest == hashlib.sha256(PDF).hexdigest()
        names.append(answer.name)
    assert names == ["-a.pdf", "-a (2).pdf"]
    assert talk.told[-1].so_far == len(PDF)
    assert talk.ask(Ask("settle")).problem is None
    assert talk.ask(Ask("check", folder=folder, name=names[1])).digest == hashlib.sha256(PDF).hexdigest()
    assert talk.ask(Ask("check", folder=folder, name="none.pdf")).problem is KeyProblem.FAILED
    assert talk.ask(Ask("check", folder="../..", name="source")).problem is KeyProblem.FAILED
    assert talk.ask(Ask("drop")).problem is None
    assert not (volume / folder).exists()
    assert (volume / "Copy (2)" / "a.pdf").read_bytes() == b"theirs"
    assert sorted(path.name for path in volume.iterdir()) == ["Copy", "Copy (2)"]


def test_what_cannot_be_is_said(talk: Talk) -> None:
    assert talk.ask(Ask("begin", folder="x", size=1 << 60)).problem is KeyProblem.FULL
    for wrong in (Ask("settle"), Ask("put", name="a.pdf"), Ask("take", file="1")):
        assert talk.ask(wrong).problem is KeyProblem.FAILED
    assert talk.ask(Ask("drop")).problem is None


def test_messages_come_whole_or_not_at_all(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    before = set(os.listdir("/proc/self/fd"))
    with ours, theirs, (tmp_path / "file").open("wb") as file:
        exchange.send(ours, Ask("take", file="1"), file.fileno())
        received = exchange.receive(theirs, Ask)
        assert received is not None
        ask, descriptor = received
        assert descriptor is not None
        assert (ask.file, os.fstat(descriptor).st_ino) == ("1", os.fstat(file.fileno()).st_ino)
        os.close(descriptor)
        for data, files in ((b'{"do":"look"}\0', [file.fileno()] * 2), (b"no message", [file.fileno()]), (b"{}\0", [])):
            socket.send_fds(ours, [data], files)
            with pytest.raises(wire.WireError):
                exchange.receive(theirs, Ask)
        ours.close()
        assert exchange.receive(theirs, Ask) is None
    assert set(os.listdir("/proc/self/fd")) <= before
