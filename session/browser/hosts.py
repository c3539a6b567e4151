"""Which host an agent may open for one visit, and which site may be given the camera. No input or output.

What is picked is an address that the browser refused or shows, so it is in the browser's own form (small letters,
punycode, plain numbers for an IPv4 address). It still comes from a page that anybody may have made.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NOWHERE = frozenset(
    (
        *("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private"),
        *("test", "example", "invalid", "arpa", "onion", "alt"),
    )
)
"""Last labels of names that are no site of the Internet (RFC 6761, RFC 6762, RFC 9476 and what networks use)."""
_PORTS = {"http": 80, "https": 443}


class Unsafe(ValueError):
    """Not to be opened. The text does not name it."""


def host_to_allow(untrusted_url: str, *, demonstration: bool = False) -> str:
    """The host, as `policy.allow_entries` takes it: this one alone, nothing below it. Raises Unsafe.

    No address in numbers, no port of its own, no single word, nothing of this machine or of the local network. No name
    with letters beyond ASCII either: nobody can tell by sight whether one of them is a look-alike.
    In a demonstration, names of this machine with any port: what is behind it is the egress rules' matter.
    """
    parts = _split(untrusted_url)
    name, port = parts.hostname or "", parts.port
    if demonstration and _is_local(name):
        return name if port is None else f"{name}:{port}"
    labels = name.split(".")
    usual = port in (None, _PORTS[parts.scheme])
    if not usual or not _named(labels) or len(name) > 253 or labels[-1] in _NOWHERE:
        raise Unsafe("not a host of the Internet")
    return name


def origin_to_trust(untrusted_url: str, *, demonstration: bool = False) -> str:
    """The origin that may use camera and microphone, as `https://host[:port]`. Raises Unsafe."""
    parts = _split(untrusted_url)
    local = demonstration and _is_local(parts.hostname or "")
    if parts.scheme != "https" and not local:
        raise Unsafe("not protected")
    host = host_to_allow(untrusted_url, demonstration=demonstration)
    return f"{parts.scheme}://{host}"


def origin_of(untrusted_url: str) -> str:
    """The same without a judgement; empty where there is none."""
    try:
        parts = _split(untrusted_url)
        port = parts.port
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port not in (None, _PORTS[parts.scheme]) else "")


def _split(untrusted_url: str) -> SplitResult:
    try:
        parts = urlsplit(untrusted_url)
        _ = parts.port
    except ValueError:
        raise Unsafe("not an address") from None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise Unsafe("not a web address")
    return parts


def _named(labels: list[str]) -> bool:
    """Two labels at least, and none of them one that a person cannot read or a browser takes for a number."""
    readable = all(_LABEL.fullmatch(label) and not label.startswith("xn--") for label in labels)
    return len(labels) > 1 and readable and not labels[-1][0].isdigit()


def _is_local(name: str) -> bool:
    return name == "localhost" or name.endswith(".localhost")
