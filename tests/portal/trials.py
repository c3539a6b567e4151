"""Addresses that a guarded browser must not reach, as buttons and as pages that go there by themselves."""

from __future__ import annotations

import json
import re
from html import escape

from tests.portal.context import Context
from tests.portal.layout import heading, page
from tests.portal.pages import nobody
from tests.portal.web import FORBIDDEN, RESOURCES, Request, Response, redirect


def addresses(context: Context) -> list[tuple[str, str]]:
    """Label and address, in the order of their numbers from 1."""
    port = context.ports["http"]
    shown = "<title>INTERDIT ATTEINT</title><h1>INTERDIT ATTEINT</h1>"
    return [
        ("Hôte interdit", context.url("/", FORBIDDEN)),
        ("Hôte qui n'existe pas", "http://example.invalid/"),
        ("Fichier du poste", "file:///etc/passwd"),
        ("Réglages du navigateur", "chrome://settings"),
        ("Code de la page", "view-source:" + context.url("/")),
        ("Page dans l'adresse (data)", "data:text/html," + shown),
        ("Script dans l'adresse", "javascript:void(document.title='Script exécuté')"),
        ("Courrier (mailto)", "mailto:personne@example.invalid"),
        ("Téléphone (tel)", "tel:+33199000000"),
        ("Programme inconnu", "marchepied-test:ouvrir"),
        ("Fichiers distants (ftp)", "ftp://example.invalid/"),
        ("Application (intent)", "intent://ouvrir#Intent;scheme=marchepied-test;end"),
        ("Hôte des ressources", context.url("/", RESOURCES)),
        ("Adresse de la machine", f"http://127.0.0.1:{port}/"),
        ("Faux nom du portail", f"http://portail.localhost.interdit.localhost:{port}/"),
        ("Nom du portail en appât", f"http://portail.localhost@interdit.localhost:{port}/"),
    ]


def index(context: Context, request: Request) -> Response:
    body = heading("Adresses interdites", "Rien de ce qui est ici ne doit s'ouvrir sur un poste gardé.")
    body += '<div class="grille">'
    for number, (label, address) in enumerate(addresses(context), 1):
        focus = " autofocus" if number == 1 else ""
        body += f'<a class="bouton second" href="{escape(address)}"{focus}>{number}. {escape(label)}</a>'
    return page("Adresses interdites", body + "</div>")


def attempt(context: Context, request: Request) -> Response:
    """``/interdits/N?par=``: script (if nothing is said), 302, meta, ouvrir, cadre."""
    known = addresses(context)
    found = re.fullmatch(r"/interdits/([1-9][0-9]?)", request.path)
    if found is None or int(found.group(1)) > len(known):
        return nobody(context, request)
    number = int(found.group(1))
    label, address = known[number - 1]
    way = request.query.get("par", "script")
    if way == "302":
        return redirect(re.sub(r"[^\x20-\x7e]", "", address), status=302)
    body = heading(f"Essai {number}", label) + f'<p class="grand">{escape(address)}</p>'
    head = ""
    if way == "meta":
        head = f'<meta http-equiv="refresh" content="0; url={escape(address)}">'
    elif way == "cadre":
        body += f'<iframe src="{escape(address)}" title="{escape(label)}"></iframe>'
    else:
        target = json.dumps(address).replace("<", "\\u003c")
        go = f"window.open({target})" if way == "ouvrir" else f"location.href = {target}"
        body += f"<script>addEventListener('load', () => setTimeout(() => {{ {go}; }}, 50));</script>"
    return page(f"Essai {number}", body, head=head, script="essai.js", data={"numero": str(number)})
