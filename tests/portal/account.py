"""Logging in: on the portal, or through the log-in host in a window or a redirection."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from urllib.parse import quote

from tests.portal.context import Context
from tests.portal.journal import Form
from tests.portal.layout import KEY, field, heading, link, notice, page
from tests.portal.web import LOGIN, Request, Response, clean, cookie, redirect

_BAD = "faux"
"""The one password that is refused; any other that is not empty is right."""


def _read(context: Context, request: Request) -> tuple[str, str]:
    """What was typed as identifier, and what is wrong with it (in plain French) or nothing."""
    form = request.form()
    identifier = clean(form.get("identifiant", ""))
    password = form.get("mot_de_passe", "")
    error = ""
    if not identifier:
        error = "Écrivez votre identifiant."
    elif not password:
        error = "Écrivez votre mot de passe."
    elif password == _BAD:
        error = "L'identifiant ou le mot de passe n'est pas le bon. Vérifiez-les et recommencez."
    context.journal.form(Form(request.host, request.path, form, not error))
    return identifier, error


def _form(identifier: str, error: str, action: str) -> str:
    return (
        (notice(error, "mal") if error else "")
        + f'<form action="{escape(action)}" method="post" class="etroit">'
        + field("identifiant", "Identifiant", value=identifier, focus=True, more=' autocomplete="username"')
        + field("mot_de_passe", "Mot de passe", kind="password", more=' autocomplete="current-password"')
        + '<button class="bouton">Me connecter</button></form>'
    )


def log_in(context: Context, request: Request) -> Response:
    identifier = error = ""
    if request.method == "POST":
        identifier, error = _read(context, request)
        if not error:
            return _enter(context, identifier)
    body = heading("Connexion", "Tout identifiant convient. Tout mot de passe aussi, sauf « faux ».")
    body += _form(identifier, error, "/connexion")
    return page("Connexion refusée" if error else "Connexion", body, status=403 if error else 200)


def _enter(context: Context, identifier: str) -> Response:
    return redirect(
        "/connexion/memoire",
        cookie("portail_session", context.open_session(identifier), script=False),
        cookie("portail_nom", identifier),
        cookie("portail_souvenir", identifier, days=30),
    )


def remember(context: Context, request: Request) -> Response:
    """Writes the identifier everywhere a browser can keep it, then goes to /espace."""
    visitor = context.visitor(request)
    if visitor is None:
        return redirect("/connexion")
    body = heading("Votre espace s'ouvre", "Encore un instant.") + link("/espace", "Continuer", focus=True)
    return page("Espace en ouverture", body, script="memoire.js", data={"identifiant": visitor})


def space(context: Context, request: Request) -> Response:
    visitor = context.visitor(request)
    if visitor is None:
        return redirect("/connexion")
    body = heading(f"Bonjour {visitor}", "Voici votre espace.") + '<div class="pile">'
    body += link("/demande", "Faire une demande", focus=True)
    body += link("/pieces", "Envoyer une pièce", kind="bouton second")
    body += link("/attestation", "Imprimer une attestation", kind="bouton second")
    body += link("/telechargement", "Télécharger un document", kind="bouton second")
    body += '<form action="/deconnexion" method="post">'
    body += '<button class="bouton second">Me déconnecter</button></form></div>'
    return page("Mon espace", body)


def log_out(context: Context, request: Request) -> Response:
    """Ends the session as careless sites do: what the browser remembers otherwise stays."""
    if request.method != "POST":
        return redirect("/espace")
    context.close_session(request)
    body = heading("Vous êtes déconnecté", "À bientôt.") + link("/", "Retour à l'accueil", focus=True)
    response = page("Déconnexion faite", body)
    response.headers.append(("Set-Cookie", "portail_session=; Path=/; Max-Age=0"))
    return response


def traces(context: Context, request: Request) -> Response:
    """Shows, and counts in its title, what this browser has kept of visitors."""
    body = heading("Traces gardées ici", "Ce que ce navigateur sait encore de ses visiteurs.")
    body += '<ul class="liste" id="traces"></ul><p class="grand" id="etat" role="status">Examen…</p>'
    body += link("/", "Retour à l'accueil", focus=True)
    return page("Traces en examen", body, script="traces.js")


def service_worker(context: Context, request: Request) -> Response:
    identifier = clean(request.query.get("identifiant", ""))
    code = f"const identifiant = {json.dumps(identifier)};\n"
    code += (Path(__file__).parent / "static" / "sw.js").read_text("utf-8")
    return Response(
        code, content_type="text/javascript; charset=utf-8", headers=[("Cache-Control", "no-cache")]
    )


def by_window(context: Context, request: Request) -> Response:
    target = context.url("/identification", LOGIN, request.scheme)
    body = heading(f"Se connecter avec la {KEY}", "L'identification se fait sur un autre site.")
    body += '<div class="pile"><button type="button" class="bouton" id="ouvrir" autofocus>'
    body += "Ouvrir la fenêtre de connexion</button>"
    body += link(f"{target}?retour=page", "Rester dans cette page", kind="bouton second")
    body += '</div><p class="grand" id="etat" role="status"></p>'
    data = {"adresse": f"{target}?retour=fenetre", "origine": context.url("", LOGIN, request.scheme)}
    return page("Connexion par fenêtre", body, script="fenetre.js", data=data)


def back(context: Context, request: Request) -> Response:
    """Where one comes back to from the log-in host, with a token."""
    identifier = context.take_token(request.query.get("jeton", ""))
    if identifier is not None:
        return _enter(context, identifier)
    body = heading("La connexion n'a pas abouti", "Le laissez-passer n'est pas valable, ou a déjà servi.")
    body += link("/connexion/fenetre", "Recommencer", focus=True)
    return page("Connexion refusée", body, status=403)


def identify(context: Context, request: Request) -> Response:
    """The log-in host's form. With ``retour=fenetre``, it tells the opener and closes itself."""
    mode = "fenetre" if request.query.get("retour") == "fenetre" else "page"
    identifier = error = ""
    if request.method == "POST":
        identifier, error = _read(context, request)
        if not error:
            return _identified(context, request, identifier, mode)
    body = heading("Qui êtes-vous ?", "Pour entrer sur le Portail des Trois-Rivières.")
    body += _form(identifier, error, f"/identification?retour={mode}")
    title = "Identification refusée" if error else "Identification"
    return page(title, body, site=KEY, status=403 if error else 200)


def _identified(context: Context, request: Request, identifier: str, mode: str) -> Response:
    token = context.give_token(identifier)
    kept = cookie("cle_souvenir", identifier, days=30)
    target = context.url(f"/connexion/retour?jeton={quote(token)}", scheme=request.scheme)
    if mode == "page":
        return redirect(target, kept)
    body = heading("C'est fait", "Cette fenêtre va se fermer.") + link(target, "Continuer", focus=True)
    data = {"jeton": token, "origine": context.url("", scheme=request.scheme)}
    response = page("Identification réussie", body, site=KEY, script="identifie.js", data=data)
    response.headers.append(("Set-Cookie", kept))
    return response
