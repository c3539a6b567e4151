"""Requests, responses, and the cleaning of what comes from outside."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote

PORTAL = "portail.localhost"
LOGIN = "connexion.localhost"
FORBIDDEN = "interdit.localhost"
RESOURCES = "ressources.localhost"

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Request:
    method: str
    host: str
    scheme: str
    path: str
    query: dict[str, str]
    cookies: dict[str, str]
    content_type: str
    accept: str
    body: bytes
    body_size: int
    """Larger than ``len(body)`` when the body was too large to keep."""

    def form(self) -> dict[str, str]:
        """The fields of a URL-encoded body; of a repeated field, the last."""
        return fields(self.body.decode("utf-8", "replace"))

    def number(self, name: str, default: int, low: int, high: int) -> int:
        text = self.query.get(name, "")
        if not re.fullmatch(r"[0-9]{1,15}", text):
            return default
        return min(max(int(text), low), high)


@dataclass
class Response:
    body: bytes | str = b""
    status: int = 200
    content_type: str = HTML
    headers: list[tuple[str, str]] = field(default_factory=list)
    stream: Iterator[bytes] | None = None
    length: int = 0

    def payload(self) -> bytes:
        return self.body.encode() if isinstance(self.body, str) else self.body

    def header_lines(self) -> list[tuple[str, str]]:
        """All headers. Raises ValueError rather than let a control character through."""
        length = self.length if self.stream is not None else len(self.payload())
        lines = [("Content-Type", self.content_type), ("Content-Length", str(length)), *self.headers]
        for name, value in lines:
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[\x20-\x7e]*", value):
                raise ValueError(f"unsafe header {name}")
        return lines


def redirect(location: str, *cookies: str, status: int = 303) -> Response:
    headers = [("Location", location), *(("Set-Cookie", cookie) for cookie in cookies)]
    return Response(b"", status, headers=headers)


def cookie(name: str, value: str, *, days: int | None = None, script: bool = True) -> str:
    """A Set-Cookie value. ``days`` None makes a session cookie."""
    parts = [f"{name}={quote(value, safe='')}", "Path=/", "SameSite=Lax"]
    if days is not None:
        parts.append(f"Max-Age={days * 86400}")
    if not script:
        parts.append("HttpOnly")
    return "; ".join(parts)


def fields(text: str) -> dict[str, str]:
    try:
        parsed = parse_qs(text, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return {}
    return {name: values[-1] for name, values in parsed.items()}


def clean(text: str, limit: int = 200, *, lines: bool = False) -> str:
    """Text without control or direction-changing characters, trimmed, cut at ``limit``."""
    text = text.replace("\r\n", "\n")
    kept = (c for c in text if unicodedata.category(c) not in {"Cc", "Cf", "Cs"} or (lines and c == "\n"))
    return "".join(kept).strip()[:limit]


def file_name(text: str, default: str) -> str:
    """A bare, safe file name: no folder, no leading dot, no character that a file system dislikes."""
    name = clean(re.split(r"[/\\]", text)[-1], 400)
    name = re.sub(r'["<>:|?*%;]', "_", name).strip(". ")
    stem, dot, ending = name.rpartition(".")
    if dot and stem and len(ending) <= 8:
        name = f"{stem[:100]}.{ending}"
    return name[:110] or default


def attachment(name: str) -> tuple[str, str]:
    """A Content-Disposition header for an already safe file name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode() or "document"
    plain = re.sub(r"[^A-Za-z0-9 ._()+-]", "_", plain)
    value = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return ("Content-Disposition", value)
