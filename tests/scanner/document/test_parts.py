"""Put together and taken apart, with nothing encoded twice."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pikepdf
import pytest
from PIL import Image

from scanner.document.brought import kept_jpeg
from scanner.document.build import build
from scanner.document.model import Refusal, Refused
from scanner.document.parts import merge, split
from scanner.document.render import render
from tests.scanner.document import brought_files, judges, maker

Files = Callable[..., BinaryIO]


def a_photo(orientation: int = 1, **options: object) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    exif[271] = "MARK-CAMERA"
    out = io.BytesIO()
    picture = Image.fromarray(maker.photo(240, 160))
    picture.paste((250, 10, 10), (0, 0, 80, 60))
    picture.save(out, "JPEG", quality=90, exif=exif, comment=b"MARK-COMMENT", **options)
    return out.getvalue()


def test_all_pages_are_there_in_their_order(file: Files, tmp_path: Path) -> None:
    scan = io.BytesIO()
    build([maker.lettered(millimetres=(80, 40))], scan)
    files = [
        file("a.pdf", brought_files.saved(brought_files.written(2))),
        file("b.jpg", a_photo()),
        file("c.pdf", scan.getvalue()),
    ]
    size = merge(files, file("out.pdf"))
    assert size == (tmp_path / "out.pdf").stat().st_size
    judges.sound(tmp_path / "out.pdf")
    assert judges.info(tmp_path / "out.pdf")["Pages"] == "4"
    assert [(one.page, one.coding) for one in judges.images(tmp_path / "out.pdf")] == [(3, "jpeg"), (4, "ccitt")]
    assert b"pdfaid" not in (tmp_path / "out.pdf").read_bytes(), "the first is no PDF/A"


def test_scans_of_ours_stay_pdf_a(file: Files, tmp_path: Path) -> None:
    scans = [io.BytesIO(), io.BytesIO()]
    for number, scan in enumerate(scans):
        build([maker.lettered(millimetres=(80, 40), seed=number)] * 2, scan)
    merge([file("a.pdf", scans[0].getvalue()), file("b.pdf", scans[1].getvalue())], file("all.pdf"))
    with pikepdf.open(tmp_path / "all.pdf") as pdf, pdf.open_metadata() as xmp:
        assert xmp.pdfa_status == "2B"
    with open(tmp_path / "all.pdf", "rb") as whole:
        split(whole, [(range(1, 2), file("first.pdf")), (range(2, 5), file("rest.pdf"))])
    for name, pages in (("first", "1"), ("rest", "3")):
        judges.sound(tmp_path / f"{name}.pdf")
        assert judges.info(tmp_path / f"{name}.pdf")["Pages"] == pages
        with pikepdf.open(tmp_path / f"{name}.pdf") as pdf, pdf.open_metadata() as xmp:
            assert xmp.pdfa_status == "2B"
    assert (tmp_path / "first.pdf").stat().st_size < (tmp_path / "rest.pdf").stat().st_size


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8, 5])
def test_a_photo_keeps_its_pixels_and_loses_its_notes(
    orientation: int, options: dict[str, object], file: Files, tmp_path: Path
) -> None:
    data = a_photo(orientation, **options)
    merge([file("in.jpg", data)], file("out.pdf"))
    assert b"MARK" not in (tmp_path / "out.pdf").read_bytes()
    with open(tmp_path / "in.jpg", "rb") as before, open(tmp_path / "out.pdf", "rb") as after:
        shown = [render(one, 1, (30, 30)).astype(int) for one in (before, after)]
    assert shown[0].shape == shown[1].shape
    assert np.corrcoef(shown[0].ravel(), shown[1].ravel())[0, 1] > 0.9
    if orientation != 5:  # a mirrored one is encoded anew
        with pikepdf.open(tmp_path / "out.pdf") as pdf:
            kept = pdf.pages[0].Resources.XObject.Im0.read_raw_bytes()
        with Image.open(io.BytesIO(kept)) as one, Image.open(io.BytesIO(data)) as other:
            assert np.array_equal(np.asarray(one), np.asarray(other))


def test_what_stands_behind_a_photo_is_dropped() -> None:
    """Telephones put a film, or a second picture, there."""
    data = a_photo()
    assert kept_jpeg(data + b"\xff\xd8MARK-SECOND\xff\xd9") == kept_jpeg(data)


def test_a_range_that_is_not_there_is_refused(file: Files) -> None:
    whole = file("in.pdf", brought_files.saved(brought_files.written(2)))
    for pages in (range(0, 1), range(2, 4), range(1, 1)):
        with pytest.raises(Refused) as refused:
            split(whole, [(pages, io.BytesIO())])
        assert refused.value.code is Refusal.NO_PAGE


def test_nothing_cannot_be_put_together() -> None:
    with pytest.raises(Refused) as refused:
        merge([], io.BytesIO())
    assert refused.value.code is Refusal.EMPTY


def test_too_many_pages_together_are_refused(file: Files) -> None:
    one = file("in.pdf", brought_files.saved(brought_files.written(300, lines=1)))
    with pytest.raises(Refused) as refused:
        merge([one, one], io.BytesIO())
    assert refused.value.code is Refusal.TOO_MANY_PAGES
