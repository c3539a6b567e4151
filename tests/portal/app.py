"""Which site and page answers a request. The Host header chooses the site."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from html import escape
from pathlib import Path

from tests.portal import account, files, forms, pages, trials
from tests.portal.context import Context
from tests.portal.journal import Journal
from tests.portal.web import FORBIDDEN, HTML, LOGIN, PORTAL, RESOURCES, Request, Response

Page = Callable[[Context, Request], Response]

_PORTAL: dict[str, Page] = {
    "/": pages.home,
    "/connexion": account.log_in,
    "/connexion/fenetre": account.by_window,
    "/connexion/retour": account.back,
    "/connexion/memoire": account.remember,
    "/espace": account.space,
    "/deconnexion": account.log_out,
    "/traces": account.traces,
    "/sw.js": account.service_worker,
    "/demande": forms.request,
    "/demande/envoyee": forms.sent,
    "/pieces": files.upload,
    "/pieces/texte": files.upload_text,
    "/pieces/recue": files.received,
    "/attestation": files.attestation,
    "/telechargement": files.downloads,
    "/telechargement/attestation.pdf": files.attestation_pdf,
    "/telechargement/GRAND": files.large,
    "/fenetres": pages.windows,
    "/copie": pages.copying,
    "/entretien": pages.interview,
    "/marque": pages.mark,
    "/lent": pages.slow,
    "/occupe": pages.busy,
    "/ressources": pages.resources,
    "/interdits": trials.index,
}
_LOGIN: dict[str, Page] = {"/": account.identify, "/identification": account.identify, "/entretien": pages.interview}
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_CACHED = [("Cache-Control", "public, max-age=600")]


@functools.cache
def _static() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (Path(__file__).parent / "static").iterdir()}


class App:
    """Answers requests; holds what the site remembers, in memory."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.stopping = threading.Event()
        self.ports = {"http": 0, "https": 0, "down": 0}
        self.context = Context(journal, self.stopping, self.ports)

    def forget(self) -> None:
        self.context.forget()

    def respond(self, request: Request) -> Response:
        self.journal.hit(request.host, request.path)
        try:
            response = self._answer(request)
            response.header_lines()
        except Exception:
            # Whatever goes wrong, a visitor sees the site's own page; tests see its status.
            response = pages.trouble(self.context)
        if response.content_type == HTML:
            response.headers += self._headers(request)
        response.headers += [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "same-origin")]
        return response

    def _answer(self, request: Request) -> Response:
        context = self.context
        if request.method not in {"GET", "POST"}:
            return pages.refused_method(context)
        if request.path == "/favicon.ico":
            return Response(b"", 204)
        if request.path.startswith("/static/") and request.host in {PORTAL, LOGIN}:
            return self._file(context, request.path.removeprefix("/static/"))
        if request.host == PORTAL:
            if request.path.startswith("/interdits/"):
                return trials.attempt(context, request)
            return _PORTAL.get(request.path, pages.nobody)(context, request)
        if request.host == LOGIN:
            return _LOGIN.get(request.path, pages.nobody)(context, request)
        if request.host == RESOURCES and request.path != "/":
            return self._file(context, request.path.removeprefix("/"), "ressource-")
        return forbidden(request)

    def _file(self, context: Context, name: str, prefix: str = "") -> Response:
        data = _static().get(prefix + name)
        if data is None:
            return pages.nobody(context)
        return Response(data, content_type=_TYPES[Path(name).suffix], headers=list(_CACHED))

    def _headers(self, request: Request) -> list[tuple[str, str]]:
        lines = [] if request.path == "/marque" else [("Cache-Control", "private, no-cache")]
        if request.host in {PORTAL, LOGIN} and not request.path.startswith("/interdits"):
            third = f"http://{RESOURCES}:{self.ports['http']}"
            policy = f"default-src 'self'; style-src 'self' {third}; script-src 'self' {third}; "
            policy += f"img-src 'self' data: {third}; object-src 'none'; base-uri 'none'"
            lines.append(("Content-Security-Policy", policy))
        return lines


def forbidden(request: Request) -> Response:
    """A host that no visitor may ever see. Hosts that nobody gave to the portal are such ones too."""
    shown = request.host if request.host in {FORBIDDEN, RESOURCES} else "hôte inconnu"
    return Response(
        '<!doctype html><html lang="fr"><meta charset="utf-8"><title>INTERDIT ATTEINT</title>'
        '<body style="background:#8c1d18;color:#fff;font:700 40px sans-serif;padding:60px">'
        f"<h1>INTERDIT ATTEINT</h1><p>{escape(shown)}</p></body></html>"
    )
