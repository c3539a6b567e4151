"""Which host may be opened for one visit, and what the visit's policy then says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from session.browser import policy
from session.browser.hosts import Unsafe, host_to_allow, origin_of, origin_to_trust
from session.browser.visit import VisitPolicy


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.exemple.fr/", "www.exemple.fr"),
        ("http://exemple.fr:80/a?b#c", "exemple.fr"),
        ("https://a-b.c1.exemple.co.uk:443/", "a-b.c1.exemple.co.uk"),
    ],
)
def test_a_host_of_the_internet(url: str, host: str) -> None:
    assert host_to_allow(url) == host_to_allow(url, demonstration=True) == host
    policy.allow_entries(host)


@pytest.mark.parametrize(
    "url",
    [
        *("", "about:blank", "file:///etc/passwd", "ftp://www.exemple.fr/", "chrome://settings", "javascript:0"),
        *("https://fr/", "https://exemple/", "https://*.exemple.fr/", "https://*/", "https://.exemple.fr/"),
        *("https://exemple.fr./", "https://ex_emple.fr/", "https://-a.fr/", "https://a..fr/"),
        f"https://{'a' * 64}.fr/",
        *("https://1.2.3.4/", "https://192.168.0.1/", "https://127.1/", "https://0x7f.1/", "https://[::1]/"),
        *("https://1.2.3.4:443/", "https://a.3/", "https://[2001:db8::1]/"),
        *("https://www.exemple.fr:8443/", "http://www.exemple.fr:443/", "https://www.exemple.fr:x/"),
        *("https://moi@www.exemple.fr/", "https://moi:secret@www.exemple.fr/", "https://www.exemple.fr@autre.fr/"),
        *("https://localhost/", "https://a.localhost/", "https://box.local/", "https://nas.lan/", "https://a.home.arpa/"),
        *("https://x.internal/", "https://x.onion/", "https://x.invalid/", "https://x.test/"),
        *("https://xn--pple-43d.com/", "https://www.xn--p1ai/", "https://éxemple.fr/"),
        "https://" + ".".join(["aaaaaaaaa"] * 30) + ".fr/",
    ],
)
def test_what_is_refused(url: str) -> None:
    with pytest.raises(Unsafe):
        host_to_allow(url)


def test_names_of_this_machine_are_for_demonstrations() -> None:
    url = "http://interdit.localhost:8001/x"
    assert host_to_allow(url, demonstration=True) == "interdit.localhost:8001"
    assert origin_to_trust(url, demonstration=True) == "http://interdit.localhost:8001"
    with pytest.raises(Unsafe):
        host_to_allow("http://127.0.0.1:8001/", demonstration=True)


def test_a_camera_is_for_a_protected_site() -> None:
    assert origin_to_trust("https://video.exemple.fr/salle/1") == "https://video.exemple.fr"
    for url in ("http://video.exemple.fr/", "https://1.2.3.4/", "https://video.exemple.fr:8443/"):
        with pytest.raises(Unsafe):
            origin_to_trust(url)


def test_origins() -> None:
    assert origin_of("https://Video.exemple.fr:443/a?b") == "https://video.exemple.fr"
    assert origin_of("http://a.localhost:8001/") == "http://a.localhost:8001"
    assert origin_of("about:blank") == origin_of("https://a:b/") == origin_of("") == ""


def test_the_visits_policy_adds_to_the_stations(tmp_path: Path) -> None:
    file = tmp_path / "visit.json"
    file.write_text("{}")
    visit = VisitPolicy(file, ["a.fr", "*.b.fr"], ["https://a.fr"])
    assert visit.allows("a.fr")
    assert not visit.allows("c.fr")
    visit.allow("c.fr")
    visit.allow("c.fr")
    written = json.loads(file.read_bytes())
    base = policy.build(["a.fr", "*.b.fr"], downloads="/d")["URLAllowlist"]
    assert written["URLAllowlist"] == [*base, "http://.c.fr:80", "https://.c.fr:443"], "this host, and none below it"
    assert written["VideoCaptureAllowedUrls"] == written["AudioCaptureAllowedUrls"] == ["https://a.fr"]
    with pytest.raises(policy.BadHost):
        visit.allow("*")


def test_a_new_desk_finds_what_was_allowed(tmp_path: Path) -> None:
    file = tmp_path / "visit.json"
    file.write_text("{}")
    first = VisitPolicy(file, ["a.fr"], ["https://a.fr"])
    first.allow("c.fr")
    first.set_cameras([])
    second = VisitPolicy(file, ["a.fr"], ["https://a.fr"])
    assert second.allows("c.fr")
    assert second.cameras == ()
    second.set_cameras(["https://c.fr"])
    assert "https://.c.fr:443" in json.loads(file.read_bytes())["URLAllowlist"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"URLAllowlist": 3}'])
def test_a_file_that_is_broken_allows_nothing(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "visit.json"
    file.write_bytes(content)
    visit = VisitPolicy(file, ["a.fr"], [])
    assert not visit.allows("c.fr")
    visit.allow("c.fr")
    assert json.loads(file.read_bytes())["URLAllowlist"][-1] == "https://.c.fr:443"
