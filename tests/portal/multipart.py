"""The little of multipart/form-data that browsers send."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote


@dataclass(frozen=True)
class Part:
    name: str
    filename: str | None
    content_type: str
    data: bytes


def parse(content_type: str, body: bytes) -> list[Part]:
    """The parts of a body. Raises ValueError when it is not well formed."""
    found = re.search(r'boundary="?([A-Za-z0-9\'()+_,./:=? -]{1,70})"?', content_type)
    if not content_type.lower().startswith("multipart/form-data") or found is None:
        raise ValueError("not multipart/form-data")
    delimiter = b"\r\n--" + found.group(1).strip().encode("ascii")
    pieces = (b"\r\n" + body).split(delimiter)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise ValueError("the closing boundary is missing")
    return [_part(piece) for piece in pieces[1:-1]]


def _part(piece: bytes) -> Part:
    head, blank, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not blank:
        raise ValueError("a part has no headers")
    headers = {}
    for line in head.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    disposition = headers.get("content-disposition", "")
    parameters = dict(re.findall(r'[;\s](name|filename)="([^"]*)"', disposition))
    if "name" not in parameters:
        raise ValueError("a part has no name")
    # Browsers write a quote or a line end in a name as %22, %0D or %0A, and nothing else so.
    filename = parameters.get("filename")
    if filename is not None:
        filename = re.sub(r"%(22|0D|0A)", lambda code: unquote(code.group()), filename)
    return Part(parameters["name"], filename, headers.get("content-type", ""), data)
