"""Documents such as people bring them, and such as nobody should: made byte by byte."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image

from scanner.document.raster import Page
from tests.scanner.document import maker


def saved(pdf: Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(out)
    return out.getvalue()


def written(pages: int = 1, lines: int = 30) -> Pdf:
    """A PDF of letters, as a site makes one."""
    pdf = pikepdf.new()
    font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    for number in range(pages):
        text = "".join(
            f"BT /F1 11 Tf 60 {780 - 20 * line} Td (Page {number + 1} line {line}) Tj ET\n" for line in range(lines)
        )
        page = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, 595, 842]),
            Resources=Dictionary(Font=Dictionary(F1=font)),
            Contents=pdf.make_indirect(Stream(pdf, text.encode("ascii"))),
        )
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    return pdf


def with_picture(pdf: Pdf, page: int, picture: Stream, name: str, box: Sequence[float]) -> None:
    """Lays a picture on a page, in a box of left, bottom, width, height in points."""
    one = pdf.pages[page]
    if "/XObject" not in one.obj.Resources:
        one.obj.Resources.XObject = Dictionary()
    one.obj.Resources.XObject[f"/{name}"] = pdf.make_indirect(picture)
    left, bottom, width, height = box
    one.contents_add(f"q {width} 0 0 {height} {left} {bottom} cm /{name} Do Q".encode("ascii"))


def jpeg_stream(pdf: Pdf, width: int, height: int, quality: int = 95, seed: int = 3) -> Stream:
    out = io.BytesIO()
    Image.fromarray(maker.photo(width, height, seed)).save(out, "JPEG", quality=quality)
    return Stream(
        pdf, out.getvalue(), Type=Name.XObject, Subtype=Name.Image, Width=width, Height=height,
        ColorSpace=Name.DeviceRGB, BitsPerComponent=8, Filter=Name.DCTDecode,
    )  # fmt: skip


def flate_stream(pdf: Pdf, width: int, height: int, data: bytes) -> Stream:
    return Stream(
        pdf, zlib.compress(data, 9), Type=Name.XObject, Subtype=Name.Image, Width=width, Height=height,
        ColorSpace=Name.DeviceRGB, BitsPerComponent=8, Filter=Name.FlateDecode,
    )  # fmt: skip


def report() -> bytes:
    """A letter of a site with a large photo, and one that is deflated."""
    pdf = written(2)
    with_picture(pdf, 0, jpeg_stream(pdf, 1600, 1200), "P1", (100, 100, 240, 180))
    with_picture(pdf, 1, flate_stream(pdf, 600, 400, maker.photo(600, 400, 8).tobytes()), "P2", (100, 100, 180, 120))
    return saved(pdf)


def scans(pages: Sequence[Page], quality: int = 90) -> bytes:
    """As a copier makes them: a JPEG a page, and nothing else."""
    pdf = pikepdf.new()
    for page in pages:
        out = io.BytesIO()
        Image.fromarray(page.pixels).save(out, "JPEG", quality=quality)
        height, width = page.pixels.shape[:2]
        picture = Stream(
            pdf, out.getvalue(), Type=Name.XObject, Subtype=Name.Image, Width=width, Height=height,
            ColorSpace=Name.DeviceRGB, BitsPerComponent=8, Filter=Name.DCTDecode,
        )  # fmt: skip
        across, down = (72 * dots / page.dpi for dots in (width, height))
        one = Dictionary(
            Type=Name.Page,
            MediaBox=Array([0, 0, across, down]),
            Resources=Dictionary(XObject=Dictionary(Im=pdf.make_indirect(picture))),
            Contents=pdf.make_indirect(Stream(pdf, f"{across} 0 0 {down} 0 0 cm /Im Do".encode("ascii"))),
        )
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(one)))
    return saved(pdf)


def loaded() -> Pdf:
    """Everything that a PDF should not bring: programs, files, notes, things that start by themselves."""
    pdf = written(2)
    script = Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.alert('MARK-JS')"))
    pdf.Root.OpenAction = script
    pdf.Root.AA = Dictionary(WC=script)
    pdf.pages[0].obj.AA = Dictionary(O=Dictionary(S=Name.Launch, F=pikepdf.String("MARK-LAUNCH")))
    pdf.attachments["MARK-FILE.txt"] = b"MARK-INSIDE"
    pdf.Root.Names.JavaScript = Dictionary(Names=Array([pikepdf.String("MARK-NAME"), pdf.make_indirect(script)]))
    with pdf.open_metadata() as xmp:
        xmp["dc:creator"] = ["MARK-XMP"]
    pdf.docinfo["/Author"] = "MARK-AUTHOR"
    link = Dictionary(
        Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=Dictionary(S=Name.URI, URI=b"https://a.example")
    )
    bad = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([9, 9, 20, 20]), A=script)
    chained = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Link,
        Rect=Array([30, 9, 40, 20]),
        A=Dictionary(S=Name.URI, URI=b"https://b.example", Next=Array([script])),
    )
    clip = Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 50, 9, 59]), Contents=b"MARK-CLIP")
    pdf.pages[1].obj.Annots = Array([pdf.make_indirect(one) for one in (link, bad, chained, clip)])
    return pdf


def locked() -> bytes:
    out = io.BytesIO()
    written().save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    return out.getvalue()


def bare(objects: Sequence[bytes], root: int = 1) -> bytes:
    """A PDF of these objects, numbered from 1, as they are."""
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer <</Size %d /Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, root, start)
    return bytes(out)


def many_pages(count: int, told: int | None = None) -> bytes:
    """Of one page each time again. `told` is what it says of itself."""
    kids = b" ".join([b"3 0 R"] * count) if told is not None else b" ".join(b"%d 0 R" % (3 + n) for n in range(count))
    page = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 99 99]>>"
    pages = b"<</Type /Pages /Count %d /Kids [%s]>>" % (count if told is None else told, kids)
    return bare([b"<</Type /Catalog /Pages 2 0 R>>", pages, *([page] * (count if told is None else 1))])


def png_of(width: int, height: int) -> bytes:
    """A PNG that says that it is so large, with a few bytes in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes((8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(100_000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IEND", b"")
