"""What is told of a page that is read: no more than the wire can take beside everything else."""

from __future__ import annotations

import msgspec
import pytest

from scanner import bound
from session.papers import MAX_TEXT


@pytest.mark.parametrize("letter", ["e", "\N{LATIN SMALL LETTER E WITH ACUTE}", '"', "\x1f", "\N{GRINNING FACE}"])
@pytest.mark.parametrize("lines", [1, 40, 9000])
def test_the_words_of_a_page_are_bounded_as_the_wire_has_them(letter: str, lines: int) -> None:
    whole = [letter * (40_000 // lines)] * lines
    told = bound._bounded(whole)
    assert MAX_TEXT - 10 <= len(msgspec.json.encode(told)) <= MAX_TEXT + 1
    assert all(line == shown for line, shown in zip(whole, told[:-1], strict=False))
    assert whole[0].startswith(told[-1])


def test_a_page_with_fewer_is_told_whole() -> None:
    assert bound._bounded(["Madame,", "", "merci."]) == ("Madame,", "", "merci.")
