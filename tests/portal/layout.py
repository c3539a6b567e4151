"""The look that all pages share. Whatever is put into a page goes through ``escape`` first."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from tests.portal.web import Response

SITE = "Portail des Trois-Rivières"
KEY = "Clé des Rivières"

_WAVES = (
    '<svg viewBox="0 0 48 40" aria-hidden="true"><g fill="none" stroke-width="5" stroke-linecap="round">'
    '<path stroke="#2f8f83" d="M4 9c7-7 13-7 20 0s13 7 20 0"/>'
    '<path stroke="#d09a45" d="M4 21c7-7 13-7 20 0s13 7 20 0"/>'
    '<path stroke="#0f5759" d="M4 33c7-7 13-7 20 0s13 7 20 0"/></g></svg>'
)


def page(
    title: str,
    body: str,
    *,
    site: str = SITE,
    script: str = "",
    data: Mapping[str, str] | None = None,
    status: int = 200,
    head: str = "",
) -> Response:
    """A whole page. ``body`` and ``head`` are HTML; everything else is text."""
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in (data or {}).items())
    scripted = f'<script src="/static/{escape(script)}" defer></script>' if script else ""
    nav = '<nav><a href="/">Accueil</a><a href="/espace">Mon espace</a></nav>' if site == SITE else ""
    home = "/" if site == SITE else "/identification"
    return Response(
        f"""<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} - {escape(site)}</title>
<link rel="icon" href="/static/logo.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/style.css">
{head}{scripted}
</head>
<body data-site="{escape(site)}"{attributes}>
<header class="haut"><a class="marque" href="{home}">{_WAVES}<span>{escape(site)}</span></a>{nav}</header>
<main>
{body}
</main>
<footer>Site de démonstration. Aucun service réel, aucune démarche véritable.</footer>
</body>
</html>
""",
        status,
    )


def heading(title: str, lead: str = "") -> str:
    """A page's title and its first sentence, both as text."""
    return f"<h1>{escape(title)}</h1>" + (f'<p class="chapeau">{escape(lead)}</p>' if lead else "")


def link(href: str, label: str, *, kind: str = "bouton", focus: bool = False, more: str = "") -> str:
    focused = " autofocus" if focus else ""
    return f'<a class="{kind}" href="{escape(href)}"{focused}{more}>{escape(label)}</a>'


def field(
    name: str,
    label: str,
    *,
    kind: str = "text",
    value: str = "",
    hint: str = "",
    error: str = "",
    focus: bool = False,
    more: str = "",
) -> str:
    """A labelled input or, with ``kind="textarea"``, a text area."""
    focused = " autofocus" if focus else ""
    told = " ".join(
        f"{name}-{part}" for part, there in (("aide", bool(hint)), ("erreur", bool(error))) if there
    )
    described = f' aria-describedby="{told}"' if told else ""
    wrong = ' aria-invalid="true"' if error else ""
    common = f'id="{name}" name="{name}"{focused}{described}{wrong}{more}'
    if kind == "textarea":
        control = f'<textarea rows="3" {common}>\n{escape(value)}</textarea>'
    else:
        control = f'<input type="{kind}" value="{escape(value)}" {common}>'
    return (
        f'<div class="champ{" faux" if error else ""}"><label for="{name}">{escape(label)}</label>'
        + (f'<span class="aide" id="{name}-aide">{escape(hint)}</span>' if hint else "")
        + control
        + (f'<span class="erreur" id="{name}-erreur">{escape(error)}</span>' if error else "")
        + "</div>"
    )


def notice(text: str, kind: str = "info") -> str:
    """A framed sentence: ``info``, ``bien`` or ``mal``."""
    role = "alert" if kind == "mal" else "status"
    return f'<p class="avis {kind}" role="{role}">{escape(text)}</p>'
