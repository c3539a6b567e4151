"""Files in and out: uploads with a limit, an attestation to print, downloads."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from html import escape

from tests.portal import multipart, pdf
from tests.portal.context import Context
from tests.portal.journal import Download, Upload
from tests.portal.layout import field, heading, link, notice, page
from tests.portal.web import Request, Response, attachment, clean, file_name, redirect

LIMIT = 2_000_000
"""The largest accepted upload, in bytes."""
LARGEST = 1 << 36
_BLOCK = 1 << 16


def _size(size: int) -> str:
    """A size in words, rounded up: what is over the limit must look so."""
    if size < 1000:
        return f"{size} octets"
    if size <= 999_000:
        return f"{-(-size // 1000)} ko"
    return f"{-(-size // 100_000) / 10:.1f} Mo".replace(".", ",")


def _exact(size: int) -> str:
    return _size(size) if size < 1000 else f"{_size(size)} ({size} octets)"


_ACCEPTED = {"pdf": "application/pdf", "photo": "image/jpeg,image/png"}


def upload(context: Context, request: Request) -> Response:
    """``accepte`` is ``pdf`` or ``photo``; with ``plusieurs=1`` several files, with ``dossier=1`` a whole folder."""
    if request.method == "POST":
        return _receive(context, request)
    accepted = _ACCEPTED.get(request.query.get("accepte", ""), "")
    more = f' accept="{accepted}"' if accepted else ""
    more += " multiple" if request.query.get("plusieurs") == "1" else ""
    more += " webkitdirectory" if request.query.get("dossier") == "1" else ""
    body = heading("Envoyer une pièce", "Une photo ou un PDF, de 2 Mo au plus.")
    body += '<form action="/pieces" method="post" enctype="multipart/form-data">'
    body += field("piece", "Votre document", kind="file", focus=True, more=more)
    body += '<div class="rang"><button class="bouton">Envoyer</button>'
    body += link("/pieces/texte", "Envoyer plutôt un texte", kind="bouton second") + "</div></form>"
    return page("Envoyer une pièce", body)


def upload_text(context: Context, request: Request) -> Response:
    """An upload that needs no file dialog: a script makes the file from what is typed."""
    body = heading("Envoyer un texte", "Votre texte est envoyé comme une pièce, sans choisir de fichier.")
    body += field("texte", "Votre texte", kind="textarea", focus=True)
    body += '<button type="button" class="bouton" id="envoyer">Envoyer le texte comme pièce</button>'
    body += '<p class="grand" id="etat" role="status"></p>'
    return page("Envoyer un texte", body, script="texte.js")


def _receive(context: Context, request: Request) -> Response:
    whole = len(request.body) == request.body_size
    parts: list[multipart.Part | None] = [None]
    if whole:
        try:
            sent = multipart.parse(request.content_type, request.body)
        except ValueError:
            return _refuse(request, "Envoi illisible", "L'envoi est abîmé. Recommencez.", 400)
        parts = [one for one in sent if one.name == "piece" and one.filename]
        if not parts:
            return _refuse(request, "Aucune pièce", "Choisissez d'abord un document, puis envoyez-le.", 422)
    number = 0
    for part in parts:
        name = file_name(part.filename or "", "document") if part else "document"
        data = part.data if part else b""
        size = len(data) if part else request.body_size
        accepted = part is not None and size <= LIMIT
        kind = clean(part.content_type, 100) if part else ""
        digest = hashlib.sha256(data).hexdigest() if part else ""
        number = context.journal.upload(Upload(name, size, kind, digest, accepted, data if accepted else b""))
        if not accepted:
            said = f"« {name} » pèse {_size(size)}. La limite est de 2 Mo. "
            said += "Réduisez le document, puis recommencez."
            return _refuse(request, "Pièce refusée", said, 413)
    if "application/json" in request.accept:
        return _answer("Pièce reçue", f"« {name} », {_exact(size)}.")
    return redirect(f"/pieces/recue?n={number}")


def _answer(title: str, message: str, status: int = 200) -> Response:
    text = json.dumps({"titre": title, "message": message})
    return Response(text, status, "application/json")


def _refuse(request: Request, title: str, said: str, status: int) -> Response:
    if "application/json" in request.accept:
        return _answer(title, said, status)
    body = heading(title) + notice(said, "mal") + link("/pieces", "Choisir un autre document", focus=True)
    return page(title, body, status=status)


def received(context: Context, request: Request) -> Response:
    uploads = context.journal.uploads
    number = request.number("n", 0, 0, 10**9)
    if not 1 <= number <= len(uploads) or not uploads[number - 1].accepted:
        return redirect("/pieces")
    one = uploads[number - 1]
    body = heading("Votre pièce est reçue")
    body += f'<p class="grand">{escape(one.name)}<br>{_exact(one.size)}</p>'
    body += '<div class="pile">' + link("/", "Retour à l'accueil", focus=True)
    body += link("/pieces", "Envoyer une autre pièce", kind="bouton second") + "</div>"
    return page("Pièce reçue", body)


def attestation(context: Context, request: Request) -> Response:
    """A page to print; with ``imprimer=1`` it prints by itself."""
    text = clean(request.query.get("texte", ""), 500) or context.visitor(request) or ""
    body = '<div class="outils"><button type="button" class="bouton" id="imprimer" autofocus>'
    body += 'Imprimer l\'attestation</button><p id="etat" role="status"></p></div>'
    body += '<article class="feuille"><h1>Attestation</h1>'
    body += "<p>Le Portail des Trois-Rivières atteste, à titre de démonstration, que</p>"
    body += f'<p class="grand">{escape(text) or "la personne présente"}</p>'
    body += "<p>a bien accompli sa démarche. Ce document est fictif : il n'ouvre aucun droit.</p></article>"
    data = {"imprimer": "1" if request.query.get("imprimer") == "1" else ""}
    return page("Attestation", body, script="attestation.js", data=data)


def downloads(context: Context, request: Request) -> Response:
    body = heading("Télécharger un document")
    body += '<form action="/telechargement/attestation.pdf" method="get" id="pdf">'
    body += field("texte", "Texte à mettre dans l'attestation", focus=True)
    body += field("nom", "Nom du fichier", hint="Facultatif, par exemple attestation.pdf")
    body += '<button class="bouton">Télécharger l\'attestation (PDF)</button></form>'
    body += '<div class="rang">'
    for size, label in ((5_000_000, "5 Mo"), (200_000_000, "200 Mo"), (2_000_000_000, "2 Go")):
        href = f"/telechargement/GRAND?taille={size}"
        body += link(href, f"Fichier de {label}", kind="bouton second")
    return page("Téléchargements", body + "</div>", script="page.js")


def _name(request: Request, default: str, ending: str) -> str:
    name = file_name(request.query.get("nom", ""), default)
    return name if re.search(r"\.[A-Za-z0-9]{1,8}$", name) else name + ending


def attestation_pdf(context: Context, request: Request) -> Response:
    data = pdf.attestation(clean(request.query.get("texte", ""), 700, lines=True))
    name = _name(request, "attestation.pdf", ".pdf")
    context.journal.download(Download(name, len(data), len(data)))
    headers = [attachment(name), ("Cache-Control", "private, no-cache")]
    return Response(data, content_type="application/pdf", headers=headers)


def large(context: Context, request: Request) -> Response:
    """``taille`` bytes that begin, every 64 KiB, with ``texte``; at most ``debit`` bytes a second."""
    size = request.number("taille", 5_000_000, 0, LARGEST)
    rate = request.number("debit", 0, 0, 1 << 30)
    text = clean(request.query.get("texte", ""), 500).encode()
    name = _name(request, "GRAND.bin", ".bin")
    block = (text + hashlib.shake_256(b"trois rivieres").digest(_BLOCK))[:_BLOCK]

    def blocks() -> Iterator[bytes]:
        sent = 0
        try:
            while sent < size and not context.stopping.is_set():
                piece = block[: min(_BLOCK, size - sent)]
                yield piece
                sent += len(piece)
                if rate:
                    context.stopping.wait(len(piece) / rate)
        finally:
            context.journal.download(Download(name, size, sent))

    headers = [attachment(name), ("Cache-Control", "no-store"), ("Accept-Ranges", "none")]
    kind = "application/octet-stream"
    return Response(content_type=kind, headers=headers, stream=blocks(), length=size)
