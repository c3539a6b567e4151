"""Lines as rows, and the file of a page."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.libsane import Frame, Parameters
from scanner.raster import HEADER, PageFile, Raster, read_header
from scanner.rows import Rows


def parameters(frame: Frame = Frame.GRAY, line: int = 4, width: int = 4, depth: int = 8) -> Parameters:
    return Parameters(frame, True, line, width, -1, depth)


def through(rows: Rows, data: bytes, step: int) -> bytes:
    return b"".join(bytes(rows.take(memoryview(data)[at : at + step])) for at in range(0, len(data), step))


@pytest.mark.parametrize("step", [1, 3, 4, 100])
@pytest.mark.parametrize(
    ("shape", "data", "expected"),
    [
        (parameters(), b"abcdefgh", b"abcdefgh"),
        (parameters(line=6), b"abcd..efgh..", b"abcdefgh"),
        (parameters(line=8, depth=16), b".a.b.c.d", b"abcd"),
        (parameters(line=1, width=4, depth=1), b"\xa0\x50", b"\0\xff\0\xff\xff\0\xff\0"),
        (parameters(Frame.RGB, line=7, width=2), b"abcdef.ghijkl.", b"abcdefghijkl"),
    ],
)
def test_lines_become_rows(shape: Parameters, data: bytes, expected: bytes, step: int) -> None:
    rows = Rows(shape)
    assert through(rows, data, step) == expected
    assert not rows.broken
    assert rows.count == len(data) // shape.bytes_per_line
    rows.take(memoryview(b"x"))
    assert rows.broken is (shape.bytes_per_line > 1)


@pytest.mark.parametrize(
    "shape",
    [
        parameters(Frame.RED),
        parameters(depth=12),
        parameters(line=3),
        parameters(Frame.RGB, line=100, depth=1),
    ],
)
def test_what_cannot_be_read_is_refused(shape: Parameters) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Rows(shape)


def test_a_file_is_a_page_only_when_it_is_whole(tmp_path: Path) -> None:
    file = PageFile(tmp_path, "one", 2, 3, 300.0)
    file.write(b"abcdef" * 2)
    part = tmp_path / "one.part"
    with pytest.raises(ValueError, match="no page"):
        read_header(part)
    file.keep(2)
    assert not part.exists()
    whole = tmp_path / "one.raw"
    assert read_header(whole) == Raster(2, 2, 3, 300.0)
    assert whole.read_bytes()[HEADER:] == b"abcdef" * 2
    whole.write_bytes(whole.read_bytes()[:-1])
    with pytest.raises(ValueError, match="not whole"):
        read_header(whole)


def test_a_page_that_is_dropped_leaves_nothing(tmp_path: Path) -> None:
    file = PageFile(tmp_path, "one", 2, 1, 300.0)
    file.write(b"ab")
    file.drop()
    assert list(tmp_path.iterdir()) == []
