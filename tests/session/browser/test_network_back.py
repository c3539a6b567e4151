"""The network is back: pages that failed come by themselves, and a form is never sent twice."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from session import pages as sites
from session.model import Network, Snapshot
from session.pages import PageState, Settings
from tests.session.browser.conftest import Daemon, Visitor, needs_browser
from tests.session.browser.harness import Screen
from tests.session.browser.test_desk_pages import is_in, shows

pytestmark = needs_browser

DOWN, UP = Snapshot(network=Network.DOWN), Snapshot()
FORM = '<form method="post" action="/envoi"><input name="nom" value="Martin"><button autofocus>Envoyer</button></form>'


class Site:
    """A site that can be out of order. Counts what was sent to it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.sent = 0

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        site = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self, title: str = "au travail") -> None:
                body = f"<!doctype html><meta charset=utf-8><title>{title}</title>{FORM}".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                site.sent += 1
                self.do_GET("bien reçu")

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self._port), Answer)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    away = tuple(sites.Site(name, name, f"https://{name}.invalid/") for name in ("un", "deux"))
    return msgspec.structs.replace(settings, sites=(*settings.sites, *away))


@pytest.fixture
def site(settings: Settings) -> Site:
    return Site(int(next(one.url for one in settings.sites if one.id == "eteint").rpartition(":")[2].strip("/")))


@pytest.fixture
async def cut(daemon: Daemon, visitor: Visitor) -> AsyncIterator[Daemon]:
    """The daemon has said that the network is down."""
    await daemon.becomes(DOWN)
    yield daemon
    daemon.state.set(Snapshot())


async def test_a_page_that_failed_comes_by_itself(cut: Daemon, visitor: Visitor, site: Site) -> None:
    await visitor.call("Open", site="eteint")
    await visitor.sees(is_in(PageState.DOWN))
    with site.at_work():
        await cut.becomes(UP)
        await visitor.sees(shows("au travail"))
    assert len(visitor.snapshot.pages) == 1, "the word to the others is no page"


async def test_one_that_still_fails_stays_and_comes_later(cut: Daemon, visitor: Visitor, site: Site) -> None:
    await visitor.call("Open", site="eteint")
    await visitor.sees(is_in(PageState.DOWN))
    await cut.becomes(UP)
    await visitor.sees(lambda snapshot: not is_in(PageState.DOWN)(snapshot), "tried again")
    await visitor.sees(is_in(PageState.DOWN))
    await cut.becomes(DOWN)
    with site.at_work():
        await cut.becomes(UP)
        await visitor.sees(shows("au travail"))


async def test_a_form_is_not_sent_again(cut: Daemon, visitor: Visitor, screen: Screen, site: Site) -> None:
    with site.at_work():
        await visitor.call("Open", site="eteint")
        await visitor.sees(shows("au travail"))
    await visitor.by_key(screen, "Return", is_in(PageState.DOWN), "a form that failed")
    with site.at_work():
        await cut.becomes(UP)
        await visitor.sees(is_in(PageState.UNSENT))
        assert site.sent == 0
        await visitor.by_key(screen, "Return", shows("au travail"), "back to the form")
        assert site.sent == 0
        await visitor.by_key(screen, "Return", shows("bien reçu"), "sent by the visitor's own hand")
        assert site.sent


async def test_without_a_word_the_page_in_front_asks_again(visitor: Visitor, site: Site) -> None:
    """A way that leads nowhere comes back without anybody's telling."""
    await visitor.call("Open", site="eteint")
    await visitor.sees(is_in(PageState.DOWN))
    with site.at_work():
        await visitor.sees(shows("au travail"), "asked again after a while", 40)


async def test_two_sites_in_a_row_that_are_away_are_the_network(visitor: Visitor) -> None:
    await visitor.call("Open", site="un")
    seen = await visitor.sees(lambda one: is_in(PageState.DOWN)(one) or is_in(PageState.OFFLINE)(one), "the first", 40)
    await visitor.call("Open", site="deux")
    first = seen.active
    await visitor.sees(lambda one: one.active != first and is_in(PageState.OFFLINE)(one), "the second", 40)
