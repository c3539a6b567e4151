"""What a site is given: copies, with neutral names, in folders that nobody can guess."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import unquote

import pytest

from session.desk import given
from session.desk.given import Given


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(bytes(range(256)) * 9000)
    return path


def put(one: Given, source: Path, *names: str, page: str = "p") -> list[str]:
    files = [(os.open(source, os.O_RDONLY), name) for name in names]
    try:
        return one.put(page, files)
    finally:
        for descriptor, _ in files:
            os.close(descriptor)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "given"
    path.mkdir()
    return path


def test_copies_are_for_reading_only(directory: Path, source: Path) -> None:
    (address,) = put(Given(directory), source, "Avis d'imposition.pdf")
    assert address.startswith("file:///run/given/")
    folder, name = unquote(address).rsplit("/", 2)[1:]
    assert (len(folder), name) == (32, "Avis d'imposition.pdf")
    copy = directory / folder / name
    assert copy.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(copy.stat().st_mode) == 0o444
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o755


def test_one_name_twice_is_two_files(directory: Path, source: Path) -> None:
    addresses = put(Given(directory), source, "Lettre.pdf", "Lettre.pdf", "Lettre (2).pdf", "Lettre", "Lettre")
    names = [unquote(one).rpartition("/")[2] for one in addresses]
    assert names == ["Lettre.pdf", "Lettre (2).pdf", "Lettre (2) (2).pdf", "Lettre", "Lettre (2)"]
    assert len({one.rpartition("/")[0] for one in addresses}) == 1


def test_they_go_with_the_page(directory: Path, source: Path) -> None:
    one = Given(directory)
    put(one, source, "a", page="p1")
    put(one, source, "b", page="p2")
    one.keep_for({"p1", "p2", "p3"})
    assert len(list(directory.iterdir())) == 2
    one.keep_for({"p2"})
    assert [path.name for path in directory.glob("*/*")] == ["b"]
    # Another desk does not know whose they are: they go with the browser.
    other = Given(directory)
    other.keep_for(())
    assert len(list(directory.iterdir())) == 1
    other.clear()
    assert not list(directory.iterdir())


def test_what_does_not_fit_leaves_nothing(directory: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrote = os.write

    def full(to: int, part: bytes) -> int:
        if os.fstat(to).st_size > 1_000_000:
            raise OSError(28, "full")
        return wrote(to, part[:70_000])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="full"):
        put(Given(directory), source, "a", "b")
    assert not list(directory.iterdir())


@pytest.mark.parametrize(
    ("text", "ending", "name"),
    [
        ("Avis d'imposition", "pdf", "Avis d'imposition.pdf"),
        ("Pièce d\N{RIGHT SINGLE QUOTATION MARK}identité", "jpg", "Pièce d'identité.jpg"),
        ("attestation.PDF", "pdf", "attestation.pdf"),
        ("photo.jpeg", "jpg", "photo.jpeg.jpg"),
        ("../../etc/passwd", "pdf", "-..-etc-passwd.pdf"),
        ("..", "", "document"),
        (".caché", "", "caché"),
        ("a\0b\nc\u202ed", "pdf", "ab cd.pdf"),
        ("x" * 500, "pdf", "x" * 60 + ".pdf"),
        ("إثبات السكن", "pdf", "إثبات السكن.pdf"),
        ("", "jpg", "document.jpg"),
    ],
)
def test_names_are_neutral(text: str, ending: str, name: str) -> None:
    found = given.name(text, ending)
    assert found == name
    assert len(os.fsencode(found)) < 255
