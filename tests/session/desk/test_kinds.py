"""What kind of file a document is, and whether a site takes it."""

from __future__ import annotations

import pytest

from session.desk.kinds import ending, fitting, short_names

JPEG = ("*.[jJ][fF][iI][fF]", "*.[jJ][pP][eE][gG]", "*.[jJ][pP][gG]", "*.[pP][jJ][pP]", "*.[pP][jJ][pP][eE][gG]")


@pytest.mark.parametrize(
    ("head", "name", "found"),
    [
        (b"%PDF-1.7\n", "facture.exe", "pdf"),
        (b"\xef\xbb\xbf" + b" " * 500 + b"%PDF-1.4", "x", "pdf"),
        (b" " * 1024 + b"%PDF-1.4", "x", ""),
        (b"\xff\xd8\xff\xe0", "photo.JPEG", "jpg"),
        (b"\x89PNG\r\n\x1a\n", "", "png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "", "webp"),
        (b"\0\0\0\x18ftypheic", "IMG_1", "heic"),
        (b"II*\0", "fax.TIFF", "tif"),
        (b"PK\3\4", "lettre.DOCX", "docx"),
        (b"PK\3\4", "lettre", ""),
        (b"", "a.b/../c", ""),
        (b"", "x.tiff", "tif"),
        (b"", "x.é", ""),
        (b"", ".pdf.", ""),
    ],
)
def test_the_ending_is_what_it_is(head: bytes, name: str, found: str) -> None:
    assert ending(head, name) == found


@pytest.mark.parametrize(
    ("patterns", "usual", "found"),
    [
        ((), "pdf", "pdf"),
        ((), "", ""),
        (("*.[pP][dD][fF]",), "pdf", "pdf"),
        (("*.[pP][dD][fF]",), "jpg", None),
        (("*.[pP][dD][fF]",), "", None),
        (JPEG, "jpg", "jpg"),
        (("*.jpeg",), "jpg", "jpeg"),
        (("image/*",), "heic", "heic"),
        (("image/*",), "pdf", None),
        (("application/pdf", "image/png"), "pdf", "pdf"),
        (("*",), "bin", "bin"),
    ],
)
def test_a_site_takes_what_it_says(patterns: tuple[str, ...], usual: str, found: str | None) -> None:
    assert fitting(patterns, usual) == found


def test_a_hostile_pattern_costs_no_time() -> None:
    assert fitting(("*a" * 50, "[" * 100, "*" * 100 + "x"), "pdf") is None


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ((), ()),
        (("*.[pP][dD][fF]", *JPEG), ("PDF", "JPG", "PJP", "PJPEG")),
        (("image/*", "application/pdf"), ("PDF", "JPG", "PNG", "HEIC", "TIF")),
        (("*.zip", "dossier-*.zip", "*.*"), ("ZIP",)),
        (tuple(f"*.x{number}" for number in range(10, 60)), tuple(f"X{number}" for number in range(10, 18))),
    ],
)
def test_they_are_told_as_people_call_them(patterns: tuple[str, ...], names: tuple[str, ...]) -> None:
    assert short_names(patterns) == names
