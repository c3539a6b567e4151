"""Our own pages in place of Chromium's error pages: which they are and what they say to the desk.

The guide (`guide/`) is a small extension of ours: it watches failed navigations and shows its page, whose fragment
names the kind. The desk recognises it by the address of the target; nothing else passes between the two.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from session.pages import PageState

DIRECTORY = Path(__file__).parent / "guide"

ONLINE = "online"
"""The kind of a page of ours that tells those that failed to try again, and goes."""
READY = "ready"
"""The kind of `policy.PROBE_URL`: an empty page. It is only there if our block list refused that address."""

KINDS: dict[str, PageState] = {
    "blocked": PageState.BLOCKED,
    "down": PageState.DOWN,
    "offline": PageState.OFFLINE,
    "unsent": PageState.UNSENT,
    "certificate": PageState.CERTIFICATE,
}


class _Manifest(msgspec.Struct, frozen=True):
    key: str


def extension_id(key: str) -> str:
    """The id of an extension with this public key (base64 DER): the first half of its SHA-256, written with a to p."""
    digest = hashlib.sha256(base64.b64decode(key)).hexdigest()[:32]
    return "".join(chr(ord("a") + int(digit, 16)) for digit in digest)


def _own_id() -> str:
    manifest = (DIRECTORY / "manifest.json").read_bytes()
    return extension_id(msgspec.json.decode(manifest, type=_Manifest).key)


ID = _own_id()
ORIGIN = f"chrome-extension://{ID}"


PROVED = "Marchepied"
"""Title that the ready page gives itself: its address alone would also be that of a page that policy blocked."""


ONLINE_URL = f"{ORIGIN}/page.html#{ONLINE}"


def is_ready(untrusted_url: str) -> bool:
    """True for the address of the page that proves that policy and guide are in force."""
    return untrusted_url == f"{ORIGIN}/page.html#{READY}"


def kind_of(untrusted_url: str) -> PageState | None:
    """What our own page says, or None if the address is not our own page."""
    if not untrusted_url.startswith(ORIGIN + "/page.html"):
        return None
    kind = urlsplit(untrusted_url).fragment
    return PageState.BLOCKED if kind == READY else KINDS.get(kind, PageState.DOWN)
