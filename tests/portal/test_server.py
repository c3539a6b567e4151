"""The portal's sockets, threads and headers, from the real server."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.portal import Portal
from tests.portal.asking import ask
from tests.portal.web import LOGIN, PORTAL, attachment, file_name

# S101: asserts are what tests are made of.

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "path",
    [
        "/telechargement/attestation.pdf?nom=x%0d%0aSet-Cookie:%20a=b%0d%0a.pdf",
        "/telechargement/attestation.pdf?nom=%22;%20filename=%22y.exe",
        "/telechargement/GRAND?taille=1&nom=..%2f..%2fpasswd%00",
        "/marque?texte=%0d%0aSet-Cookie:%20a=b",
        "/connexion/retour?jeton=%0d%0aSet-Cookie:%20a=b",
        "/interdits/1?par=302%0d%0aSet-Cookie:%20a=b",
    ],
)
def test_no_header_can_be_put_in(portal: Portal, path: str) -> None:
    answer = ask(portal, path)
    assert answer.status < 500
    assert "Set-Cookie" not in answer.headers
    disposition = answer.headers.get("Content-Disposition", "")
    assert disposition.count("filename=") <= 1
    assert ".." not in disposition


def test_cookies_carry_any_identifier_safely(portal: Portal) -> None:
    data = {"identifiant": "a\r\nSet-Cookie: b=c; d\x00é", "mot_de_passe": "x"}
    answer = ask(portal, "/connexion", data=data)
    assert len(answer.headers.get_all("Set-Cookie", [])) == 3
    assert "portail_nom=aSet-Cookie%3A%20b%3Dc%3B%20d%C3%A9" in answer.cookies
    back = ask(portal, "/espace", headers={"Cookie": answer.cookies})
    assert "Bonjour aSet-Cookie: b=c; dé" in back.text


def test_text_is_escaped_everywhere(portal: Portal) -> None:
    bad = quote("<script>\"'&")
    for path in (f"/marque?texte={bad}", f"/attestation?texte={bad}"):
        assert "<script>&quot;" not in (text := ask(portal, path).text)
        assert "&lt;script&gt;&quot;&#x27;&amp;" in text


def test_file_names_are_tamed() -> None:
    assert file_name("..\\..\\.bashrc", "d") == "bashrc"
    assert file_name(" ../ ", "d") == "d"
    assert file_name("é" * 300 + ".pdf", "d") == "é" * 100 + ".pdf"
    assert file_name("a\u202egpj.exe", "d") == "agpj.exe"
    assert attachment("é.pdf")[1] == "attachment; filename=\"e.pdf\"; filename*=UTF-8''%C3%A9.pdf"


def test_trouble_pages(portal: Portal) -> None:
    assert (ask(portal, "/nulle-part").status, ask(portal, "/panne").status) == (404, 500)
    assert ask(portal, "/nulle-part").title == "Page introuvable - Portail des Trois-Rivières"
    assert ask(portal, "/panne").title == "Panne du site - Portail des Trois-Rivières"
    assert ask(portal, "/", method="DELETE").status in {405, 501}
    assert ask(portal, "/demande", data=b"", headers={"Content-Length": "9" * 11}).status == 400
    assert ask(portal, "/demande", data=b"", headers={"Content-Length": "-1"}).status == 400
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("::1", portal.down_port), 5):
        pass


def test_the_certificate_is_not_trusted_but_serves(portal: Portal) -> None:
    address = ("127.0.0.1", portal.tls_port)
    trusting = ssl.create_default_context()
    with socket.create_connection(address, 5) as raw, pytest.raises(ssl.SSLCertVerificationError):
        trusting.wrap_socket(raw, server_hostname=PORTAL)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(*address, timeout=5, context=trusting)
    connection.request("GET", "/connexion/fenetre", headers={"Host": f"{PORTAL}:{portal.tls_port}"})
    assert f"https://{LOGIN}:{portal.tls_port}/identification" in connection.getresponse().read().decode()
    connection.close()


def test_stopping_leaves_nothing() -> None:
    def hung_up() -> None:
        with suppress(OSError, http.client.HTTPException):
            ask(portal, "/lent?s=60")

    before = set(threading.enumerate())
    files = set(Path(tempfile.gettempdir()).glob("portal-*"))
    portal = Portal()
    with portal:
        assert portal.url("espace") == f"http://{PORTAL}:{portal.port}/espace"
        ports = (portal.port, portal.tls_port, portal.down_port)
        idle = [socket.create_connection(("127.0.0.1", port), 5) for port in ports[:2]]
        waiting = threading.Thread(target=hung_up)
        waiting.start()
        assert portal.journal.wait_for(lambda journal: journal.hits[f"{PORTAL}/lent"])
        with pytest.raises(RuntimeError):
            portal.start()
    waiting.join(5)
    assert not waiting.is_alive()
    for one in idle:
        one.close()
    assert set(threading.enumerate()) <= before
    assert set(Path(tempfile.gettempdir()).glob("portal-*")) <= files
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        for port in ports:
            with socket.socket(family) as again:
                again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                again.bind((address, port))
    portal.start()  # and it can start again
    portal.stop()
    portal.stop()


def test_a_taken_port_is_said_and_nothing_is_left() -> None:
    before = set(threading.enumerate())
    with Portal() as first:
        with pytest.raises(OSError, match="in use"):
            Portal(first.port).start()
        with pytest.raises(OSError, match="in use"):
            Portal(0, first.port).start()
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_a_program(number: signal.Signals) -> None:
    # S603: our own program, with no argument from outside.
    command = [sys.executable, "-m", "tests.portal"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        ports = json.loads(process.stdout.readline())
        assert set(ports) == {"port", "tls_port"}
        socket.create_connection(("127.0.0.1", ports["port"]), 5).close()
        process.send_signal(number)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()
