"""The policy: built right, known to the installed browser, and proved in force (or its absence noticed)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import msgspec
import pytest

from session.browser import errors, policy, sandbox
from session.browser.devtools import DevTools
from session.browser.driver import Driver, PolicyNotInForce
from session.browser.pages import Tracker
from session.pages import Settings, Site
from tests.session.browser.conftest import needs_browser
from tests.session.browser.harness import PATIENCE, Browser, Screen, wait_for


def test_hosts_become_exact_entries() -> None:
    assert policy.allow_entries("www.example.fr") == ["http://.www.example.fr:80", "https://.www.example.fr:443"]
    assert policy.allow_entries("*.example.fr") == ["http://example.fr:80", "https://example.fr:443"]
    assert policy.allow_entries("portail.localhost:8000") == [
        "http://.portail.localhost:8000",
        "https://.portail.localhost:8000",
    ]


@pytest.mark.parametrize(
    "host",
    ["", "*", "*.", "a b", "https://a.fr", "a.fr/x", "a.fr:port", "-a.fr", "A.fr", ".a.fr", "a..fr", "[::1]", "a.fr\n"],
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(policy.BadHost):
        policy.allow_entries(host)


def test_hosts_of_the_settings() -> None:
    settings = Settings(
        sites=(
            Site("a", "A", "https://a.fr/x?y", ("login.fr", "*.b.fr")),
            Site("b", "B", "http://b.fr:8080/", ("login.fr",)),
        )
    )
    assert policy.hosts_of(settings) == ["a.fr", "login.fr", "*.b.fr", "b.fr:8080"]
    for url in ("file:///etc/passwd", "https:///", "javascript:0", "https://user@a.fr/"):
        with pytest.raises(policy.BadHost):
            policy.hosts_of(Settings(sites=(Site("x", "X", url),)))


def test_the_probe_is_never_allowed() -> None:
    built = policy.build(["a.fr"], downloads="/d")
    assert not any("marchepied" in entry for entry in built["URLAllowlist"])
    assert built["URLBlocklist"][0] == "*"
    assert json.loads(policy.encode(built)) == built


def test_the_extension_id_is_that_of_its_key() -> None:
    assert errors.ID == "gifhopikpiehohbpeaeldbhblmoimpik"


@needs_browser
async def test_the_installed_browser_knows_every_policy(tmp_path: Path) -> None:
    said = tmp_path / "said"
    with Screen(Settings()) as screen:
        # As it is but for chrome://policy, which says in the log what it does not know, before its page has a title.
        opened = {**screen.policy(), "URLBlocklist": ["file://*"], "URLAllowlist": ["chrome://policy"]}
        flags = ("--enable-logging=stderr",)
        with Browser(screen, msgspec.json.encode(opened), flags=flags, output=said) as browser:
            tools = await DevTools.connect(*browser.ends(), lambda _: None, timeout=PATIENCE)
            try:
                await tools.create("chrome://policy/")
                async with asyncio.timeout(PATIENCE):
                    while not any(
                        info.url == "chrome://policy/" and info.title and "policy" not in info.title  # in any language
                        for info in await tools.targets()
                    ):
                        await asyncio.sleep(0.02)  # a title is not told when it comes
                await asyncio.to_thread(_settled, said)
            finally:
                tools.close()
    lines = said.read_text("utf-8", "replace").splitlines()
    wrong = [line for line in lines if "policy" in line and "error" in line]
    assert not wrong


def _settled(path: Path) -> None:
    """Until the log has not grown for half a second."""
    sizes: list[int] = []

    def quiet() -> bool:
        sizes.append(path.stat().st_size)
        return len(sizes) > 50 and len(set(sizes[-50:])) == 1

    wait_for(quiet, "a quiet log")


@needs_browser
@pytest.mark.parametrize(
    "broken", ["missing", "unreadable", "no block list", "debuggable", "no guide", "blocked guide"]
)
async def test_a_policy_that_is_not_in_force_is_noticed(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("session.browser.driver.PROOF_SECONDS", 2.0)
    settings = Settings(sites=(Site("a", "A", "https://a.example/"),))
    with Screen(settings) as screen:
        right = screen.policy()
        managed = {
            "missing": b"{}",
            "unreadable": policy.encode(right)[:-3],
            "no block list": policy.encode({**right, "URLBlocklist": []}),
            "debuggable": policy.encode({**right, "DeveloperToolsAvailability": 1}),
            "blocked guide": policy.encode({**right, "URLAllowlist": ["about:blank"]}),
            "no guide": policy.encode({**right, "ExtensionInstallBlocklist": ["*"]}),
        }[broken]
        with Browser(screen, managed) as browser:
            driver = Driver(Tracker(settings), lambda: None)
            with pytest.raises(PolicyNotInForce):
                await driver.connect(*browser.ends())


@needs_browser
async def test_the_right_policy_is_proved(screen: Screen, browser: Browser, settings: Settings) -> None:
    tracker = Tracker(settings)
    driver = Driver(tracker, lambda: None)
    await driver.connect(*browser.ends())
    assert tracker.anchor is not None
    assert tracker.pages() == ()
    driver.close()
    assert sandbox.DOCUMENTS.name == "documents"
