"""What a brought PDF is rid of before anything is made of it: programs, files inside, notes of who made it and when.

What is seen on its pages stays. ISO 32000-1: 12.6 (actions), 7.11.4 (embedded files), 12.7.8 (XFA), 14.3 (metadata),
14.5 (page-piece dictionaries), 12.5.6 (annotations).
"""

from __future__ import annotations

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf

_KEYS = frozenset((
    *("/AA", "/OpenAction", "/JS", "/JavaScript", "/EmbeddedFiles", "/EF", "/AF", "/XFA", "/Collection", "/Renditions"),
    *("/Metadata", "/PieceInfo", "/LastModified", "/Thumb", "/Perms", "/DSS", "/SpiderInfo"),
))  # fmt: skip
_ACTIONS = frozenset(("/GoTo", "/URI", "/Named"))
"""All others start, send, hide or play something, or open another file."""
_ANNOTATIONS = frozenset(("/FileAttachment", "/Sound", "/Movie", "/Screen", "/RichMedia", "/3D"))
_DEEP = 200


def clean(pdf: Pdf) -> None:
    """In place. What is left of an object that nothing leads to any more is not saved. Raises what pikepdf raises."""
    if Name.Info in pdf.trailer:
        del pdf.trailer.Info
    for whole in [pdf.trailer, *pdf.objects]:
        waiting = [(whole, 0)]
        while waiting:
            value, depth = waiting.pop()
            if depth > _DEEP:
                raise pikepdf.PdfError("nested too deeply")
            waiting += [(part, depth + 1) for part in _parts(value) if not part.is_indirect]


def _parts(value: Object) -> list[Object]:
    """Cleans one dictionary, stream or list; what is in it."""
    if isinstance(value, Array):
        return [part for part in value if isinstance(part, Array | Dictionary)]
    if not isinstance(value, Dictionary | pikepdf.Stream):
        return []
    for key in list(value.keys()):
        part = value.get(key)
        if key in _KEYS or (key in ("/A", "/Next") and not _harmless(part)):
            del value[key]
        elif key == "/Annots" and isinstance(part, Array):
            kept = [one for one in part if not (isinstance(one, Dictionary) and _kind(one, "/Subtype") in _ANNOTATIONS)]
            value[key] = Array(kept)
    return [part for key in value.keys() if isinstance(part := value.get(key), Array | Dictionary)]  # noqa: SIM118


def _kind(value: Dictionary, key: str) -> str:
    return str(value.get(key, ""))


def _harmless(untrusted_action: object) -> bool:
    """`A` is also the name of other things: a structure's attributes, say. Only what says that it acts is one."""
    if isinstance(untrusted_action, Array):
        return all(_harmless(one) for one in untrusted_action)
    if not isinstance(untrusted_action, Dictionary):
        return True
    return "/S" not in untrusted_action or _kind(untrusted_action, "/S") in _ACTIONS
