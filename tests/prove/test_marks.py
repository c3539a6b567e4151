"""The eye finds a mark in every encoding, wherever it lies, and finds nothing that is not there."""

from __future__ import annotations

import base64
import gzip
import os
import urllib.parse
import zlib

import pytest

from tests.portal import pdf
from tests.prove import marks
from tests.prove.marks import CUT, Eye

SEED = b"s" * 32
ROUTES = ("one", "two")
ONE, TWO = (marks.mark(SEED, route) for route in ROUTES)


@pytest.fixture
def eye() -> Eye:
    return Eye((SEED, route) for route in ROUTES)


def routes(found: marks.Found) -> set[str]:
    return {route for route, _ in found}


def test_marks_are_random_words_with_a_common_beginning() -> None:
    assert len(ONE) == len(TWO) == 26
    assert ONE[:13] == TWO[:13] == marks.stem(SEED)
    assert ONE[13:] != TWO[13:]
    assert marks.stem(b"t" * 32) != marks.stem(SEED)
    assert set(ONE) <= set("abcdefghijklmnopqrstuvwxyz234567")


@pytest.mark.parametrize(("name", "encode"), [*marks.encodings()], ids=[name for name, _ in marks.encodings()])
def test_every_encoding_is_found(eye: Eye, name: str, encode: object) -> None:
    assert callable(encode)
    data = b"\xff" * 7 + encode(ONE) + b"\xff" * 5 + encode(TWO) + b"\xff"
    assert {("one", name), ("two", name)} <= set(eye.look(data))
    assert routes(eye.look(data)) == {"one", "two"}


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
@pytest.mark.parametrize("after", ["", "z", "yz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_found_at_any_place_in_what_was_encoded(eye: Eye, before: str, after: str, encode: object) -> None:
    assert callable(encode)
    assert routes(eye.look(encode((before + ONE + after).encode()))) == {"one"}


def test_what_libraries_write_is_found(eye: Eye) -> None:
    typed = marks.percent(ONE)
    for text in (ONE, ONE.upper(), typed, typed.upper(), urllib.parse.quote(typed), ONE.encode().hex().upper()):
        for codec in ("utf-8", "utf-16-le"):
            assert routes(eye.look(text.encode(codec))) == {"one"}


def test_compressed_streams_are_opened(eye: Eye) -> None:
    text = b"x" * 3000 + ONE.encode() + b"y" * 3000
    for level in (1, 3, 6, 9):
        assert routes(eye.look(b"\0" * 100 + zlib.compress(text, level))) == {"one"}
    assert routes(eye.look(gzip.compress(text))) == {"one"}
    torn = zlib.compress(os.urandom(2000) + text + os.urandom(20_000))
    assert routes(eye.look(torn[:8000] + os.urandom(1000))) == {"one"}


def test_both_copies_in_a_pdf_are_found(eye: Eye) -> None:
    assert set(eye.look(pdf.attestation(ONE))) == {("one", "UTF-8"), ("one", "deflated UTF-8")}


def test_nothing_is_found_where_nothing_is(eye: Eye) -> None:
    other = marks.mark(b"t" * 32, "one").encode()
    assert not eye.look(os.urandom(1 << 20) + other + b"\x78\x9c" * 1000 + bytes(1 << 16))


def test_a_mark_that_was_cut_is_found(eye: Eye) -> None:
    assert eye.look(ONE[:20].encode()) == {(CUT, "UTF-8"): 1}
    assert not eye.look(ONE[:12].encode())


def test_sixteen_bits_count_once(eye: Eye) -> None:
    assert eye.look(b"\0" + ONE.encode("utf-16-le")) == {("one", "UTF-16LE"): 1}
    assert eye.look(b"\xff" + ONE.encode("utf-16-be") + b"\xff") == {("one", "UTF-16BE"): 1}


@pytest.mark.parametrize("shift", [0, 1, 13, 25, 26, 27])
def test_a_mark_across_blocks_is_found_once(eye: Eye, shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "BLOCK", 1000)
    monkeypatch.setattr(marks, "OVERLAP", 200)
    data = b"." * (1200 - shift) + ONE.encode() + b"." * 5000 + TWO.encode()
    for size in (1, 7, 600, 10_000):
        found, length = eye.look_through(data[at : at + size] for at in range(0, len(data), size))
        assert found == {("one", "UTF-8"): 1, ("two", "UTF-8"): 1}
        assert length == len(data)


def test_what_is_shown_has_no_mark(eye: Eye) -> None:
    assert eye.mask(f"/documents/{TWO}.pdf") == "/documents/<two>.pdf"
