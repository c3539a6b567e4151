"""A letter is read, part by part."""

from __future__ import annotations

import difflib
import itertools
import re

import numpy as np
import pytest
from PIL import Image

from scanner.document.model import Stopped
from scanner.document.raster import Page, grey
from scanner.document.reading import Language, Word, parts, read
from tests.scanner.document import maker


def two_parts() -> Page:
    picture = Image.new("RGB", (1600, 1400), (250, 250, 248))
    maker.write(picture, 11, 300, (20, 20, 20), lines=9)
    maker.write(picture, 11, 300, (20, 20, 20), lines=3, top=82)
    return Page(np.asarray(picture), 300)


def test_a_letter_is_read_in_its_order() -> None:
    page = two_parts()
    words = list(read(page, [Language.FRENCH]))
    wanted = re.findall(r"\w+", maker.TEXT)
    text = re.findall(r"\w+", " ".join(word.text for word in words))
    first = len(text) - text[::-1].index("Madame") - 1
    assert difflib.SequenceMatcher(None, wanted[:first], text[:first], autojunk=False).ratio() > 0.95
    assert [word.line for word in words] == sorted(word.line for word in words)
    assert words[-1].line == 11
    assert [word.paragraph for word in words] == sorted(word.paragraph for word in words)
    assert words[-1].paragraph >= 1


def test_a_word_lies_where_it_is_written() -> None:
    page = two_parts()
    word = next(read(page, [Language.FRENCH]))
    assert word.text.startswith("Madame")
    height, width = page.pixels.shape[:2]
    rows = slice(round(word.top * height), round((word.top + word.height) * height))
    columns = slice(round(word.left * width), round((word.left + word.width) * width))
    assert page.pixels[rows, columns].min() < 60
    assert page.pixels[: rows.start - 3].min() > 200
    assert page.pixels[:, : columns.start - 3].min() > 200


def test_the_first_words_come_before_the_rest_is_read() -> None:
    page = two_parts()
    assert len(parts(grey(page.pixels))) == 2
    asked = itertools.count()
    words = read(page, [Language.FRENCH], cancelled=lambda: next(asked) < 0)
    assert isinstance(next(words), Word)
    early = next(asked)
    list(words)
    assert next(asked) > early + 2, "a second child was run"


def test_a_page_at_other_dots_is_read() -> None:
    page = maker.lettered(dpi=200, millimetres=(120, 50))
    text = " ".join(word.text for word in read(page, [Language.FRENCH, Language.ENGLISH]))
    assert "demande du 12 mars 2026" in text


def test_an_empty_page_has_no_words() -> None:
    assert list(read(maker.lettered(lines=0, millimetres=(60, 60)), [Language.FRENCH])) == []


def test_it_can_be_stopped_while_tesseract_reads() -> None:
    asked = itertools.count()
    with pytest.raises(Stopped):
        list(read(two_parts(), [Language.DUTCH], cancelled=lambda: next(asked) > 2))


def test_some_language_is_needed() -> None:
    with pytest.raises(ValueError, match="language"):
        list(read(two_parts(), []))


def test_columns_that_go_on_are_not_cut() -> None:
    pixels = np.full((2000, 1000), 250, np.uint8)
    for row in range(100, 1900, 60):
        pixels[row : row + 25, 100:450] = 10
        pixels[row + 20 : row + 45, 550:900] = 10
    assert len(parts(pixels)) == 1
    pixels[900:1000] = 250
    assert len(parts(pixels)) == 2


def test_columns_whose_lines_stand_beside_each_other_are_not_cut() -> None:
    pixels = np.full((2000, 1000), 250, np.uint8)
    for row in range(100, 1900, 60):
        pixels[row : row + 40, 100:450] = 10
        pixels[row : row + 40, 550:900] = 10
    assert len(parts(pixels)) == 1


def test_a_long_text_is_cut_between_its_lines() -> None:
    page = maker.lettered(millimetres=(120, 200))
    found = parts(grey(page.pixels))
    assert len(found) >= 4
    assert all(begin < end for begin, end in found)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(found))
    assert all(470 < end - begin < 620 for begin, end in found[:-1])
