"""The shelf: what it shows of a directory in which an untrusted browser writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from session.desk.documents import MAX_DOCUMENTS, Shelf


def test_files_and_nothing_else(tmp_path: Path) -> None:
    directory = tmp_path / "documents"
    directory.mkdir()
    (directory / "a.pdf").write_bytes(b"12345")
    (directory / "b.pdf.crdownload").write_bytes(b"1")
    (directory / ".org.chromium.x").touch()
    (directory / "sub").mkdir()
    (directory / "link.pdf").symlink_to("/etc/passwd")
    os.mkfifo(directory / "fifo")
    shelf = Shelf(directory)
    assert [(one.name, one.size, one.complete) for one in shelf.look()] == [
        ("a.pdf", 5, True),
        ("b.pdf", 1, False),
    ]


def test_ids_outlive_the_shelf_and_a_new_name(tmp_path: Path) -> None:
    (tmp_path / "x.pdf.crdownload").touch()
    (before,) = Shelf(tmp_path).look()
    (tmp_path / "x.pdf.crdownload").rename(tmp_path / "x.pdf")
    shelf = Shelf(tmp_path)
    (after,) = shelf.look()
    assert after.id == before.id
    assert after.complete
    assert shelf.path(after.id) == tmp_path / "x.pdf"
    assert shelf.path("0-0") is None
    assert shelf.path("../../etc/passwd") is None


def test_names_are_cleaned(tmp_path: Path) -> None:
    (tmp_path / "facture\u202efdp.exe").touch()
    (tmp_path / "a\nb\x1b[31m.pdf").touch()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.pdf")).touch()
    (tmp_path / ("n" * 200)).touch()
    (tmp_path / "\u202e").touch()
    names = {one.name for one in Shelf(tmp_path).look()}
    assert names == {"facturefdp.exe", "a b[31m.pdf", "\ufffd\ufffd.pdf", "n" * 79 + "…", "document"}


def test_only_the_newest_are_shown(tmp_path: Path) -> None:
    for number in range(MAX_DOCUMENTS + 5):
        path = tmp_path / f"{number}"
        path.touch()
        os.utime(path, ns=(0, number))
    found = Shelf(tmp_path).look()
    assert [one.name for one in found] == [str(number) for number in range(5, MAX_DOCUMENTS + 5)]


def test_a_directory_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert Shelf(tmp_path / "gone").look() == ()


GUID = "0d1e2f30-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("attestation.pdf", "attestation (2).pdf"),
        ("avis", "avis"),
        ("", "document"),
        ("x.crdownload", "x"),
        ("../../etc/passwd", "-..-etc-passwd"),
        ("a\n\u202eb.PDF", "a b.pdf"),
        ("x" * 300 + ".pdf", "x" * 60 + ".pdf"),
    ],
)
def test_a_download_gets_the_name_that_its_site_gives_it(tmp_path: Path, said: str, named: str) -> None:
    (tmp_path / "attestation.pdf").write_bytes(b"first")
    (tmp_path / GUID).write_bytes(b"second")
    shelf = Shelf(tmp_path)
    assert {one.name for one in shelf.look()} == {"attestation.pdf", "document"}
    shelf.name(GUID, said)
    assert (tmp_path / "attestation.pdf").read_bytes() == b"first"
    assert (tmp_path / named).read_bytes() == b"second"


def test_only_a_download_is_named(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "other").write_bytes(b"other")
    shelf = Shelf(tmp_path / "in")
    for wrong in ("../other", "other", GUID):
        shelf.name(wrong, "taken.pdf")
    assert (tmp_path / "other").read_bytes() == b"other"
    assert list((tmp_path / "in").iterdir()) == []
