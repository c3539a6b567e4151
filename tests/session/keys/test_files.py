"""What is offered of a key's files: of a directory that is as hostile as a file system can make it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from session.keys import files
from session.keys.reader import plain
from session.papers import MAX_KEY_FILES, MAX_NAME
from tests.session.keys.key import JPG, PDF, PNG, fill


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    (tmp_path / "key" / "0").mkdir(parents=True)
    return tmp_path / "key" / "0"


def names(volume: Path) -> list[str]:
    return sorted(file.name for file in files.look(volume.parent)[0])


def test_pdfs_and_pictures_by_ending_and_by_content(volume: Path) -> None:
    webp = b"RIFF\0\0\0\0WEBPVP8 "
    fill(
        volume,
        {
            "a.pdf": PDF, "B.PDF": PDF, "c.jpeg": JPG, "d.png": PNG, "e.webp": webp, "f.gif": b"GIF89a...",
            "g.tif": b"II*\0....", "h.bmp": b"BM......", "i.pdf": JPG, "lies.pdf": b"MZ this is a program",
            "j.exe": PDF, "k": PDF, "l.pdf.lnk": PDF, "m.pdf": b"", "n.doc": PDF, "o.heic": b"\0\0\0\x18ftypheic",
        },
    )  # fmt: skip
    # A photograph that somebody called .pdf is a photograph.
    assert names(volume) == ["B.PDF", "a.pdf", "c.jpeg", "d.png", "e.webp", "f.gif", "g.tif", "h.bmp", "i.pdf"]
    kinds = {file.name: file.kind for file in files.look(volume.parent)[0]}
    assert (kinds["i.pdf"], kinds["c.jpeg"]) == ("jpg", "jpg")


def test_links_and_special_files_are_not_there(volume: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(PDF)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "other.pdf").write_bytes(PDF)
    (volume / "link.pdf").symlink_to(secret)
    (volume / "up").symlink_to(tmp_path / "elsewhere")
    (volume / "itself").symlink_to(".")
    os.mkfifo(volume / "pipe.pdf")
    os.mknod(volume / "disk.pdf", 0o600 | 0o060000, os.makedev(7, 0))
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(volume / "socket.pdf"))
    (volume / "directory.pdf").mkdir()
    (volume / "real.pdf").write_bytes(PDF)
    assert names(volume) == ["real.pdf"]


def test_a_file_that_became_a_link_is_not_opened(volume: Path, tmp_path: Path) -> None:
    fill(volume, {"d/a.pdf": PDF})
    [found] = files.look(volume.parent)[0]
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.pdf").write_bytes(PDF)
    (volume / "d" / "a.pdf").unlink()
    (volume / "d").rmdir()
    (volume / "d").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="Not a directory"):
        files.open_file(found.volume, found.parts)


def test_hidden_and_system_folders_are_not_entered(volume: Path) -> None:
    hidden = (".Trash-1000", "System Volume Information", "$RECYCLE.BIN", "FOUND.000", "__MACOSX", "LOST.DIR")
    fill(volume, {f"{folder}/a.pdf": PDF for folder in hidden})
    fill(volume, {".hidden.pdf": PDF, "._a.pdf": PDF, "~$a.pdf": PDF, "Documents/b.pdf": PDF})
    assert names(volume) == ["b.pdf"]


def test_names_in_any_encoding_are_fit_to_be_shown(volume: Path) -> None:
    fill(
        volume,
        {
            "reçu.pdf": PDF, "ملف.pdf": PDF, b"caf\xe9.pdf": PDF, "two\nlines.pdf": PDF, "\u202efdp.exe.pdf": PDF,
            "\x1b[31mred.pdf": PDF, " .pdf": PDF, b"\xff\xfe\x80.pdf": PDF, "x" * 250 + ".pdf": PDF,
        },
    )  # fmt: skip
    shown = names(volume)
    assert len(shown) == 9
    assert {"reçu.pdf", "ملف.pdf", "caf�.pdf", "two lines.pdf", "fdp.exe.pdf", "[31mred.pdf", ".pdf"} <= set(shown)
    assert all(0 < len(name) <= MAX_NAME and name.isprintable() for name in shown)
    for file in files.look(volume.parent)[0]:
        os.close(files.open_file(file.volume, file.parts))


def test_the_newest_are_offered_and_it_is_said_that_there_are_more(volume: Path) -> None:
    for number in range(MAX_KEY_FILES + 5):
        fill(volume, {f"{number:03}.pdf": PDF})
        os.utime(volume / f"{number:03}.pdf", (1_000_000 + number, 1_000_000 + number))
    found, more = files.look(volume.parent)
    assert more
    assert [file.name for file in found] == [f"{number:03}.pdf" for number in range(MAX_KEY_FILES + 4, 4, -1)]
    for number in range(5):
        (volume / f"{number:03}.pdf").unlink()
    assert not files.look(volume.parent)[1]


def test_looking_has_an_end(volume: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "/".join("d" * 20)
    fill(volume, {f"{deep}/far.pdf": PDF, "top.pdf": PDF})
    found, more = files.look(volume.parent)
    assert ([file.name for file in found], more) == (["top.pdf"], True)
    assert files.look(volume.parent, seconds=-1)[1]
    monkeypatch.setattr(files, "MAX_ENTRIES", 10)
    fill(volume, {f"many/{number}.pdf": PDF for number in range(50)})
    assert files.look(volume.parent)[1]


def test_a_key_that_cannot_be_looked_at_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no volume"):
        files.look(tmp_path)
    (tmp_path / "0").write_bytes(b"no directory")
    with pytest.raises(OSError, match="Not a directory"):
        files.look(tmp_path)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Avis d'imposition.pdf", "Avis d'imposition.pdf"),
        ('a/b\\c:d*e?f"g<h>i|j.pdf', "a-b-c-d-e-f-g-h-i-j.pdf"),
        ("../../x.pdf", "-..-x.pdf"),
        ("tab\there.pdf", "tab-here.pdf"),
        (" . ", "document"),
        ("é" * 300, "é" * 150),
    ],
)
def test_names_that_every_key_takes(name: str, written: str) -> None:
    assert plain(name) == written
