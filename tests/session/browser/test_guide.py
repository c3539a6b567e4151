"""Our own pages in place of Chromium's error pages, and the ways out of a guarded browser that must be closed."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from session.browser import errors
from session.browser.driver import Driver
from session.browser.pages import Tracker
from session.pages import Page, PageState, Settings
from tests.portal import Portal
from tests.session.browser.conftest import Visitor, needs_browser
from tests.session.browser.harness import Browser, Screen
from tests.session.browser.test_desk_pages import front, is_in, shows

pytestmark = needs_browser

TRIALS = range(1, 17)
NOWHERE = {3: "file", 4: "chrome", 5: "view-source", 6: "data", 7: "javascript"}
"""Trials that Chromium refuses without leaving the page, when a script of a page tries them."""


@pytest.fixture(scope="module")
def settings(settings: Settings, portal: Portal) -> Settings:
    base = f"http://portail.localhost:{portal.port}/interdits"
    first = settings.sites[0]
    ways = [(f"{number}", f"{base}/{number}") for number in TRIALS]
    ways += [(f"{number}-{way}", f"{base}/{number}?par={way}") for number in TRIALS for way in ("302", "meta")]
    sites = tuple(msgspec.structs.replace(first, id=name, title=name, url=url, hosts=()) for name, url in ways)
    return msgspec.structs.replace(settings, sites=settings.sites + sites)


async def test_back_from_a_blocked_page(visitor: Visitor, screen: Screen) -> None:
    await visitor.call("Open", site="interdits")
    await visitor.sees(shows("Adresses interdites"))
    for way_back in ("Return", "alt+Left"):
        page = front(await visitor.by_key(screen, "Return", is_in(PageState.BLOCKED), "blocked"))
        assert page is not None
        assert (page.title, page.site, page.secure) == ("", "", False)
        await visitor.by_key(screen, way_back, shows("Adresses interdites"), f"back by {way_back}")


async def test_try_again_from_our_own_page(visitor: Visitor, screen: Screen, settings: Settings) -> None:
    await visitor.call("Open", site="eteint")
    await visitor.sees(is_in(PageState.DOWN))
    port = int(next(site.url for site in settings.sites if site.id == "eteint").rpartition(":")[2].strip("/"))
    server = ThreadingHTTPServer(("127.0.0.1", port), _Awake)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        page = front(await visitor.by_key(screen, "Return", shows("réveillé"), "tried again"))
        assert page is not None
        assert page.state is PageState.OPEN
        assert page.site == "Site éteint"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("number", TRIALS)
async def test_a_script_that_goes_to_a_forbidden_address(visitor: Visitor, number: int) -> None:
    await visitor.call("Open", site=str(number))
    if number not in NOWHERE:
        await visitor.sees(is_in(PageState.BLOCKED))
        return
    page = front(await visitor.sees(lambda s: shows("Essai")(s) or shows("Script")(s)))
    assert page is not None
    _still_there(page)


@pytest.mark.parametrize("number", [1, 4, 8, 10])
async def test_a_redirection_to_a_forbidden_address(visitor: Visitor, number: int) -> None:
    await visitor.call("Open", site=f"{number}-302")
    await visitor.sees(is_in(PageState.BLOCKED))


def _still_there(page: Page) -> None:
    assert page.state is PageState.OPEN
    assert page.site != ""


class _Awake(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = "<!doctype html><meta charset=utf-8><title>réveillé</title>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
async def driver(screen: Screen, browser: Browser, settings: Settings) -> AsyncIterator[Driver]:
    one = Driver(Tracker(settings), lambda: None)
    await one.connect(*browser.ends())
    yield one
    one.close()


@pytest.mark.parametrize(
    "address",
    [
        "chrome://settings/",
        "chrome://policy/",
        "chrome-untrusted://print/",
        "devtools://devtools/bundled/inspector.html",
        "view-source:http://portail.localhost/",
        "file:///etc/passwd",
        "data:text/html,x",
        "ftp://portail.localhost/",
        "mailto:a@b.fr",
        "http://portail.localhost:25/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "https://chromewebstore.google.com/",
    ],
)
async def test_not_even_the_desk_opens_it(driver: Driver, address: str) -> None:
    target = await driver.open(address, None)
    shown = await _address_of(driver, target)
    assert errors.kind_of(shown) is PageState.BLOCKED, shown
    await driver.close_page(target)


async def _address_of(driver: Driver, target: str) -> str:
    tools = driver._alive()
    shown = ""
    for _ in range(200):
        shown = {info.target_id: info.url for info in await tools.targets()}.get(target, "")
        if errors.kind_of(shown) is not None:
            break
        await driver._news(0.05)
    return shown
