"""What was brought is made to fit: letters stay letters where they can, pictures lose what nobody sees."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pikepdf
import pytest
from PIL import Image

from scanner.document import pdf as pdf_file
from scanner.document.encode import Way, encode
from scanner.document.legible import LEAST
from scanner.document.model import Fitted, Mode, Refused, Stopped, Unreadable
from scanner.document.raster import Page
from scanner.document.smaller import fit, fit_photo
from tests.scanner.document import brought_files, judges, maker

Files = Callable[..., BinaryIO]


def test_what_is_small_enough_stays_as_it_is(file: Files) -> None:
    data = brought_files.saved(brought_files.loaded())
    out = io.BytesIO()
    assert fit(file("in.pdf", data), len(data), out) == Fitted(len(data), 2, unchanged=True)
    assert out.getvalue() == b""


def test_letters_stay_letters_while_pictures_shrink(file: Files, tmp_path: Path) -> None:
    data = brought_files.report()
    assert len(data) > 1_000_000
    done = fit(file("in.pdf", data), 150_000, file("out.pdf"))
    assert isinstance(done, Fitted)
    assert LEAST <= done.legibility < 1
    path = tmp_path / "out.pdf"
    assert path.stat().st_size == done.size <= 150_000
    judges.sound(path)
    assert judges.fonts(path) == 1
    assert judges.words(path) == judges.words(tmp_path / "in.pdf") != []
    assert [(one.page, one.coding) for one in judges.images(path)] == [(1, "jpeg"), (2, "jpeg")]


def test_what_packing_alone_makes_fit_keeps_every_dot(file: Files, tmp_path: Path) -> None:
    """Uncompressed text, a file inside, notes: all of that goes, or is packed, before any picture is touched."""
    pdf = brought_files.written(6, lines=38)
    pdf.attachments["notes.txt"] = random.Random(1).randbytes(10_000)
    brought_files.with_picture(pdf, 0, brought_files.jpeg_stream(pdf, 300, 200), "P1", (100, 20, 90, 60))
    data = brought_files.saved(pdf)
    done = fit(file("in.pdf", data), len(data) - 9_000, file("out.pdf"))
    assert isinstance(done, Fitted)
    assert done.legibility == 1
    with pikepdf.open(tmp_path / "in.pdf") as before, pikepdf.open(tmp_path / "out.pdf") as after:
        pictures = [one.pages[0].Resources.XObject.P1.read_raw_bytes() for one in (before, after)]
        assert pictures[0] == pictures[1]
        assert "/EmbeddedFiles" not in after.Root.get("/Names", {})


def test_what_cannot_stay_letters_is_drawn(file: Files, tmp_path: Path) -> None:
    """A map of a million lines, say: its drawing alone is over the limit."""
    pdf = brought_files.written(1)
    waves = b"".join(b"%d.%03d %d.%03d m %d %d l S\n" % (n % 590, n * 7 % 997, n % 830, n * 13 % 997, n % 590, n % 830)
                     for n in range(30_000))  # fmt: skip
    pdf.pages[0].contents_add(b"q 0.1 w 0.8 G " + waves + b" Q", prepend=True)
    done = fit(file("in.pdf", brought_files.saved(pdf)), 120_000, file("out.pdf"))
    assert isinstance(done, Fitted)
    judges.sound(tmp_path / "out.pdf")
    assert judges.fonts(tmp_path / "out.pdf") == 0
    assert len(judges.images(tmp_path / "out.pdf")) == 1


def test_a_copiers_scan_becomes_what_a_scan_of_ours_is(
    letter: Page, stamped: Page, file: Files, tmp_path: Path
) -> None:
    data = brought_files.scans([letter, stamped])
    done = fit(file("in.pdf", data), 200_000, file("out.pdf"))
    assert isinstance(done, Fitted)
    assert done.lost_colour == 0
    judges.sound(tmp_path / "out.pdf")
    assert [one.colour for one in judges.images(tmp_path / "out.pdf")] == ["gray", "rgb"]
    assert judges.images(tmp_path / "out.pdf")[0].coding == "ccitt"


def test_a_scan_of_ours_stays_one(letter: Page, stamped: Page, file: Files, tmp_path: Path) -> None:
    """Its pictures shrink, but for those that are small already; it is the same PDF/A."""
    with pikepdf.new() as pdf:
        for page, way in ((letter, Way(Mode.BITONAL, 300)), (stamped, Way(Mode.COLOUR, 300, 75))):
            pdf_file.add(pdf, encode(page, way)[0])
        pdf_file.mark_archival(pdf)
        pdf_file.rewrite(pdf, file("in.pdf"), 2, ours=True)
    with open(tmp_path / "in.pdf", "rb") as untrusted:
        done = fit(untrusted, 150_000, file("out.pdf"))
    assert isinstance(done, Fitted)
    judges.sound(tmp_path / "out.pdf")
    with pikepdf.open(tmp_path / "in.pdf") as before, pikepdf.open(tmp_path / "out.pdf") as after:
        data = [[page.Resources.XObject.Im0.read_raw_bytes() for page in one.pages] for one in (before, after)]
        assert data[0][0] == data[1][0]
        assert 30_000 < len(data[1][1]) < len(data[0][1])
        with after.open_metadata() as xmp:
            assert xmp.pdfa_status == "2B"


def test_a_photo_is_turned_as_its_camera_says_and_loses_its_notes(file: Files, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6  # to be shown a quarter turned, clockwise
    exif[271] = "MARK-CAMERA"
    out = io.BytesIO()
    Image.fromarray(maker.photo(1200, 900)).save(out, "JPEG", quality=98, exif=exif)
    done = fit(file("in.jpg", out.getvalue()), 120_000, file("out.pdf"))
    assert isinstance(done, Fitted)
    made = (tmp_path / "out.pdf").read_bytes()
    assert b"MARK" not in made
    assert b"Exif" not in made
    shown = judges.images(tmp_path / "out.pdf")[0]
    assert shown.height > shown.width
    assert judges.info(tmp_path / "out.pdf")["Page size"] == "631.42 x 841.89 pts", "as high as an A4"


def test_a_photo_stays_a_photo_where_that_is_wanted(file: Files, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274], exif[271] = 6, "MARK-CAMERA"
    out = io.BytesIO()
    Image.fromarray(maker.photo(900, 600)).save(out, "JPEG", quality=98, exif=exif)
    done = fit_photo(file("in.jpg", out.getvalue()), 60_000, file("out.jpg"))
    assert isinstance(done, Fitted)
    assert 30_000 < done.size == (tmp_path / "out.jpg").stat().st_size <= 60_000
    assert b"MARK" not in (tmp_path / "out.jpg").read_bytes()
    with Image.open(tmp_path / "out.jpg") as shown:
        assert shown.format == "JPEG"
        assert shown.height > shown.width
    assert fit_photo(file("in.jpg", out.getvalue()), 700, file("out.jpg")) == Unreadable()
    with pytest.raises(Refused):
        fit_photo(file("in.pdf", brought_files.report()), 60_000, io.BytesIO())


def test_what_only_may_not_be_changed_is_opened(file: Files, tmp_path: Path) -> None:
    """Banks lock their statements so: no password is asked for to read them."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(brought_files.report())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user=""))
    assert isinstance(fit(file("in.pdf", out.getvalue()), 150_000, file("out.pdf")), Fitted)
    judges.sound(tmp_path / "out.pdf")
    assert judges.info(tmp_path / "out.pdf")["Encrypted"] == "no"


def test_a_transparent_picture_lies_on_white(file: Files, tmp_path: Path) -> None:
    picture = Image.fromarray(maker.photo(600, 600)).convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 300, 600))
    out = io.BytesIO()
    picture.save(out, "PNG")
    assert isinstance(fit(file("in.png", out.getvalue()), 60_000, file("out.pdf")), Fitted)
    drawn = judges.drawn(tmp_path / "out.pdf", 1, 50, tmp_path)
    assert drawn[: drawn.shape[0], : drawn.shape[1] // 3].min() > 240


def test_too_little_is_said_and_nothing_is_written(file: Files, tmp_path: Path) -> None:
    done = fit(file("in.pdf", brought_files.report()), 3_000, file("out.pdf", b"before"))
    assert isinstance(done, Unreadable)
    assert (tmp_path / "out.pdf").read_bytes() == b""


def test_progress_grows_over_all_of_it(file: Files) -> None:
    told: list[int] = []
    fit(file("in.pdf", brought_files.report()), 150_000, io.BytesIO(), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 100


def test_it_can_be_stopped_while_poppler_draws(letter: Page, file: Files) -> None:
    asked = iter([False] * 3)
    with pytest.raises(Stopped):
        fit(
            file("in.pdf", brought_files.scans([letter, letter])),
            100_000,
            io.BytesIO(),
            cancelled=lambda: next(asked, True),
        )
