"""Which pages are open, which is in front, and what to do when one comes or goes. No input or output.

The tracker is told of targets (as events tell them, and as `getTargets` lists them) and answers with commands; the
desk carries them out. Ids are those of Chromium's targets: a desk that is started again finds the same ones.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec

from session.browser import errors
from session.browser.devtools import TargetInfo
from session.pages import Page, PageState, Settings

MAX_PAGES = 20
"""More are closed as they come: nobody on a station needs them, and a page could open them without end."""
MAX_TITLE = 80
"""Characters; a whole snapshot must fit into one frame of the wire."""

_INTERNAL = ("chrome:", "chrome-untrusted:", "devtools:")


class Activate(msgspec.Struct, frozen=True):
    target: str


class Close(msgspec.Struct, frozen=True):
    target: str


Command = Activate | Close


class Reopen(msgspec.Struct, frozen=True):
    """A page as it is opened again in a browser that was started anew."""

    url: str
    site: str | None
    active: bool


@dataclasses.dataclass
class _Entry:
    info: TargetInfo
    window: int | None = None
    """Chromium's id of the window that it is in; None until it is known: internal pages never have one."""
    crashed: bool = False
    hung: bool = False
    address: str = ""
    """The last web address, reached or not."""
    site: str | None = None
    """Id of the site that was opened here."""


class Tracker:
    def __init__(self, settings: Settings) -> None:
        self._sites = {site.id: site for site in settings.sites}
        self._names = _names_of(settings)
        self._entries: dict[str, _Entry] = {}
        self._recent: list[str] = []
        self._commands: list[Command] = []
        self._listed = False
        self.anchor: str | None = None
        """Our own empty page, never listed: it keeps the browser's window when the visitor closes all pages."""
        self.active: str | None = None
        self.own: set[str] = set()
        """Pages that the desk made for itself, the anchor among them: never listed."""

    # -- what the browser says -------------------------------------------------------------------------------

    def put(self, info: TargetInfo) -> None:
        """A target is there, or has changed."""
        if info.type != "page":
            return
        entry = self._entries.get(info.target_id)
        if entry is None:
            entry = self._entries[info.target_id] = _Entry(info)
            opener = self._entries.get(info.opener_id or "")
            entry.site = opener.site if opener is not None else None
            if len(self._entries) > MAX_PAGES + 4 and info.target_id != self.anchor:
                self._commands.append(Close(info.target_id))
        elif entry.crashed and info.url != entry.info.url:
            entry.crashed = False
        # A page that says something new goes on.
        entry.hung = entry.hung and info == entry.info
        entry.info = info
        if info.url.startswith(("http://", "https://")):
            entry.address = info.url

    def drop(self, target: str) -> None:
        """A target is gone."""
        entry = self._entries.pop(target, None)
        self.own.discard(target)
        if target in self._recent:
            self._recent.remove(target)
        if target == self.anchor:
            self.anchor = None
        if entry is not None and target == self.active:
            opener = entry.info.opener_id
            if opener in self._entries and self._is_page(opener):
                self.show(opener)
            elif self._recent:
                self.show(self._recent[-1])
            else:
                self.home()

    def crash(self, target: str) -> None:
        entry = self._entries.get(target)
        if entry is None:
            return
        entry.crashed = True
        if target == self.anchor:
            self.anchor = None
            self.own.add(target)
            self._commands.append(Close(target))

    def hang(self) -> None:
        """The page in front does not take what is typed or tapped."""
        if self.active in self._entries:
            self._entries[self.active].hung = True

    def bear(self, target: str) -> None:
        """The visitor waits for a page that hangs; or it goes on."""
        self._entries[target].hung = False

    def replace(self, infos: Iterable[TargetInfo]) -> None:
        """The whole list, as the browser gave it just now."""
        listed = {info.target_id: info for info in infos if info.type == "page"}
        for info in listed.values():
            self.put(info)
        for gone in [target for target in self._entries if target not in listed]:
            self.drop(gone)
        self._listed = True

    def windowless(self) -> list[str]:
        """Targets of which it is not known yet in which window they are."""
        return [
            target
            for target, entry in self._entries.items()
            if entry.window is None and not entry.info.url.startswith(_INTERNAL)
        ]

    def place(self, target: str, window: int) -> None:
        """`target` is in this window: it is a page that can be seen. A new one comes to the front."""
        entry = self._entries.get(target)
        if entry is None or entry.window is not None:
            return
        entry.window = window
        if self._is_page(target) and self.active is not None and self._comes_forward(entry):
            self.show(target)

    def _comes_forward(self, entry: _Entry) -> bool:
        return entry.info.opener_id is None or entry.info.opener_id == self.active

    # -- what the visitor asks -------------------------------------------------------------------------------

    def opened(self, target: str, url: str, site: str | None) -> None:
        """The desk has made this page; it is in front."""
        entry = self._entries.setdefault(target, _Entry(TargetInfo(target, "page", url=url)))
        entry.site, entry.address = site, entry.address or url
        self.show(target, command=False)

    def show(self, target: str, *, command: bool = True) -> None:
        self.active = target
        if target in self._recent:
            self._recent.remove(target)
        self._recent.append(target)
        if command:
            self._commands.append(Activate(target))

    def home(self) -> None:
        """Our own empty page comes to the front: no other is seen, or heard, before it is asked for."""
        self.active = None
        if self.anchor is not None:
            self._commands.append(Activate(self.anchor))

    def has(self, target: str) -> bool:
        return target in self._entries and self._is_page(target)

    def address_of(self, target: str) -> tuple[str, str | None]:
        """The web address to try again, empty if there was none, and the id of the site it was opened for."""
        entry = self._entries[target]
        return entry.address, entry.site

    def known(self) -> set[str] | None:
        """Ids of everything that is open, also of what is not known yet to be a page. None before they were listed."""
        return set(self._entries) if self._listed else None

    def addresses(self) -> list[tuple[str, str]]:
        """Of every open page its id and what it shows now."""
        return [(target, entry.info.url) for target, entry in self._entries.items() if self._is_page(target)]

    def take_commands(self) -> list[Command]:
        commands, self._commands = self._commands, []
        return commands

    # -- what others see -------------------------------------------------------------------------------------

    def pages(self) -> tuple[Page, ...]:
        return tuple(self._page(entry) for target, entry in self._entries.items() if self._is_page(target))

    def to_reopen(self) -> list[Reopen]:
        """What a new browser is to show; a window that a page had opened is useless without that page."""
        home = self._main_window()
        return [
            Reopen(entry.address, entry.site, target == self.active)
            for target, entry in self._entries.items()
            if self._is_page(target) and entry.address and entry.window == home
        ]

    def forget(self) -> None:
        """The browser is gone, and every target with it."""
        self._entries.clear()
        self._recent.clear()
        self._commands.clear()
        self._listed = False
        self.own.clear()
        self.anchor = self.active = None

    def _is_page(self, target: str) -> bool:
        return self._entries[target].window is not None and target != self.anchor and target not in self.own

    def _main_window(self) -> int | None:
        anchor = self._entries.get(self.anchor or "")
        return anchor.window if anchor is not None else None

    def _page(self, entry: _Entry) -> Page:
        info = entry.info
        state = errors.kind_of(info.url) or PageState.OPEN
        home = self._main_window()
        return Page(
            id=info.target_id,
            title="" if state is not PageState.OPEN else _title_of(info),
            site="" if state is not PageState.OPEN else self._site_of(entry),
            secure=state is PageState.OPEN and info.url.startswith("https://"),
            state=PageState.CRASHED if entry.crashed else PageState.HUNG if entry.hung else state,
            popup=home is not None and entry.window != home,
        )

    def _site_of(self, entry: _Entry) -> str:
        host = host_of(entry.info.url)
        site = self._sites.get(entry.site or "")
        if site is not None and host == host_of(site.url):
            return clean(site.title)
        return clean(self._names.get(host, host))

    def limit_of(self, page: str) -> int | None:
        """Bytes: the largest file that the site of a page takes, where the station knows it."""
        entry = self._entries.get(page)
        if entry is None:
            return None
        host = host_of(entry.info.url)
        here = [site for site in self._sites.values() if host_of(site.url) == host]
        # Of several sites on one host, that which was opened here.
        own = next((site for site in here if site.id == entry.site), None)
        limits = {site.limit for site in ([own] if own is not None else here)}
        return (limits.pop() or None) if len(limits) == 1 else None


def _title_of(info: TargetInfo) -> str:
    # Until the page has said its title, Chromium gives its address without the scheme.
    if info.title and info.url.partition("://")[2].startswith(info.title.removesuffix("/")):
        return ""
    return clean(info.title)


def clean(untrusted_text: str, limit: int = MAX_TITLE) -> str:
    """Text for one line of the screen: no control characters or bidirectional overrides, `limit` characters at most."""
    kept = (
        " " if character.isspace() else character
        for character in untrusted_text[: 4 * limit]
        if character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    )
    text = " ".join("".join(kept).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def host_of(untrusted_url: str) -> str:
    """The host name, empty where there is none."""
    try:
        parts = urlsplit(untrusted_url)
        return (parts.hostname or "") if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


def _names_of(settings: Settings) -> dict[str, str]:
    """Host to the site's plain name, for hosts that belong to one site alone."""
    names: dict[str, set[str]] = {}
    for site in settings.sites:
        names.setdefault(host_of(site.url), set()).add(site.title)
    return {host: titles.pop() for host, titles in names.items() if len(titles) == 1}
