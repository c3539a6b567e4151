"""Pages as the screens show them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import BinaryIO

import numpy as np
import pikepdf
import pytest
from PIL import Image

from scanner.document.brought import pages_of
from scanner.document.model import Refusal, Refused
from scanner.document.render import placed, render
from tests.scanner.document import brought_files, maker

Files = Callable[..., BinaryIO]


def test_a_page_is_as_large_as_the_box_allows(file: Files) -> None:
    document = file("in.pdf", brought_files.saved(brought_files.written(2)))
    assert pages_of(document) == 2
    shown = render(document, 2, (300, 300))
    assert shown.dtype == np.uint8
    assert shown.shape == (300, 212, 3)
    assert shown.min() < 120, "there are letters"
    assert shown.max() == 255


def test_a_turned_page_is_shown_turned(file: Files) -> None:
    pdf = brought_files.written(1)
    pdf.pages[0].obj.Rotate = 90
    assert render(file("in.pdf", brought_files.saved(pdf)), 1, (300, 300)).shape == (212, 300, 3)


def test_a_cropped_page_is_shown_cropped(file: Files) -> None:
    pdf = brought_files.written(1)
    pdf.pages[0].obj.CropBox = pikepdf.Array([100, 100, 200, 300])
    assert render(file("in.pdf", brought_files.saved(pdf)), 1, (300, 300)).shape == (300, 150, 3)


@pytest.mark.parametrize("box", [[0, 0, 0, 0], [0, 0, 1e9, 1e9], [5, 5, 5, 900]])
def test_a_page_of_a_strange_size_is_shown_or_refused(box: list[float], file: Files) -> None:
    pdf = brought_files.written(1)
    pdf.pages[0].obj.MediaBox = pikepdf.Array(box)
    document = file("in.pdf", brought_files.saved(pdf))
    with contextlib.suppress(Refused):
        assert max(render(document, 1, (300, 300)).shape) <= 300


def test_a_picture_is_shown(file: Files) -> None:
    out = io.BytesIO()
    Image.fromarray(maker.photo(800, 400)).save(out, "JPEG")
    shown = render(file("in.jpg", out.getvalue()), 1, (200, 200))
    assert shown.shape == (100, 200, 3)
    out = io.BytesIO()
    Image.new("L", (40, 80), 7).save(out, "PNG")
    assert (render(file("in.png", out.getvalue()), 1, (100, 100)) == 7).all()


def test_no_such_page(file: Files) -> None:
    pdf = file("in.pdf", brought_files.saved(brought_files.written(1)))
    for page in (0, 2):
        with pytest.raises(Refused) as refused:
            render(pdf, page, (100, 100))
        assert refused.value.code is Refusal.NO_PAGE


def test_where_pictures_lie_is_found(file: Files) -> None:
    found = placed(file("in.pdf", brought_files.report()))
    assert [(one.page, round(one.dpi)) for one in found] == [(1, 480), (2, 240)]
