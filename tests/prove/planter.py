"""The planter: a process of its own that makes one visit and leaves a mark by every route.

`python -m tests.prove.planter`: an `Order` as JSON on stdin, a `Planted` as JSON on stdout. It types and taps by real X
input what a visitor would, in the real browser, and ends before anything is searched: the marks are nowhere else.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import gzip
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import msgspec

from session.environment.users import Users
from tests.prove import marks, papers
from tests.prove.visitor import Lost, Visitor
from tests.station.desk import Desk
from tests.station.screen import screen_of
from tests.station.waiting import StationError

ROUTES: dict[str, str] = {
    "form field": "name of a sent form, as it is",
    "form field, hex": "first name, typed as lower-case hexadecimal",
    "form field, percent": "address, typed percent-encoded (the browser encodes it again)",
    "form field, HEX": "town, typed as upper-case hexadecimal",
    "form field, e-mail": "part of an e-mail address",
    "form field, base64": "message, typed as base64",
    "site storage": "identifier of a log-in: cookies, localStorage, sessionStorage, IndexedDB, caches, private files, "
    "service worker",
    "cookie of another site": "identifier of the log-in by another host, and the cookie that it sets",
    "password": "password field of a sent form",
    "password not sent": "typed into a password field and left there",
    "typed, not sent": "typed into a text field and left there",
    "upload": "text sent as a file",
    "download": "text of a downloaded PDF, once plain and once Flate-compressed",
    "download's name": "file name of that download",
    "document sent": "text of a second one, which is sent to the site by the picker",
    "address": "in a page's address (percent-encoded twice), its title and its text",
    "clipboard": "copied in the browser, pasted again, read back through the display server",
    "X selection": "selected in the browser, read back through the display server",
    "crashed page": "address, title and text of a page whose renderer was killed (SIGKILL) and that was loaded again",
    "crashed browser": "address, title and text of a page whose browser was killed (SIGKILL) and restarted",
    **papers.ROUTES,
}
DECOYS: dict[str, str] = {
    "deleted file": "UTF-16LE, in a file deleted from the station's disk",
    "file name": "name of a file in /var/tmp",
    "shared file": "base64 in gzip, in a file of /dev/shm",
    "shared segment": "capitals, in System V shared memory",
    "open file": "upper-case hexadecimal, in a deleted file that a process holds open",
}
"""Not planted by the visit but beside it, in a control run only: places where a visit leaves nothing."""

VISIT_SECONDS = 360
CHROMIUM = "/usr/lib/chromium/chromium"


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    seed: bytes
    tree: str
    """Root of the environment's memory disk."""
    cgroup: str
    first_uid: int
    """Of the station's users."""
    outside: str
    """Directory of what the visitor brings: `tests.prove.papers`."""
    decoy_seed: bytes | None = None
    disk: str = ""
    scratch: str = ""
    """Directories for the decoys."""
    shared: str = ""
    pictures: str = ""
    """Directory for a picture of each step, for a person who wants to see; "" for none. Pictures show marks."""


class Planted(msgspec.Struct, frozen=True):
    routes: tuple[str, ...]
    decoys: tuple[str, ...] = ()
    segment: int = -1
    seconds: float = 0.0
    trouble: str = ""


class Visit:
    """Each method leaves the portal's home page, or a list of sites, as it found it."""

    def __init__(self, order: Order, visitor: Visitor) -> None:
        self._order = order
        self._visitor = visitor
        self._screen = visitor.screen
        self.planted: list[str] = []
        self._pictures = 0
        desk = Desk(Path(order.tree), Users(order.first_uid))
        self._papers = papers.Papers(desk, self._screen, Path(order.outside), self._mark, self._picture)

    def run(self) -> None:
        visitor = self._visitor
        visitor.press("start")
        visitor.press("understood")
        visitor.open_site()
        steps: tuple[Callable[[], None], ...] = (
            self._crash_browser, self._crash_page, self._log_in, self._form, self._upload, self._download,
            self._send_document, self._download_for_key, self._handle_papers, self._address, self._other_site,
            self._clipboard, self._leave_typed, self._read_paper,
        )  # fmt: skip
        for step in steps:
            step()
            self._picture(step.__name__.strip("_"))

    def _mark(self, route: str) -> str:
        assert route in ROUTES
        return marks.mark(self._order.seed, route)

    def _type(self, route: str, form: Callable[[str], str] = str) -> None:
        self._screen.type(form(self._mark(route)))

    def _done(self, *routes: str) -> None:
        self.planted += routes

    def _picture(self, name: str) -> None:
        if self._order.pictures:
            self._pictures += 1
            self._screen.picture().save(Path(self._order.pictures, f"{self._pictures:02d}-{name}.png"))

    # -- steps -----------------------------------------------------------------------------------------------

    def _crash_browser(self) -> None:
        visitor, text = self._visitor, self._mark("crashed browser")
        visitor.follow(9, "Marque")
        self._screen.type(text)
        visitor.keys("Return")
        visitor.wait_title(f"Marque {text}", "the marked page")
        self._picture("before-crash")
        self._kill(lambda words: not any(word.startswith("--type=") for word in words))
        visitor.wait(lambda: not visitor.titles(), "the end of the browser")
        visitor.wait(
            lambda: visitor.site_in_front() and visitor.title_is(f"Marque {text}"), "the page, after the crash"
        )
        self._screen.settle(2)
        self._done("crashed browser")

    def _crash_page(self) -> None:
        visitor, text = self._visitor, self._mark("crashed page")
        visitor.go_home()
        visitor.follow(9, "Marque exemple")
        self._screen.type(text)
        visitor.keys("Return")
        visitor.wait_title(f"Marque {text}", "the marked page")
        self._kill(lambda words: "--type=renderer" in words and "--extension-process" not in words)
        visitor.wait(lambda: not visitor.site_in_front(), "the screen that says that the page crashed")
        self._picture("page-crash")
        visitor.press("reload", visitor.site_in_front)
        visitor.wait_title(f"Marque {text}", "the page, loaded again")
        visitor.go_home()
        self._done("crashed page")

    def _log_in(self) -> None:
        visitor = self._visitor
        visitor.follow(0, "Connexion")
        self._type("site storage")
        visitor.keys("Tab")
        self._type("password")
        visitor.keys("Return")
        visitor.wait_title("Mon espace", "the account")
        visitor.go_home()
        self._done("site storage", "password")

    def _form(self) -> None:
        visitor, screen = self._visitor, self._screen
        visitor.follow(1, "Demande")
        self._type("form field")
        visitor.keys("Tab")
        self._type("form field, hex", marks.TEXT_FORMS["hex"])
        visitor.keys("Tab")
        screen.type("05051950")
        visitor.keys("Tab", "Tab", "space", "Tab")
        self._type("form field, percent", marks.percent)
        visitor.keys("Tab")
        screen.type("46000")
        visitor.keys("Tab")
        self._type("form field, HEX", marks.TEXT_FORMS["HEX"])
        visitor.keys("Tab")
        self._type("form field, e-mail", lambda text: f"{text}@exemple.fr")
        visitor.keys("Tab")
        screen.type("2")
        visitor.keys("Tab")
        screen.type("Aid")
        visitor.keys("Tab")
        self._type("form field, base64", lambda text: base64.b64encode(text.encode()).decode())
        visitor.keys("Tab", "space")
        self._picture("form")
        visitor.keys("Tab", "Return")
        visitor.wait_title("Demande envoyée", "the sent form")
        visitor.go_home()
        self._done(*(route for route in ROUTES if route.startswith("form field")))

    def _upload(self) -> None:
        visitor = self._visitor
        visitor.follow(6, "Envoyer un texte")
        self._type("upload")
        visitor.keys("Tab", "Return")
        visitor.wait_title("Pièce reçue", "the receipt of the upload")
        visitor.go_home()
        self._done("upload")

    def _download(self) -> None:
        visitor = self._visitor
        visitor.follow(4, "Téléchargements")
        self._type("download")
        visitor.keys("Tab")
        self._type("download's name", lambda text: f"{text}.pdf")
        visitor.keys("Return")
        documents = Path(self._order.tree, "documents")
        visitor.wait(lambda: any(documents.glob("*.pdf")), "the downloaded file")
        visitor.wait(lambda: not any(documents.glob("*.crdownload")), "the end of the download")
        visitor.go_home()
        self._done("download", "download's name")

    def _send_document(self) -> None:
        visitor, documents = self._visitor, Path(self._order.tree, "documents")
        visitor.follow(4, "Téléchargements")
        self._type("document sent")
        visitor.keys("Return")
        visitor.wait((documents / "attestation.pdf").exists, "the second file")
        visitor.wait(lambda: not any(documents.glob("*.crdownload")), "the end of the second download")
        visitor.go_home()
        visitor.follow(2, "Envoyer une pièce")
        self._papers.give()
        visitor.wait_title("Pièce reçue", "the receipt of the document")
        visitor.go_home()
        self._done("document sent")

    def _download_for_key(self) -> None:
        visitor = self._visitor
        documents = Path(self._order.tree, "documents")
        visitor.follow(4, "Téléchargements")
        self._type("copied to a key")
        visitor.keys("Tab")
        self._screen.type("copie.pdf")
        visitor.keys("Return")
        visitor.wait((documents / "copie.pdf").exists, "the third file")
        visitor.wait(lambda: not any(documents.glob("*.crdownload")), "the end of the third download")
        visitor.go_home()

    def _handle_papers(self) -> None:
        self._papers.handle()
        self._screen.settle(2)
        self._done(*(route for route in papers.ROUTES if route != "words of a scan"))

    def _read_paper(self) -> None:
        """Last of all: what was read is on the screen when the visit ends, or when its processes are killed."""
        self._papers.read()
        self._done("words of a scan")

    def _address(self) -> None:
        visitor = self._visitor
        visitor.follow(9, "Marque exemple")
        self._type("address", marks.percent)
        visitor.keys("Return")
        visitor.wait_title(f"Marque {marks.percent(self._mark('address'))}", "the page with the mark in its address")
        visitor.go_home()
        self._done("address")

    def _other_site(self) -> None:
        visitor = self._visitor
        visitor.follow(5, "Connexion par fenêtre")
        visitor.keys("Tab", "Return")
        visitor.wait_title("Identification", "the other site's form")
        self._type("cookie of another site")
        visitor.keys("Tab")
        self._screen.type("secret")
        visitor.keys("Return")
        visitor.wait_title("Mon espace", "the account, by the other site")
        visitor.go_home()
        self._done("cookie of another site")

    def _clipboard(self) -> None:
        visitor, screen = self._visitor, self._screen
        visitor.follow(8, "Copier et coller")
        self._type("clipboard")
        visitor.keys("Tab", "Return")
        visitor.wait_title("Texte copié", "the copied text")
        screen.key("v", "Control_L")
        visitor.wait_title("Texte collé (26 car", "the pasted text")
        if visitor.selection("CLIPBOARD") != self._mark("clipboard"):
            raise Lost("the clipboard has something else")
        self._done("clipboard")
        screen.key("a", "Control_L")
        self._type("X selection")
        screen.key("a", "Control_L")
        visitor.wait(lambda: visitor.selection("PRIMARY") == self._mark("X selection"), "the selected text")
        self._done("X selection")

    def _leave_typed(self) -> None:
        """In a page of its own: it is still open when the visit ends."""
        visitor = self._visitor
        visitor.press("bar_home", lambda: not visitor.site_in_front())
        visitor.open_site()
        visitor.follow(0, "Connexion")
        self._type("typed, not sent")
        visitor.keys("Tab")
        self._type("password not sent")
        self._screen.settle(2)
        self._done("typed, not sent", "password not sent")

    # -- crashes ---------------------------------------------------------------------------------------------

    def _kill(self, wanted: Callable[[list[str]], bool]) -> None:
        """SIGKILL to the processes of this environment's Chromium whose command line is `wanted`."""
        killed = 0
        listed = [file.read_text("ascii").split() for file in Path(self._order.cgroup).glob("**/cgroup.procs")]
        for pid in [pid for pids in listed for pid in pids]:
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
                # Chromium's zygotes write their command lines in one piece, with spaces.
                words = [word for part in words for word in part.split(" ")]
                if words[0] == CHROMIUM and wanted(words):
                    os.kill(int(pid), signal.SIGKILL)
                    killed += 1
        if not killed:
            raise Lost("no process of the browser to kill")


def plant_decoys(order: Order) -> tuple[tuple[str, ...], int]:
    """Which were planted, and the id of the System V segment. Raises OSError."""
    seed = order.decoy_seed
    assert seed is not None
    texts = {name: marks.mark(seed, name) for name in DECOYS}
    doomed = Path(order.disk, "doomed")
    with doomed.open("wb") as file:
        file.write(b"\n" * 512 + texts["deleted file"].encode("utf-16-le"))
        file.flush()
        os.fsync(file.fileno())
    doomed.unlink()
    Path(order.scratch, texts["file name"]).touch()
    Path(order.scratch, "open").write_text(texts["open file"].encode().hex().upper(), "ascii")
    content = base64.b64encode(b"x" + texts["shared file"].encode())
    Path(order.shared, "file").write_bytes(gzip.compress(content))
    return tuple(DECOYS), _segment(texts["shared segment"].upper().encode())


def _segment(content: bytes) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmat.restype = ctypes.c_void_p
    libc.shmdt.argtypes = (ctypes.c_void_p,)
    private, mode = 0, 0o600
    identifier: int = libc.shmget(private, 4096, mode)
    address = libc.shmat(identifier, None, 0)
    if identifier < 0 or address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), "no System V segment")
    ctypes.memmove(address, content, len(content))
    libc.shmdt(address)
    return identifier


def main() -> int:
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    began = time.monotonic()
    trouble = ""
    decoys: tuple[str, ...] = ()
    segment = -1
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(VISIT_SECONDS)
    with screen_of(Path(order.tree)) as screen:
        visit = Visit(order, Visitor(screen))
        try:
            visit.run()
            if order.decoy_seed is not None:
                decoys, segment = plant_decoys(order)
        except (Lost, StationError, TimeoutError, OSError, AssertionError) as error:
            trouble = f"{error} ({' < '.join(frame.name for frame in traceback.extract_tb(error.__traceback__)[::-1])})"
    signal.alarm(0)
    seconds = round(time.monotonic() - began, 1)
    sys.stdout.buffer.write(msgspec.json.encode(Planted(tuple(visit.planted), decoys, segment, seconds, trouble)))
    return 0


def _too_long(_number: int, _frame: object) -> NoReturn:
    raise Lost(f"the visit took more than {VISIT_SECONDS} s")


if __name__ == "__main__":
    raise SystemExit(main())
