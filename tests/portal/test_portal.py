"""The portal's pages, from the real server."""

from __future__ import annotations

import json
import re
import zlib
from urllib.parse import quote

import pytest

from tests.portal import Portal
from tests.portal.asking import ask, send
from tests.portal.files import LIMIT
from tests.portal.forms import check
from tests.portal.web import FORBIDDEN, LOGIN, PORTAL, RESOURCES

# S101: asserts are what tests are made of.

GOOD = {
    "nom": "Marque",
    "prenom": "Ève",
    "naissance": "1950-05-05",
    "situation": "Autre",
    "adresse": "1 quai des Rivières",
    "code_postal": "46000",
    "commune": "Cahors",
    "courriel": "eve@example.invalid",
    "foyer": "2",
    "objet": "Carte de transport",
    "message": "ligne 1\r\nligne 2",
    "certifie": "oui",
}


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/", "Accueil"),
        ("/connexion", "Connexion"),
        ("/connexion/fenetre", "Connexion par fenêtre"),
        ("/traces", "Traces en examen"),
        ("/demande", "Demande"),
        ("/pieces", "Envoyer une pièce"),
        ("/pieces/texte", "Envoyer un texte"),
        ("/attestation", "Attestation"),
        ("/telechargement", "Téléchargements"),
        ("/fenetres", "Onglets et fenêtres"),
        ("/copie", "Copier et coller"),
        ("/entretien", "Entretien par vidéo"),
        ("/marque?texte=abc", "Marque abc"),
        ("/lent?s=0", "Page lente arrivée"),
        ("/occupe?s=1", "Page occupée"),
        ("/ressources", "Ressources en examen"),
        ("/interdits", "Adresses interdites"),
        ("/interdits/1", "Essai 1"),
    ],
)
def test_every_page_has_its_title_and_can_be_driven_by_keyboard(
    portal: Portal, path: str, title: str
) -> None:
    answer = ask(portal, path)
    assert answer.status == 200
    assert answer.title == f"{title} - Portail des Trois-Rivières"
    assert '<html lang="fr">' in answer.text
    if path not in {"/interdits/1"}:
        assert answer.text.count("autofocus") == 1
    for script in re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text):
        assert ask(portal, script).status == 200
    named = set(re.findall(r'<label for="([^"]+)"', answer.text))
    for control in re.findall(r'<(?:input|textarea|select)[^>]* id="([^"]+)"', answer.text):
        assert control in named or control in {"situation", "certifie"}


def test_both_loopback_addresses_serve_the_same_port(portal: Portal) -> None:
    assert ask(portal, "/").status == 200
    assert ask(portal, "/", address="::1").title.startswith("Accueil")
    assert portal.journal.hits[f"{PORTAL}/"] == 2


def test_the_host_chooses_the_site(portal: Portal) -> None:
    assert ask(portal, "/", host=LOGIN).title == "Identification - Clé des Rivières"
    assert portal.journal.forbidden_hits == 0
    for host in (FORBIDDEN, RESOURCES, "127.0.0.1", f"{PORTAL}.{FORBIDDEN}"):
        assert ask(portal, "/", host=host).title == "INTERDIT ATTEINT"
    assert portal.journal.forbidden_hits == 3  # all but the resources' own host
    assert ask(portal, "/x", host="<b>").text.count("<b>") == 0


def test_resources_come_from_the_third_host(portal: Portal) -> None:
    page = ask(portal, "/ressources")
    kinds = {"ruban.css": "text/css", "ruban.js": "text/javascript", "riviere.svg": "image/svg"}
    for name, kind in kinds.items():
        assert f"http://{RESOURCES}:{portal.port}/{name}" in page.text
        assert ask(portal, f"/{name}", host=RESOURCES).headers["Content-Type"].startswith(kind)
    assert f"http://{RESOURCES}:{portal.port}" in page.headers["Content-Security-Policy"]
    assert ask(portal, "/static/../server.py").status == 404
    assert ask(portal, "/static/%2e%2e/server.py").status == 404
    assert ask(portal, "/../server.py", host=RESOURCES).status == 404


def test_logging_in_and_out(portal: Portal) -> None:
    assert ask(portal, "/espace").headers["Location"] == "/connexion"
    refused = ask(portal, "/connexion", data={"identifiant": "MARQUE-1", "mot_de_passe": "faux"})
    assert (refused.status, refused.title[:18]) == (403, "Connexion refusée ")
    assert 'value="MARQUE-1"' in refused.text
    assert not refused.cookies
    entered = ask(portal, "/connexion", data={"identifiant": "MARQUE-1", "mot_de_passe": "secret"})
    assert (entered.status, entered.headers["Location"]) == (303, "/connexion/memoire")
    assert "portail_nom=MARQUE-1; portail_souvenir=MARQUE-1" in entered.cookies
    assert any("Max-Age=2592000" in line for line in entered.headers.get_all("Set-Cookie", []))
    jar = {"Cookie": entered.cookies}
    assert 'data-identifiant="MARQUE-1"' in ask(portal, "/connexion/memoire", headers=jar).text
    space = ask(portal, "/espace", headers=jar)
    assert space.title.startswith("Mon espace - ")
    assert "Bonjour MARQUE-1" in space.text
    assert ask(portal, "/deconnexion", headers=jar, data={}).title.startswith("Déconnexion faite")
    assert ask(portal, "/espace", headers=jar).status == 303
    assert portal.journal.log_ins == ["MARQUE-1"]
    assert [form.accepted for form in portal.journal.forms] == [False, True]


def test_the_log_in_host_gives_a_token_that_serves_once(portal: Portal) -> None:
    fields = {"identifiant": "MARQUE-2", "mot_de_passe": "x"}
    done = ask(portal, "/identification?retour=fenetre", host=LOGIN, data=fields)
    assert done.title == "Identification réussie - Clé des Rivières"
    found = re.search(r'data-jeton="([^"]+)"', done.text)
    assert found is not None
    back = f"/connexion/retour?jeton={found.group(1)}"
    assert ask(portal, back).headers["Location"] == "/connexion/memoire"
    assert ask(portal, back).title.startswith("Connexion refusée")
    page = ask(portal, "/identification?retour=page", host=LOGIN, data=fields)
    assert page.headers["Location"].startswith(portal.url("/connexion/retour?jeton="))


def test_the_service_worker_holds_the_identifier(portal: Portal) -> None:
    code = ask(portal, "/sw.js?identifiant=" + quote('a";alert(1)//\r\n</script>'))
    assert code.text.splitlines()[0] == 'const identifiant = "a\\";alert(1)//</script>";'
    assert code.headers["Content-Type"].startswith("text/javascript")


def test_the_long_form(portal: Portal) -> None:
    sent = ask(portal, "/demande", data=GOOD)
    assert (sent.status, sent.headers["Location"]) == (303, "/demande/envoyee?numero=TR-000001")
    done = ask(portal, sent.headers["Location"])
    assert done.title.startswith("Demande envoyée - ")
    assert "TR-000001" in done.text
    assert "Merci Ève Marque." in done.text
    assert portal.journal.requests["TR-000001"]["message"] == "ligne 1\nligne 2"
    assert ask(portal, "/demande/envoyee?numero=TR-999999").status == 404


def test_the_long_form_says_what_is_wrong(portal: Portal) -> None:
    bad = {**GOOD, "code_postal": "4600", "courriel": "eve", "nom": '<i>"x', "certifie": "", "objet": "Autre"}
    answer = ask(portal, "/demande", data=bad)
    assert (answer.status, answer.title[:23]) == (422, "Erreurs dans la demande")
    assert "4 points sont à revoir" in answer.text
    assert "<i>" not in answer.text
    assert 'value="&lt;i&gt;&quot;x"' in answer.text
    assert re.search(r'id="code_postal"[^>]* autofocus', answer.text)
    assert [form.accepted for form in portal.journal.forms] == [False]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("naissance", "1950-02-30"),
        ("naissance", "2999-01-01"),
        ("naissance", "1899-12-31"),
        ("foyer", "0"),
        ("foyer", "21"),
        ("foyer", "²"),
        ("situation", "n'importe"),
        ("nom", ""),
    ],
)
def test_each_wrong_value_is_found(name: str, value: str) -> None:
    assert not check(GOOD)
    assert list(check({**GOOD, name: value})) == [name]


def test_a_file_up_to_the_limit_is_accepted(portal: Portal) -> None:
    data = b"\r\n--XY\x00\x01" * (LIMIT // 8)
    sent = send(portal, data, "Mes papiers é.pdf")
    assert (sent.status, sent.headers["Location"]) == (303, "/pieces/recue?n=1")
    shown = ask(portal, "/pieces/recue?n=1")
    assert shown.title.startswith("Pièce reçue - ")
    assert "Mes papiers é.pdf" in shown.text
    assert f"({LIMIT} octets)" in shown.text
    (upload,) = portal.journal.uploads
    assert (upload.name, upload.size, upload.data == data) == ("Mes papiers é.pdf", LIMIT, True)


@pytest.mark.parametrize("size", [LIMIT + 1, 40 * 1024 * 1024])
def test_a_file_over_the_limit_is_refused_plainly(portal: Portal, size: int) -> None:
    answer = send(portal, b"x" * size)
    assert (answer.status, answer.title[:13]) == (413, "Pièce refusée")
    assert "La limite est de 2 Mo" in answer.text
    (upload,) = portal.journal.uploads
    assert not upload.accepted
    assert upload.size >= size
    assert not upload.data


def test_a_script_gets_json(portal: Portal) -> None:
    answer = send(portal, b"texte", "texte.txt", Accept="application/json")
    assert json.loads(answer.text) == {
        "titre": "Pièce reçue",
        "message": "« texte.txt », 5 octets.",
    }


def test_broken_uploads_are_refused(portal: Portal) -> None:
    assert send(portal, b"", "").title.startswith("Aucune pièce")
    for body in (b"", b"--XX\r\n", b"--XX\r\nrien\r\n--XX--", b"--XX\r\n\r\n\r\nx\r\n--XX--"):
        kind = {"Content-Type": "multipart/form-data; boundary=XX"}
        assert ask(portal, "/pieces", data=body, headers=kind).title.startswith("Envoi illisible")
    send(portal, b"x", "../../etc/%22<b>\t.pdf")
    assert portal.journal.uploads[-1].name == "__b_.pdf"
    assert portal.journal.uploads[-1].accepted


def test_the_pdf_holds_its_text_twice(portal: Portal) -> None:
    answer = ask(portal, "/telechargement/attestation.pdf?texte=" + quote("MARQUE-(é)\\"))
    assert answer.headers["Content-Type"] == "application/pdf"
    plain = "(MARQUE-\\(é\\)\\\\)".encode("cp1252")
    assert answer.data.count(plain) == 1
    found = re.search(rb"FlateDecode >>\nstream\n(.*?)\nendstream", answer.data, re.DOTALL)
    assert found is not None
    assert plain in zlib.decompress(found.group(1))
    start = int(answer.data.split(b"startxref\n")[1].split()[0])
    offsets = [int(row[:10]) for row in answer.data[start:].split(b"\n")[3:9]]
    for number, offset in enumerate(offsets, 1):
        assert answer.data[offset:].startswith(b"%d 0 obj\n" % number)
    assert portal.journal.downloads[0].name == "attestation.pdf"


def test_a_large_file_is_streamed(portal: Portal) -> None:
    answer = ask(portal, "/telechargement/GRAND?taille=300001&texte=MARQUE-3&nom=gros.iso")
    assert len(answer.data) == 300001
    assert answer.data.startswith(b"MARQUE-3")
    assert 'filename="gros.iso"' in answer.headers["Content-Disposition"]
    assert portal.journal.wait_for(lambda journal: journal.downloads)
    assert portal.journal.downloads[0].sent == 300001
    head = ask(portal, "/telechargement/GRAND?taille=300001", method="HEAD")
    assert (head.headers["Content-Length"], head.data) == ("300001", b"")


def test_forbidden_addresses_can_be_gone_to_without_a_tap(portal: Portal) -> None:
    page = ask(portal, "/interdits")
    assert page.text.count('class="bouton second"') == 16
    assert "script-src" not in str(page.headers.get("Content-Security-Policy"))
    assert 'location.href = "file:///etc/passwd"' in ask(portal, "/interdits/3").text
    assert ask(portal, "/interdits/1?par=302").headers["Location"] == portal.url("/", FORBIDDEN)
    assert "0; url=chrome://settings" in ask(portal, "/interdits/4?par=meta").text
    assert 'window.open("mailto:' in ask(portal, "/interdits/8?par=ouvrir").text
    assert '<iframe src="file:' in ask(portal, "/interdits/3?par=cadre").text
    assert "<title>INTERDIT" not in ask(portal, "/interdits/6").text
    for number in range(1, 17):
        assert ask(portal, f"/interdits/{number}?par=302").status == 302
    assert ask(portal, "/interdits/17").status == 404
    assert ask(portal, "/interdits/0").status == 404
