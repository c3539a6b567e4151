"""The long form, its checks, and its confirmation."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from html import escape

from tests.portal.context import Context
from tests.portal.journal import Form
from tests.portal.layout import field, heading, link, page
from tests.portal.pages import nobody
from tests.portal.web import Request, Response, clean, redirect


@dataclass(frozen=True)
class Item:
    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    required: bool = True
    choices: tuple[str, ...] = ()
    missing: str = "Ce champ est à remplir."


_GROUPS: tuple[tuple[str, tuple[Item, ...]], ...] = (
    (
        "Vous",
        (
            Item("nom", "Nom", missing="Écrivez votre nom."),
            Item("prenom", "Prénom", missing="Écrivez votre prénom."),
            Item("naissance", "Date de naissance", "date", missing="Indiquez votre date de naissance."),
            Item(
                "situation",
                "Situation",
                "radio",
                choices=("Seul ou seule", "En couple", "Autre"),
                missing="Choisissez votre situation.",
            ),
        ),
    ),
    (
        "Où vous joindre",
        (
            Item("adresse", "Adresse", hint="Numéro et rue", missing="Écrivez votre adresse."),
            Item("code_postal", "Code postal", hint="5 chiffres", missing="Écrivez le code postal."),
            Item("commune", "Commune", missing="Écrivez votre commune."),
            Item("courriel", "Adresse électronique", "email", "Si vous en avez une", required=False),
        ),
    ),
    (
        "Votre demande",
        (
            Item("foyer", "Personnes dans le foyer", "number", missing="Indiquez combien vous êtes."),
            Item(
                "objet",
                "Objet",
                "select",
                choices=("Aide au logement", "Carte de transport", "Inscription scolaire", "Autre demande"),
                missing="Choisissez l'objet de la demande.",
            ),
            Item("message", "Message", "textarea", "Facultatif", required=False),
            Item(
                "certifie",
                "Je certifie que ces renseignements sont exacts",
                "checkbox",
                missing="Cochez la case pour certifier vos renseignements.",
            ),
        ),
    ),
)
_ITEMS = tuple(item for _, items in _GROUPS for item in items)


def check(values: dict[str, str], today: datetime.date | None = None) -> dict[str, str]:
    """What is wrong, in plain French, by field name, in the order of the page."""
    errors: dict[str, str] = {}
    for item in _ITEMS:
        value = values.get(item.name, "")
        if not value:
            if item.required:
                errors[item.name] = item.missing
        elif item.choices and value not in item.choices:
            errors[item.name] = item.missing
        elif item.kind == "date":
            errors |= _check_date(item.name, value, today or datetime.date.today())
        elif item.name == "code_postal" and not re.fullmatch(r"[0-9]{5}", value):
            errors[item.name] = "Le code postal a 5 chiffres, par exemple 46000."
        elif item.kind == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", value):
            errors[item.name] = "L'adresse électronique s'écrit comme nom@exemple.fr."
        elif item.kind == "number" and (not re.fullmatch(r"[0-9]{1,2}", value) or not 1 <= int(value) <= 20):
            errors[item.name] = "Le nombre de personnes va de 1 à 20."
    return errors


def _check_date(name: str, value: str, today: datetime.date) -> dict[str, str]:
    try:
        day = datetime.date.fromisoformat(value)
    except ValueError:
        return {name: "La date n'existe pas. Écrivez le jour, le mois et l'année."}
    if day > today or day.year < 1900:
        return {name: "La date de naissance doit être passée, et après 1900."}
    return {}


def request(context: Context, request: Request) -> Response:
    if request.method != "POST":
        return _page({}, {})
    sent = request.form()
    values = {item.name: clean(sent.get(item.name, ""), 4000, lines=True) for item in _ITEMS}
    errors = check(values)
    context.journal.form(Form(request.host, request.path, values, not errors))
    if errors:
        return _page(values, errors)
    number = context.next_number()
    context.journal.request(number, values)
    return redirect(f"/demande/envoyee?numero={number}")


def sent(context: Context, request: Request) -> Response:
    number = request.query.get("numero", "")
    values = context.journal.requests.get(number)
    if values is None:
        return nobody(context, request)
    body = heading("Votre demande est envoyée", f"Merci {values['prenom']} {values['nom']}.")
    body += f'<p class="grand">Numéro de demande : <strong>{escape(number)}</strong></p>'
    body += '<div class="pile">' + link("/", "Retour à l'accueil", focus=True)
    body += link("/attestation", "Imprimer une attestation", kind="bouton second") + "</div>"
    return page("Demande envoyée", body)


def _page(values: dict[str, str], errors: dict[str, str]) -> Response:
    body = heading("Faire une demande", "Trois parties, une seule page. Rien n'est envoyé avant la fin.")
    if errors:
        many = f"{len(errors)} points sont à revoir" if len(errors) > 1 else "Un point est à revoir"
        rows = "".join(f'<li><a href="#{name}">{escape(said)}</a></li>' for name, said in errors.items())
        body += f'<div class="avis mal" role="alert"><strong>{many}</strong><ul>{rows}</ul></div>'
    focus = next(iter(errors), _ITEMS[0].name)
    body += '<form action="/demande" method="post" novalidate>'
    for legend, items in _GROUPS:
        body += f"<fieldset><legend>{escape(legend)}</legend>"
        body += "".join(_item(item, values, errors, focus) for item in items) + "</fieldset>"
    body += '<button class="bouton">Envoyer ma demande</button></form>'
    title = "Erreurs dans la demande" if errors else "Demande"
    return page(title, body, status=422 if errors else 200)


def _item(item: Item, values: dict[str, str], errors: dict[str, str], focus: str) -> str:
    value, error = values.get(item.name, ""), errors.get(item.name, "")
    if item.kind not in {"radio", "select", "checkbox"}:
        return field(
            item.name,
            item.label,
            kind=item.kind,
            value=value,
            hint=item.hint,
            error=error,
            focus=focus == item.name,
        )
    focused = " autofocus" if focus == item.name else ""
    wrong = f' aria-invalid="true" aria-describedby="{item.name}-erreur"' if error else ""
    said = f'<span class="erreur" id="{item.name}-erreur">{escape(error)}</span>' if error else ""
    start = f'<div class="champ{" faux" if error else ""}">'
    if item.kind == "checkbox":
        checked = " checked" if value else ""
        return (
            f'{start}<label class="choix"><input type="checkbox" id="{item.name}" name="{item.name}" '
            f'value="oui"{checked}{focused}{wrong}><span>{escape(item.label)}</span></label>{said}</div>'
        )
    if item.kind == "select":
        rows = "".join(
            f"<option{' selected' if choice == value else ''}>{escape(choice)}</option>"
            for choice in item.choices
        )
        return (
            f'{start}<label for="{item.name}">{escape(item.label)}</label><select id="{item.name}" '
            f'name="{item.name}"{focused}{wrong}><option value="">Choisir…</option>{rows}</select>'
            f"{said}</div>"
        )
    buttons = ""
    for i, choice in enumerate(item.choices):
        state = " checked" if choice == value else ""
        first = f' id="{item.name}"{focused}' if i == 0 else ""
        buttons += (
            f'<label class="choix"><input type="radio" name="{item.name}" value="{escape(choice)}"'
            f"{first}{state}><span>{escape(choice)}</span></label>"
        )
    named = f'<span class="nom" id="{item.name}-nom">{escape(item.label)}</span>'
    group = f'<div class="rang" role="radiogroup" aria-labelledby="{item.name}-nom"{wrong}>{buttons}</div>'
    return f"{start}{named}{group}{said}</div>"
