"""What every page may use: the journal, the addresses of the sites, the sessions."""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.portal.journal import Journal
from tests.portal.web import PORTAL, Request


@dataclass
class Context:
    journal: Journal
    stopping: threading.Event
    ports: Mapping[str, int]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _sessions: dict[str, str] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def url(self, path: str, host: str = PORTAL, scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.ports[scheme]}{path}"

    def forget(self) -> None:
        with self._lock:
            self._sessions.clear()
            self._tokens.clear()

    def open_session(self, identifier: str) -> str:
        key = secrets.token_urlsafe(18)
        with self._lock:
            self._sessions[key] = identifier
        self.journal.log_in(identifier)
        return key

    def close_session(self, request: Request) -> None:
        with self._lock:
            self._sessions.pop(request.cookies.get("portail_session", ""), None)

    def visitor(self, request: Request) -> str | None:
        """The identifier that this browser is logged in with."""
        with self._lock:
            return self._sessions.get(request.cookies.get("portail_session", ""))

    def give_token(self, identifier: str) -> str:
        """A token that the log-in host gives, good for one use on the portal."""
        token = secrets.token_urlsafe(18)
        with self._lock:
            self._tokens[token] = identifier
        return token

    def take_token(self, token: str) -> str | None:
        with self._lock:
            return self._tokens.pop(token, None)

    def next_number(self) -> str:
        with self._lock:
            return f"TR-{next(self._numbers):06d}"
