"""What the portal was sent, kept in memory only, for tests to read."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Form:
    """One posted form, refused ones included."""

    host: str
    path: str
    fields: dict[str, str]
    accepted: bool


@dataclass(frozen=True)
class Upload:
    """One file received by ``/pieces``. ``data`` is empty when the file was refused."""

    name: str
    size: int
    content_type: str
    sha256: str
    accepted: bool
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Download:
    """One download. ``sent`` is less than ``size`` when the browser stopped before its end."""

    name: str
    size: int
    sent: int


class Journal:
    """Thread-safe. Every property hands out a copy."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.reset()

    def reset(self) -> None:
        with self._changed:
            self._hits: Counter[str] = Counter()
            self._forms: list[Form] = []
            self._uploads: list[Upload] = []
            self._downloads: list[Download] = []
            self._log_ins: list[str] = []
            self._requests: dict[str, dict[str, str]] = {}
            self._changed.notify_all()

    def hit(self, host: str, path: str) -> None:
        with self._changed:
            self._hits[f"{host}{path}"] += 1
            self._changed.notify_all()

    def form(self, entry: Form) -> None:
        with self._changed:
            self._forms.append(entry)
            self._changed.notify_all()

    def upload(self, entry: Upload) -> int:
        """Note an upload and return its number, from 1."""
        with self._changed:
            self._uploads.append(entry)
            self._changed.notify_all()
            return len(self._uploads)

    def download(self, entry: Download) -> None:
        with self._changed:
            self._downloads.append(entry)
            self._changed.notify_all()

    def log_in(self, identifier: str) -> None:
        with self._changed:
            self._log_ins.append(identifier)
            self._changed.notify_all()

    def request(self, number: str, fields: dict[str, str]) -> None:
        with self._changed:
            self._requests[number] = dict(fields)
            self._changed.notify_all()

    @property
    def hits(self) -> Counter[str]:
        """Requests by host and path, without the query: ``{"portail.localhost/connexion": 2}``."""
        with self._changed:
            return Counter(self._hits)

    @property
    def forbidden_hits(self) -> int:
        """Requests that reached a host which a station must never contact as a page."""
        with self._changed:
            return sum(count for key, count in self._hits.items() if not key.startswith(_OWN_HOSTS))

    @property
    def forms(self) -> list[Form]:
        with self._changed:
            return list(self._forms)

    @property
    def uploads(self) -> list[Upload]:
        with self._changed:
            return list(self._uploads)

    @property
    def downloads(self) -> list[Download]:
        with self._changed:
            return list(self._downloads)

    @property
    def log_ins(self) -> list[str]:
        """Identifiers that a session was opened for, in order."""
        with self._changed:
            return list(self._log_ins)

    @property
    def requests(self) -> dict[str, dict[str, str]]:
        """Accepted ``/demande`` forms by their number."""
        with self._changed:
            return {number: dict(fields) for number, fields in self._requests.items()}

    def wait_for(self, predicate: Callable[[Journal], object], timeout: float = 10.0) -> bool:
        """Wait until ``predicate(journal)`` is true; say whether it became so in time."""
        limit = time.monotonic() + timeout
        with self._changed:
            while not predicate(self):
                left = limit - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
            return True


_OWN_HOSTS = ("portail.localhost/", "connexion.localhost/", "ressources.localhost/")
