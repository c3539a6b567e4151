"""Pages become a PDF that qpdf and poppler find sound, each page kept as it needs to be."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pikepdf
import pytest
from PIL import Image, ImageCms

from scanner import bound
from scanner.document import pdf as pdf_file
from scanner.document.build import build
from scanner.document.encode import Way, encode
from scanner.document.legible import LEAST, Original
from scanner.document.model import Mode, Refusal, Refused, Stopped
from scanner.document.raster import Page, bitonal
from tests.scanner.document import judges, maker

Files = Callable[..., BinaryIO]


def test_each_page_is_kept_as_it_needs(
    letter: Page, stamped: Page, illustrated: Page, pencilled: Page, file: Files, tmp_path: Path
) -> None:
    pages = [letter, stamped, illustrated, pencilled]
    told: list[int] = []
    size = build(pages, file("made.pdf"), progress=told.append)
    path = tmp_path / "made.pdf"
    assert size == path.stat().st_size
    assert size < 350_000, "four pages of 300 dpi have 52 MB of pixels"
    judges.sound(path)
    shown = judges.images(path)
    assert [(one.page, one.coding) for one in shown] == [(1, "ccitt"), (2, "jpeg"), (3, "jpeg"), (4, "ccitt")]
    assert [one.colour for one in shown] == ["gray", "rgb", "rgb", "gray"]
    assert judges.info(path)["Pages"] == "4"
    assert re.fullmatch(r"419\.\d+ x 595\.\d+ pts( \(A5\))?", judges.info(path)["Page size"])
    for number, page in enumerate(pages, 1):
        # Poppler draws each picture about half a dot larger than it is, which costs some of the likeness.
        assert Original(page).seen(judges.drawn(path, number, 300, tmp_path)).legibility > LEAST
    assert told == sorted(told)
    assert told[-1] == 100


def test_the_same_pages_give_the_same_bytes(letter: Page, stamped: Page) -> None:
    made = [io.BytesIO(), io.BytesIO()]
    for one in made:
        build([stamped, letter], one)
    assert made[0].getvalue() == made[1].getvalue()


def test_a_page_that_was_encoded_before_is_taken_as_it_is(letter: Page, stamped: Page, tmp_path: Path) -> None:
    direct, before = io.BytesIO(), io.BytesIO()
    build([letter, stamped], direct)
    assert bound.encoded(tmp_path / "letter.page") is None
    bound.encode(letter, tmp_path / "letter.page")
    encoded = bound.encoded(tmp_path / "letter.page")
    assert encoded is not None
    build([encoded, stamped], before)
    assert before.getvalue() == direct.getvalue()
    (tmp_path / "letter.page").write_bytes((tmp_path / "letter.page").read_bytes()[:-1])
    assert bound.encoded(tmp_path / "letter.page") is None


def test_pages_wait_in_files_until_it_is_their_turn(letter: Page, file: Files, tmp_path: Path) -> None:
    np.save(tmp_path / "page.npy", letter.pixels)
    direct = io.BytesIO()
    build([letter], direct)
    build([maker.Kept(tmp_path / "page.npy", letter.dpi)], file("made.pdf"))
    assert (tmp_path / "made.pdf").read_bytes() == direct.getvalue()


def test_a_jpeg_lies_in_the_file_as_it_was_encoded(stamped: Page) -> None:
    encoded, _seen = encode(stamped, Way(Mode.COLOUR, 150, 60))
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf_file.add(pdf, encoded)
        pdf_file.rewrite(pdf, out, 1, ours=True)
    with pikepdf.open(out) as pdf:
        assert pdf.pages[0].Resources.XObject.Im0.read_raw_bytes() == encoded.data


def test_black_and_white_is_shown_dot_for_dot(letter: Page, file: Files, tmp_path: Path) -> None:
    encoded, _seen = encode(letter, Way(Mode.BITONAL, 300))
    with pikepdf.new() as pdf:
        pdf_file.add(pdf, encoded)
        pdf_file.rewrite(pdf, file("made.pdf"), 1, ours=True)
    judges.say("pdfimages", "-png", str(tmp_path / "made.pdf"), str(tmp_path / "dots"))
    with Image.open(tmp_path / "dots-000.png") as shown:
        assert np.array_equal(np.asarray(shown.convert("L")), bitonal(letter, 300))


def test_it_has_what_pdf_a_2b_asks_for(letter: Page, stamped: Page) -> None:
    """By hand, as no verifier is at hand: see docs/decisions/0019-fit.md for what was looked at."""
    out = io.BytesIO()
    build([letter, stamped], out)
    data = out.getvalue()
    assert re.match(rb"%PDF-1\.[4-7]\n%[\x80-\xff]{4}", data)
    with pikepdf.open(out) as pdf:
        assert not pdf.is_encrypted
        assert "/Info" not in pdf.trailer
        assert len(pdf.trailer.ID) == 2
        intent = pdf.Root.OutputIntents[0]
        assert intent.S == pikepdf.Name.GTS_PDFA1
        assert intent.DestOutputProfile.N == 3
        profile = ImageCms.ImageCmsProfile(io.BytesIO(intent.DestOutputProfile.read_bytes())).profile
        assert (profile.xcolor_space.strip(), profile.device_class, int(profile.version)) == ("RGB", "mntr", 4)
        metadata = pdf.Root.Metadata
        assert "/Filter" not in metadata, "XMP is to be found without a decoder"
        with pdf.open_metadata() as xmp:
            assert xmp.pdfa_status == "2B"
            assert xmp["dc:title"] == "Document"
        own = {"/ObjStm", "/XRef", "None"}  # the file's own order, and what has no type
        kinds = {str(one.get("/Type")) for one in pdf.objects if isinstance(one, pikepdf.Dictionary | pikepdf.Stream)}
        assert kinds <= {"/Catalog", "/Pages", "/Page", "/XObject", "/Metadata", "/OutputIntent", *own}
        for page in pdf.pages:
            picture = page.Resources.XObject.Im0
            assert picture.ColorSpace in (pikepdf.Name.DeviceRGB, pikepdf.Name.DeviceGray)
            assert picture.Filter in (pikepdf.Name.DCTDecode, pikepdf.Name.CCITTFaxDecode)
            assert "/Interpolate" not in picture


def test_nothing_tells_of_the_machine_or_the_day(letter: Page) -> None:
    out = io.BytesIO()
    build([letter], out)
    data = out.getvalue()
    for word in (b"CreationDate", b"ModDate", b"CreateDate", b"Producer", b"Creator", b"pikepdf", b"qpdf", b"Pillow"):
        assert word not in data
    assert pdf_file.srgb()[24:36] == bytes((7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))
    pdf_file.srgb.cache_clear()
    again = io.BytesIO()
    build([letter], again)
    assert hashlib.sha256(again.getvalue()).digest() == hashlib.sha256(data).digest()


def test_dust_is_left_out_and_dots_are_not() -> None:
    pixels = np.full((300, 300), 250, np.uint8)
    pixels[50, 50] = 0  # dust
    pixels[100:104, 100:104] = 0  # the dot of an i
    made = bitonal(Page(pixels, 300), 300)
    assert made[50, 50] == 255
    assert (made[100:104, 100:104] == 0).all()


def test_large_black_areas_stay_black() -> None:
    pixels = np.full((1200, 1200), 245, np.uint8)
    pixels[300:900, 300:900] = 20
    made = bitonal(Page(pixels, 300), 300)
    assert np.mean(made[310:890, 310:890] == 0) > 0.999
    assert np.mean(made[:250] == 255) > 0.999


def test_no_page_is_no_document() -> None:
    with pytest.raises(Refused) as refused:
        build([], io.BytesIO())
    assert refused.value.code is Refusal.EMPTY


def test_it_can_be_stopped(letter: Page) -> None:
    asked = iter((False, True))
    out = io.BytesIO()
    with pytest.raises(Stopped):
        build([letter, letter], out, cancelled=lambda: next(asked))
    assert out.getvalue() == b""


def test_a_page_of_grey_has_no_colour() -> None:
    assert encode(maker.lettered(millimetres=(60, 40)), Way(Mode.GREY, 300, 70))[0].mode is Mode.GREY
