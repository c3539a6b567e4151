"""The portal's sockets and threads: one HTTP and one HTTPS port, on 127.0.0.1 and on ::1."""

from __future__ import annotations

import errno
import http.cookies
import re
import shutil
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.portal.app import App
from tests.portal.journal import Journal
from tests.portal.web import LOGIN, PORTAL, Request, Response, fields

KEEP = 32 * 1024 * 1024
"""The largest body that is kept; a larger one is read to its end, so that the refusal can be seen."""
READ = 1024 * 1024 * 1024

_LOOPBACK = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))


class _Listener(socketserver.ThreadingMixIn, HTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, family: int, address: str, port: int, app: App, tls: ssl.SSLContext | None) -> None:
        self.address_family = family
        self.app = app
        self.tls = tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((address, port), _Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's: that one asks the resolver for the host's name.
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        connection.settimeout(_Handler.timeout)
        if self.tls is not None:
            connection = self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
        return connection, address

    def finish_request(self, request: Any, client_address: Any) -> None:
        if isinstance(request, ssl.SSLSocket):
            request.do_handshake()
        super().finish_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Browsers hang up and refuse our certificate all the time: not worth a word."""

    def end(self) -> None:
        """Stop serving, hang up, and wait for every thread."""
        self.shutdown()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    # Not SSLSocket.shutdown: it drops the TLS state under the thread that reads it.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"
    timeout = 75
    disable_nagle_algorithm = True

    def version_string(self) -> str:
        return "Trois-Rivieres"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: the journal is in memory."""

    def do_GET(self) -> None:
        request = self._request()
        response = self.server.app.respond(request) if request else Response("Demande illisible", 400)
        if request is None:
            self.close_connection = True
        self.send_response(response.status)
        for name, value in response.header_lines():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if response.stream is None:
            self.wfile.write(response.payload())
            return
        self.close_connection = True
        try:
            for chunk in response.stream:
                self.wfile.write(chunk)
        finally:
            close = getattr(response.stream, "close", None)
            if close is not None:
                close()

    do_POST = do_GET
    do_HEAD = do_GET

    def _request(self) -> Request | None:
        size = self.headers.get("Content-Length", "0").strip()
        if self.headers.get("Transfer-Encoding") or not re.fullmatch(r"[0-9]{1,11}", size):
            return None
        total = int(size)
        if total > READ:
            return None
        body = self._body(total)
        target = urlsplit(self.path if self.path.startswith("/") else "/")
        jar: http.cookies.SimpleCookie = http.cookies.SimpleCookie()
        with suppress(http.cookies.CookieError):
            jar.load(self.headers.get("Cookie", ""))
        return Request(
            method="GET" if self.command == "HEAD" else self.command,
            host=self.headers.get("Host", "").partition(":")[0].lower().rstrip("."),
            scheme="https" if self.server.tls is not None else "http",
            path=unquote(target.path),
            query=fields(target.query),
            cookies={name: unquote(morsel.value) for name, morsel in jar.items()},
            content_type=self.headers.get("Content-Type", ""),
            accept=self.headers.get("Accept", ""),
            body=body,
            body_size=total,
        )

    def _body(self, total: int) -> bytes:
        if total <= KEEP:
            return self.rfile.read(total)
        while total > 0:
            total -= len(self.rfile.read(min(total, 1 << 20)) or b" " * total)
        return b""


class Portal:
    """The portal, served from threads of this process between ``start()`` and ``stop()``."""

    def __init__(self, port: int = 0, tls_port: int = 0) -> None:
        self.port = port
        self.tls_port = tls_port
        self.down_port = 0
        """A port that is kept, and on which nobody listens: a site that is down."""
        self.journal = Journal()
        self._asked = (port, tls_port)
        self._app: App | None = None
        self._listeners: list[_Listener] = []
        self._threads: list[threading.Thread] = []
        self._down: list[socket.socket] = []

    def start(self) -> None:
        if self._app is not None:
            raise RuntimeError("the portal is already started")
        app = App(self.journal)
        try:
            self.port = self._listen(self._asked[0], app, None)
            self.tls_port = self._listen(self._asked[1], app, _certificate())
            self.down_port = self._hold()
            app.ports.update(http=self.port, https=self.tls_port, down=self.down_port)
            for listener in self._listeners:
                thread = threading.Thread(target=listener.serve_forever, args=(0.05,), name="portal")
                thread.start()
                self._threads.append(thread)
        except BaseException:
            self._close()
            raise
        self._app = app

    def stop(self) -> None:
        if self._app is not None:
            self._app.stopping.set()
        self._close()
        self._app = None

    def reset(self) -> None:
        """Forget everything: the journal, the sessions, the tokens."""
        self.journal.reset()
        if self._app is not None:
            self._app.forget()

    def url(self, path: str, host: str = PORTAL, *, tls: bool = False) -> str:
        scheme, port = ("https", self.tls_port) if tls else ("http", self.port)
        return f"{scheme}://{host}:{port}/{path.removeprefix('/')}"

    def __enter__(self) -> Portal:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _listen(self, port: int, app: App, tls: ssl.SSLContext | None) -> int:
        """Listen on one same port of each loopback address."""
        for attempt in range(50):
            made: list[_Listener] = []
            try:
                for family, address in _LOOPBACK:
                    wanted = made[0].server_port if made else port
                    try:
                        made.append(_Listener(family, address, wanted, app, tls))
                    except OSError as error:
                        absent = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}
                        if not (made and error.errno in absent):  # a machine without IPv6
                            raise
            except OSError as error:
                for listener in made:
                    listener.server_close()
                if port or error.errno != errno.EADDRINUSE or attempt == 49:
                    raise
                continue
            self._listeners += made
            return made[0].server_port
        raise AssertionError("unreachable")

    def _hold(self) -> int:
        """Bind a port without listening on it: connecting is refused, and nobody else gets it."""
        for _ in range(50):
            held: list[socket.socket] = []
            port = 0
            try:
                for family, address in _LOOPBACK:
                    one = socket.socket(family, socket.SOCK_STREAM)
                    held.append(one)
                    one.bind((address, port))
                    port = port or int(one.getsockname()[1])
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    for one in held:
                        one.close()
                    continue
            self._down = held
            return port
        raise OSError(errno.EADDRINUSE, "no port to hold")

    def _close(self) -> None:
        # A listener whose loop never ran would wait for it for ever in shutdown().
        for listener in self._listeners[: len(self._threads)]:
            listener.end()
        for listener in self._listeners[len(self._threads) :]:
            listener.server_close()
        for thread in self._threads:
            thread.join()
        for one in self._down:
            one.close()
        self._listeners, self._threads, self._down = [], [], []


def _certificate() -> ssl.SSLContext:
    """A server context with a new self-signed certificate, whose files are gone when this returns."""
    folder = Path(tempfile.mkdtemp(prefix="portal-"))
    try:
        key, certificate = folder / "key.pem", folder / "cert.pem"
        subject = ["-subj", f"/CN={PORTAL}", "-addext", f"subjectAltName=DNS:{PORTAL},DNS:{LOGIN}"]
        new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        out = ["-days", "30", "-keyout", str(key), "-out", str(certificate)]
        # S603: every argument is written here.
        subprocess.run([*new, *subject, *out], check=True, capture_output=True, timeout=30)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
    finally:
        shutil.rmtree(folder)
