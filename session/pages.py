"""The desk's public picture: open pages and documents. Shared by the desk and the UI, never by the root process."""

from __future__ import annotations

import enum

import msgspec


class PageState(enum.StrEnum):
    OPEN = "open"
    BLOCKED = "blocked"
    """The address is not on the allow list; our own page is shown in its place."""
    DOWN = "down"
    """The site does not answer, or its name is not known."""
    OFFLINE = "offline"
    """No site answers: the network is cut, or leads nowhere."""
    UNSENT = "unsent"
    """A form was being sent when the page failed: it is never sent again by itself."""
    CERTIFICATE = "certificate"
    """The site cannot prove who it is."""
    CRASHED = "crashed"
    HUNG = "hung"
    """It takes no touch and no key. It may come back by itself; the visitor decides how long to wait."""


class BrowserState(enum.StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    """It died; it comes back by itself, in the same session, with the documents."""


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    """Opaque; changes never while the page lives."""
    title: str
    site: str
    """The site's plain name if the station knows it, else its host name; empty for our own pages."""
    secure: bool
    state: PageState
    popup: bool = False


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    name: str
    size: int
    """Bytes."""
    complete: bool


class FieldKind(enum.StrEnum):
    """What a text field of a page is for, as its site says: it decides which keyboard is offered."""

    TEXT = "text"
    NUMBER = "number"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    PASSWORD = "password"  # noqa: S105 - a kind of field
class Capture(enum.StrEnum):
    """Camera and microphone."""

    OFF = "off"
    POSSIBLE = "possible"
    """A page is open that may use them. Whether it listens cannot be seen from outside."""
    ON = "on"
    """The camera is open."""


class Allowable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an agent may allow of the page in front."""

    host: str | None = None
    """Of a page that was refused; empty if it is one that nobody may open."""
    camera: bool = False


class DeskSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sequence: int = 0
    browser: BrowserState = BrowserState.STARTING
    pages: tuple[Page, ...] = ()
    active: str | None = None
    """Id of the page in front; None when only our own screens are there."""
    documents: tuple[Document, ...] = ()
    downloading: int = 0
    field: FieldKind | None = None
    """The text field that has the keyboard; never what is in it."""
    keyed: bool = False
    """Whether a key came to it by the input method. Those of a password do not: that is all that tells one."""
    allowable: Allowable | None = None
    capture: Capture = Capture.OFF


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that a visitor may open from "what for?": chosen by id, never by URL."""

    id: str
    title: str
    url: str
    hosts: tuple[str, ...] = ()
    """Hosts, besides that of `url`, that may be shown as pages (log-in hosts, say)."""
    camera: bool = False
    """It is for interviews: its pages may use camera and microphone."""
    limit: int = 0
    """Bytes: the largest file that it takes; 0 where that is not known."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the processes of the screen need of the station's configuration (settings.json in the environment)."""

    station: str = "Marchepied"
    language: str = "fr"
    sites: tuple[Site, ...] = ()
    session_minutes: int = 45
    idle_minutes: int = 5
    bar_height: int = 96
    """Pixels."""
    width: int = 1280
    height: int = 800
    demonstration: bool = False
    interview: bool = False
    """Whether a visit may use camera and microphone at all."""
    dpi: float = 0.0
    """Dots per inch of the panel; 0 for what it says itself."""
    scanner: bool = False
    """Whether this station has one, and so a scan worker."""
