"""What nobody should bring: refused by a code, soon, for little memory; or opened without its dangers."""

from __future__ import annotations

import io
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pikepdf
import pytest
from PIL import Image

from scanner.document import children
from scanner.document.brought import pages_of, picture
from scanner.document.model import MAX_BYTES, Fitted, Refusal, Refused, Stopped
from scanner.document.parts import merge
from scanner.document.render import render
from scanner.document.smaller import fit
from tests.scanner.document import brought_files, maker

Files = Callable[..., BinaryIO]


CATALOG = b"<</Type /Catalog /Pages 2 0 R>>"


def refused(work: Callable[[], object]) -> Refusal:
    with pytest.raises(Refused) as error:
        work()
    return error.value.code


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", Refusal.EMPTY),
        (b"MZ\x90\x00 a program", Refusal.KIND),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Refusal.KIND),
        (b"GIF89a" + bytes(100), Refusal.KIND),
        (b"II*\x00" + bytes(100), Refusal.KIND),
        (b"\x00\x00\x00\x18ftypheic" + bytes(100), Refusal.KIND),
        (b"%PDF-1.7\n" + bytes(5000), Refusal.BROKEN),
        (b"\xff\xd8\xff\xe0" + bytes(5000), Refusal.BROKEN),
        (b"\x89PNG\r\n\x1a\n" + bytes(5000), Refusal.BROKEN),
        (brought_files.locked(), Refusal.LOCKED),
        (brought_files.png_of(60_000, 60_000), Refusal.TOO_LARGE),
        (brought_files.many_pages(100_000), Refusal.TOO_MANY_PAGES),
        (brought_files.many_pages(100_000, told=1), Refusal.TOO_MANY_PAGES),
        (brought_files.bare([CATALOG, b"<</Type /Pages /Count 0 /Kids []>>"]), Refusal.EMPTY),
        (brought_files.bare([CATALOG, b"<</Type /Pages /Count 1 /Kids [2 0 R]>>"]), None),
        (brought_files.bare([b"<</Type /Catalog /Pages 1 0 R>>"]), None),
        (brought_files.bare([b"[" * 3000 + b"]" * 3000]), Refusal.BROKEN),
    ],
    ids=lambda one: one if isinstance(one, str) else None,
)
def test_it_is_refused_by_a_code(content: bytes, code: Refusal | None, file: Files) -> None:
    untrusted = file("in", content)
    works: list[Callable[[], object]] = [lambda: pages_of(untrusted)]
    if len(content) < 1 << 20:  # the largest take a second to be parsed, and all begin with that
        works += [lambda: fit(untrusted, 1000, io.BytesIO()), lambda: merge([untrusted], io.BytesIO())]
    for work in works:
        assert refused(work) in ((code,) if code else (Refusal.BROKEN, Refusal.EMPTY))


def pages_or_refusal(untrusted: BinaryIO) -> int | Refusal:
    try:
        return pages_of(untrusted)
    except Refused as error:
        return error.code


@pytest.mark.parametrize("kind", ["pdf", "jpg", "png"])
def test_a_file_that_was_cut_off_is_refused_or_opened_but_never_worse(kind: str, file: Files) -> None:
    out = io.BytesIO()
    if kind == "pdf":
        out.write(brought_files.report())
    else:
        Image.fromarray(maker.photo(300, 200)).save(out, {"jpg": "JPEG", "png": "PNG"}[kind])
    whole = out.getvalue()
    for tenths in range(1, 10):
        untrusted = file("in", whole[: len(whole) * tenths // 10])
        if kind == "pdf":
            assert pages_or_refusal(untrusted) in (1, 2, Refusal.BROKEN, Refusal.EMPTY)
        else:
            assert refused(lambda untrusted=untrusted: picture(untrusted)) is Refusal.BROKEN  # type: ignore[misc]


def test_more_bytes_than_are_opened_are_not_opened(tmp_path: Path) -> None:
    with open(tmp_path / "in", "w+b") as untrusted:
        untrusted.write(b"%PDF-1.4\n")
        untrusted.truncate(MAX_BYTES + 1)
        assert refused(lambda: pages_of(untrusted)) is Refusal.TOO_LARGE


def test_what_it_should_not_bring_is_gone(file: Files, tmp_path: Path) -> None:
    loaded = brought_files.saved(brought_files.loaded())
    for mark in (b"MARK-JS", b"MARK-LAUNCH", b"MARK-XMP", b"MARK-AUTHOR", b"MARK-CLIP", b"MARK-NAME", b"MARK-FILE"):
        assert mark in loaded, "else this test looks for nothing"
    merge([file("in.pdf", loaded)], file("out.pdf"))
    with pikepdf.open(tmp_path / "out.pdf") as pdf:
        pdf.save(tmp_path / "plain.pdf", compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.disable,
                 stream_decode_level=pikepdf.StreamDecodeLevel.all)  # fmt: skip
        assert len(pdf.pages) == 2
        links = [one.A for one in pdf.pages[1].obj.Annots if "/A" in one]
        assert [bytes(one.URI) for one in links] == [b"https://a.example", b"https://b.example"]
        assert all("/Next" not in one for one in links)
    plain = (tmp_path / "plain.pdf").read_bytes()
    assert b"MARK" not in plain
    assert b"JavaScript" not in plain
    assert b"EmbeddedFile" not in plain


def test_a_picture_that_swells_is_left_alone(file: Files, tmp_path: Path) -> None:
    """It says 64 by 64, and is a gigabyte of zeros once it is inflated."""
    packer = zlib.compressobj(9)
    packed = b"".join([*(packer.compress(bytes(1 << 24)) for _ in range(64)), packer.flush()])
    pdf = brought_files.written(1)
    picture = brought_files.flate_stream(pdf, 64, 64, b"")
    picture.write(packed, filter=pikepdf.Name.FlateDecode)
    brought_files.with_picture(pdf, 0, picture, "P1", (10, 10, 50, 50))
    brought_files.with_picture(pdf, 0, brought_files.jpeg_stream(pdf, 900, 700), "P2", (100, 10, 180, 140))
    (tmp_path / "in.pdf").write_bytes(brought_files.saved(pdf))
    script = (
        "import io, resource, sys\n"
        "from scanner.document.smaller import fit\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\n"
        "out = io.BytesIO()\n"
        "print(type(fit(open(sys.argv[1], 'rb'), int(sys.argv[2]), out)).__name__)\n"
    )
    size = (tmp_path / "in.pdf").stat().st_size
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "in.pdf"), str(size - 50_000)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "Fitted", done.stderr


def test_a_page_that_takes_for_ever_to_draw_is_given_up(file: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanner.document.render._SECONDS", 1)
    tiles = b"<</Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 1 1] /XStep .01 /YStep .01 " \
            b"/Resources <<>> /Length 21>>\nstream\n1 0 0 rg 0 0 1 1 re f\nendstream"  # fmt: skip
    nested = [
        b"<</Type /XObject /Subtype /Form /BBox [0 0 900 900] /Resources <</XObject <</F %d 0 R>>>> /Length %d>>\n"
        b"stream\n%s\nendstream" % (number + 1, len(b"/F Do " * 12), b"/F Do " * 12)
        for number in range(4, 14)
    ]
    page = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R /Resources <</XObject <</F 5 0 R>> " \
           b"/Pattern <</P 15 0 R>>>>>>"  # fmt: skip
    objects = [b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Count 1 /Kids [3 0 R]>>", page, *nested, tiles]
    objects[3] = b"<</Length 5>>\nstream\n/F Do\nendstream"
    last = b"/Pattern cs /P scn 0 0 600 800 re f "
    objects[-2] = b"<</Type /XObject /Subtype /Form /BBox [0 0 900 900] /Length %d>>\nstream\n%s\nendstream" % (
        len(last), last,
    )  # fmt: skip
    untrusted = file("in.pdf", brought_files.bare(objects))
    assert refused(lambda: render(untrusted, 1, (200, 200))) is Refusal.TOO_LONG


def test_a_child_that_says_too_much_or_is_not_wanted_any_more_is_ended(file: Files) -> None:
    zeros = ["/usr/bin/head", "-c", "1G", "/dev/zero"]
    quiet = file("in", b"x")
    assert refused(lambda: children.run(zeros, quiet, most=10, seconds=5, cancelled=lambda: False)) is Refusal.TOO_LONG
    with pytest.raises(Stopped):
        children.run(["/usr/bin/sleep", "60"], quiet, most=10, seconds=5, cancelled=lambda: True)


def test_a_child_may_write_nothing_and_take_little(file: Files, tmp_path: Path) -> None:
    quiet = file("in", b"x")
    script = f"import os; os.write(os.open({str(tmp_path / 'out')!r}, os.O_WRONLY | os.O_CREAT), b'x')"
    assert refused(
        lambda: children.run([sys.executable, "-c", script], quiet, most=10, seconds=5, cancelled=lambda: False)
    ) in (Refusal.BROKEN, Refusal.TOO_LONG)
    assert (tmp_path / "out").read_bytes() == b""
    # Told, and not killed: poppler would like to keep what it found of the machine's letters.
    kept = ["/usr/bin/sh", "-c", 'echo letters > "$0"; echo on', str(tmp_path / "out")]
    assert children.run(kept, quiet, most=10, seconds=5, cancelled=lambda: False) == b"on\n"
    assert (tmp_path / "out").read_bytes() == b""
    hungry = "bytearray(2 << 30)"
    assert refused(
        lambda: children.run([sys.executable, "-c", hungry], quiet, most=10, seconds=5, cancelled=lambda: False)
    ) in (Refusal.BROKEN, Refusal.TOO_LONG)


def test_the_name_of_a_document_is_in_no_argument_list(file: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    popen = subprocess.Popen

    def started_with(argv: list[str], **rest: object) -> object:
        started.append(argv)
        return popen(argv, **rest)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", started_with)
    fit(file("MARK-NAME.pdf", brought_files.report()), 150_000, io.BytesIO())
    assert started
    assert not any("MARK" in one for argv in started for one in argv)


def test_bounded_memory_for_a_scan_of_many_pages(tmp_path: Path) -> None:
    """Seven pages take hardly more than two: each is there only while it is its turn."""
    letter = maker.lettered(millimetres=(110, 80))
    np.save(tmp_path / "page.npy", letter.pixels)
    script = (
        "import io, resource, sys, pathlib\n"
        "from scanner.document.build import build\n"
        "from tests.scanner.document.maker import Kept\n"
        "build([Kept(pathlib.Path(sys.argv[1]), 300)] * int(sys.argv[2]), io.BytesIO())\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    peaks = [
        int(subprocess.check_output([sys.executable, "-c", script, str(tmp_path / "page.npy"), count]))
        for count in ("2", "7")
    ]
    assert peaks[1] < peaks[0] + 2 * letter.pixels.nbytes // 1024


def test_a_broken_picture_in_a_pdf_costs_that_picture(file: Files, tmp_path: Path) -> None:
    pdf = brought_files.written(1)
    good = brought_files.jpeg_stream(pdf, 900, 700)
    bad = brought_files.jpeg_stream(pdf, 900, 700)
    bad.write(bad.read_raw_bytes()[:60_000], filter=pikepdf.Name.DCTDecode)
    brought_files.with_picture(pdf, 0, good, "P1", (10, 10, 180, 140))
    brought_files.with_picture(pdf, 0, bad, "P2", (300, 10, 180, 140))
    data = brought_files.saved(pdf)
    done = fit(file("in.pdf", data), len(data) - 100_000, io.BytesIO())
    assert isinstance(done, Fitted)
