"""A small valid PDF, written by hand."""

from __future__ import annotations

import zlib


def attestation(text: str) -> bytes:
    """One A4 page. ``text`` is drawn twice: from a Flate-compressed stream and from a plain one."""
    compressed = zlib.compress(
        b"\n".join(
            [
                b"0.06 0.34 0.35 rg 0 770 595 72 re f",
                b"0.80 0.55 0.20 rg 0 764 595 6 re f",
                _line("Portail des Trois-Rivières", 48, 798, 20, "1 1 1"),
                _line("Attestation de démonstration", 48, 700, 26, "0.06 0.34 0.35"),
                _line("Ce document est fictif. Il ne prouve rien et n'ouvre aucun droit.", 48, 664, 12),
                *(_line(row, 48, 620 - 20 * i, 13) for i, row in enumerate(_rows(text))),
            ]
        ),
        9,
    )
    plain = b"\n".join(
        [
            b"0.80 0.55 0.20 RG 1 w 48 120 499 230 re S",
            _line("Copie du texte demandé :", 60, 326, 11),
            *(_line(row, 60, 304 - 14 * i, 10) for i, row in enumerate(_rows(text))),
            _line("Portail de démonstration - aucun service réel", 48, 60, 10, "0.40 0.44 0.44"),
        ]
    )
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    return _document(
        [
            b"<< /Type /Catalog /Pages 2 0 R /Lang (fr) >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents [5 0 R 6 0 R] "
            b"/Resources << /Font << /F1 4 0 R >> >> >>",
            font,
            _stream(compressed, b" /Filter /FlateDecode"),
            _stream(plain),
        ]
    )


def _rows(text: str, width: int = 64, most: int = 12) -> list[str]:
    rows = [part[i : i + width] for part in text.split("\n") for i in range(0, max(len(part), 1), width)]
    return rows[:most]


def _line(text: str, x: int, y: int, size: int, colour: str = "0.12 0.16 0.18") -> bytes:
    data = text.encode("cp1252", "replace")
    for special in (b"\\", b"(", b")"):
        data = data.replace(special, b"\\" + special)
    return b"BT %s rg /F1 %d Tf %d %d Td (%s) Tj ET" % (colour.encode(), size, x, y, data)


def _stream(data: bytes, more: bytes = b"") -> bytes:
    return b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(data), more, data)


def _document(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
