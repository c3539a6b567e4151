"""The home page and the small pages."""

from __future__ import annotations

from html import escape

from tests.portal.context import Context
from tests.portal.layout import field, heading, link, notice, page
from tests.portal.web import RESOURCES, Request, Response, clean

_SERVICES = (
    ("/connexion", "Me connecter", "Avec un identifiant et un mot de passe", "cle"),
    ("/demande", "Faire une demande", "Remplir le formulaire, pas à pas", "plume"),
    ("/pieces", "Envoyer une pièce", "Un document de 2 Mo au plus", "envoi"),
    ("/attestation", "Imprimer une attestation", "La voir, puis l'imprimer", "papier"),
    ("/telechargement", "Télécharger un document", "Attestation en PDF, grands fichiers", "recu"),
    ("/connexion/fenetre", "Clé des Rivières", "Se connecter dans une autre fenêtre", "fenetre"),
)
_ICONS = {
    "cle": '<circle cx="15" cy="24" r="8"/><path d="M23 24h20M36 24v7M43 24v5"/>',
    "plume": '<path d="M10 38l4-12L34 6l8 8-20 20zM30 10l8 8M8 42h32"/>',
    "envoi": '<path d="M24 32V10M15 18l9-9 9 9M8 32v8h32v-8"/>',
    "papier": '<path d="M12 5h18l8 8v30H12zM29 5v9h9M18 24h14M18 31h14"/>',
    "recu": '<path d="M24 8v22M15 22l9 9 9-9M8 34v7h32v-7"/>',
    "fenetre": '<rect x="6" y="8" width="28" height="24" rx="2"/><path d="M6 15h28M16 40h26V20"/>',
}


def home(context: Context, request: Request) -> Response:
    third = f"http://{RESOURCES}:{context.ports['http']}"
    cards = "".join(
        f'<a class="carte" href="{href}"{" autofocus" if i == 0 else ""}>'
        f'<svg viewBox="0 0 48 48" aria-hidden="true">{_ICONS[icon]}</svg>'
        f"<strong>{escape(name)}</strong><span>{escape(what)}</span></a>"
        for i, (href, name, what, icon) in enumerate(_SERVICES)
    )
    others = (
        ("/pieces/texte", "Envoyer un texte comme pièce"),
        ("/fenetres", "Onglets et fenêtres"),
        ("/copie", "Copier et coller"),
        ("/marque?texte=exemple", "Page marquée"),
        ("/traces", "Traces gardées ici"),
        ("/ressources", "Ressources d'un autre hôte"),
        ("/lent?s=3", "Page lente (3 s)"),
        ("/occupe?s=10", "Page occupée (10 s)"),
        ("/interdits", "Adresses interdites"),
        (f"http://{request.host}:{context.ports['down']}/", "Site en panne"),
        (context.url("/", scheme="https"), "Certificat inconnu"),
        ("/nulle-part", "Page absente (404)"),
        ("/panne", "Page en panne (500)"),
        ("/entretien", "Entretien par vidéo"),
    )
    body = (
        f'<section class="accueil"><img src="{third}/riviere.svg" alt="">'
        + heading("Bonjour, que souhaitez-vous faire ?")
        + f'</section><section class="cartes">{cards}</section>'
        + '<h2>Essais et cas particuliers</h2><section class="essais">'
        + "".join(link(href, label, kind="lien") for href, label in others)
        + "</section>"
    )
    return page("Accueil", body)


def windows(context: Context, request: Request) -> Response:
    tab, opened = "/marque?texte=nouvel-onglet", "/marque?texte=fenetre"
    body = heading("Onglets et fenêtres", "Chaque bouton ouvre une page ailleurs que dans celle-ci.")
    body += '<div class="pile">'
    body += link(tab, "Nouvel onglet (target=_blank)", focus=True, more=' target="_blank"')
    body += link(tab, "Nouvel onglet, sans lien avec celui-ci", more=' target="_blank" rel="noopener"')
    for size, label in (("", "Onglet ouvert par script"), ("popup,width=520,height=420", "Petite fenêtre")):
        body += f'<button type="button" class="bouton" data-ouvrir="{opened}" data-taille="{size}">'
        body += f"{label}</button>"
    return page("Onglets et fenêtres", body + "</div>", script="page.js")


def copying(context: Context, request: Request) -> Response:
    body = heading("Copier et coller", "Écrivez un texte, copiez-le, puis collez-le plus bas.")
    body += field("source", "Texte à copier", kind="textarea", focus=True)
    body += '<button type="button" class="bouton" id="copier">Copier le texte</button>'
    body += field("collage", "Coller ici", kind="textarea")
    return page("Copier et coller", body + '<p id="etat" role="status"></p>', script="page.js")


def interview(context: Context, request: Request) -> Response:
    body = heading("Entretien par vidéo", "Un conseiller vous attend. Il vous verra et vous entendra.")
    body += '<button type="button" class="bouton" id="rejoindre" autofocus>Rejoindre</button>'
    body += '<p class="grand" id="etat" role="status"></p><video id="image" autoplay muted playsinline></video>'
    return page("Entretien par vidéo", body, script="entretien.js")


def mark(context: Context, request: Request) -> Response:
    text = clean(request.query.get("texte", ""), 500)
    body = heading("Page marquée", "Ce texte est dans l'adresse, dans le titre et dans la page.")
    body += f'<p class="grand">{escape(text) or "(aucun texte)"}</p><form action="/marque" method="get">'
    body += field("texte", "Autre texte", focus=True)
    body += '<button class="bouton">Afficher ce texte</button></form>'
    response = page(f"Marque {text}".rstrip(), body)
    response.headers.append(("Cache-Control", "private, max-age=600"))
    return response


def slow(context: Context, request: Request) -> Response:
    seconds = request.number("s", 3, 0, 120)
    context.stopping.wait(seconds)
    body = heading("Page lente arrivée", f"Le site a mis {seconds} s à répondre.")
    return page("Page lente arrivée", body + link("/", "Retour à l'accueil", focus=True))


def busy(context: Context, request: Request) -> Response:
    seconds = request.number("s", 0, 0, 3600)
    blocked = request.query.get("bloque") == "1"
    told = f"pendant {seconds} s" if seconds else "sans fin"
    told += ", sans rien écouter." if blocked else ", en écoutant encore un peu."
    body = heading("Page occupée", f"Cette page calcule {told}")
    body += '<p class="grand" id="compte">0</p>' + link("/", "Retour à l'accueil", focus=True)
    data = {"secondes": str(seconds), "bloque": "1" if blocked else ""}
    return page("Page occupée", body, script="occupe.js", data=data)


def resources(context: Context, request: Request) -> Response:
    third = f"http://{RESOURCES}:{context.ports['http']}"
    head = f'<link rel="stylesheet" href="{third}/ruban.css"><script src="{third}/ruban.js" defer></script>'
    body = heading("Ressources d'un autre hôte", "Une feuille de style, un script et une image.")
    body += f'<p class="ruban" id="ruban">Ruban</p><img id="image" src="{third}/riviere.svg" alt="Rivière">'
    body += '<p class="grand" id="etat" role="status">Vérification…</p>'
    body += link("/", "Retour à l'accueil", focus=True)
    return page("Ressources en examen", body, script="ressources.js", head=head)


def nobody(context: Context, request: Request | None = None) -> Response:
    if request is not None and request.path == "/panne":
        return trouble(context)
    body = heading("Il n'y a personne à cette adresse", "La page demandée n'existe pas, ou n'existe plus.")
    return page("Page introuvable", body + link("/", "Retour à l'accueil", focus=True), status=404)


def trouble(context: Context) -> Response:
    body = heading("Le site a un souci", "Ce n'est pas votre faute. Réessayez dans un moment.")
    return page("Panne du site", body + link("/", "Retour à l'accueil", focus=True), status=500)


def refused_method(context: Context) -> Response:
    body = heading("Action impossible") + notice("Ce site ne sait pas faire cela.", "mal")
    response = page("Action impossible", body, status=405)
    response.headers.append(("Allow", "GET, HEAD, POST"))
    return response
