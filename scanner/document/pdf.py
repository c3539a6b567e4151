"""Encoded pages become a PDF: PDF/A-2b, linearised, checked, the same bytes for the same pages.

Facts: ISO 19005-2 (PDF/A-2) sections 6.1 (trailer ID, header), 6.2.3 (output intent), 6.6 (XMP); ISO 32000-1 sections
7.4.6 (CCITTFaxDecode) and 14.11.5 (output intents); ICC.1:2010 section 7.2 (the profile's header).
JPEG data lie in the file as they were encoded: nothing is encoded twice.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import cache
from typing import BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import ImageCms

from scanner.document.encode import Encoded
from scanner.document.model import Mode, Refusal, Refused

_LINEAR, _LINEAR_PAGE = 1200, 40
"""Bytes that linearising adds, at most, and for each page."""

TITLE = "Document"
"""Of every PDF that is made here: PDF/A asks for none, viewers show the file's name where there is none."""

_XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:dc="http://purl.org/dc/elements/1.1/">
   <pdfaid:part>2</pdfaid:part>
   <pdfaid:conformance>B</pdfaid:conformance>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">{TITLE}</rdf:li></rdf:Alt></dc:title>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>
"""

_SPACES = {Mode.COLOUR: Name.DeviceRGB, Mode.GREY: Name.DeviceGray, Mode.BITONAL: Name.DeviceGray}


@cache
def srgb() -> bytes:
    """An ICC profile of sRGB; the date that LittleCMS writes into it (bytes 24 to 35) is one that says nothing."""
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    made[24:36] = bytes((7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))  # 2000-01-01
    made[84:100] = bytes(16)  # its checksum: zero is "not computed"
    return bytes(made)


def add(pdf: Pdf, page: Encoded) -> None:
    """One page more: the picture at its true size."""
    picture = Stream(pdf, page.data)
    picture.Type, picture.Subtype = Name.XObject, Name.Image
    picture.Width, picture.Height = page.width, page.height
    picture.ColorSpace = _SPACES[page.mode]
    if page.mode is Mode.BITONAL:
        picture.BitsPerComponent = 1
        picture.Filter = Name.CCITTFaxDecode
        picture.DecodeParms = Dictionary(K=-1, Columns=page.width, Rows=page.height, BlackIs1=False)
    else:
        picture.BitsPerComponent = 8
        picture.Filter = Name.DCTDecode
    width, height = (round(72 * dots / page.dpi, 2) for dots in (page.width, page.height))
    content = Stream(pdf, f"{width} 0 0 {height} 0 0 cm /Im0 Do".encode("ascii"))
    box = Array([0, 0, width, height])
    one = Dictionary(
        Type=Name.Page,
        MediaBox=box,
        Resources=Dictionary(XObject=Dictionary(Im0=pdf.make_indirect(picture))),
        Contents=pdf.make_indirect(content),
    )
    if page.turned:
        one.Rotate = page.turned
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(one)))


def mark_archival(pdf: Pdf) -> None:
    """What PDF/A-2b asks for besides the pages: what their colours mean, and XMP that claims it."""
    profile = Stream(pdf, srgb())
    profile.N = 3
    intent = Dictionary(
        Type=Name.OutputIntent,
        S=Name.GTS_PDFA1,
        OutputConditionIdentifier=pikepdf.String("sRGB"),
        Info=pikepdf.String("sRGB"),
        DestOutputProfile=pdf.make_indirect(profile),
    )
    pdf.Root.OutputIntents = Array([pdf.make_indirect(intent)])
    metadata = Stream(pdf, _XMP.encode("utf-8"))
    metadata.Type, metadata.Subtype = Name.Metadata, Name.XML
    pdf.Root.Metadata = pdf.make_indirect(metadata)
    if Name.Info in pdf.trailer:
        del pdf.trailer.Info


def is_ours(untrusted_pdf: Pdf) -> bool:
    """Whether it says of itself what `mark_archival` writes, to the letter."""
    untrusted_xmp = untrusted_pdf.Root.get("/Metadata")
    if not isinstance(untrusted_xmp, Stream) or len(untrusted_xmp.read_raw_bytes()) > 2 * len(_XMP):
        return False  # what is longer is another; it might unfold to gigabytes
    return untrusted_xmp.read_bytes() == _XMP.encode("utf-8")


def save(pdf: Pdf, out: BinaryIO) -> int:
    """Writes it, linearised; bytes. The file's ID is a hash of its content."""
    began = out.tell()
    pdf.save(
        out,
        linearize=True,
        deterministic_id=True,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        compress_streams=True,
        fix_metadata_version=False,
    )
    return out.tell() - began


def check(untrusted_data: BinaryIO, pages: int, *, ours: bool) -> None:
    """That a PDF that was just written can be read, is linearised and has so many pages. Raises Refused(BROKEN).

    In what was brought there may be pictures that nobody can decode; in what is `ours` everything is decoded.
    """
    untrusted_data.seek(0)
    try:
        with pikepdf.open(untrusted_data) as pdf:
            whole = pdf.is_linearized and len(pdf.pages) == pages and not (ours and problems(pdf))
    except pikepdf.PdfError as error:
        raise Refused(Refusal.BROKEN) from error
    if not whole:
        raise Refused(Refusal.BROKEN)


def problems(pdf: Pdf) -> Sequence[object]:
    """As qpdf finds them. Before pikepdf 9.6 this is `check`."""
    find: Callable[[], Sequence[object]] = getattr(pdf, "check_pdf_syntax", None) or pdf.check  # type: ignore[attr-defined]
    return find()


def size(pdf: Pdf) -> int:
    """Bytes that it has once it is saved, or a little more, by saving it.

    What was saved linearised cannot be saved again (qpdf has taken its page tree apart), so it is not linearised here.
    """
    out = io.BytesIO()
    pdf.save(out, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return len(out.getvalue()) + _LINEAR + _LINEAR_PAGE * len(pdf.pages)


def rewrite(pdf: Pdf, out: BinaryIO, pages: int, *, ours: bool) -> int:
    """In place of what is in `out`, and checked; bytes. Raises Refused(BROKEN), OSError."""
    out.seek(0)
    out.truncate()
    length = save(pdf, out)
    check(out, pages, ours=ours)
    return length
