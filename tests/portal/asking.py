"""What the portal's tests share: asking the real server, over loopback."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlencode

from tests.portal import Portal
from tests.portal.web import PORTAL


class Answer:
    def __init__(self, raw: http.client.HTTPResponse) -> None:
        self.status = raw.status
        self.headers = raw.headers
        self.data = raw.read()
        self.text = self.data.decode("utf-8", "replace")
        found = re.search(r"<title>(.*?)</title>", self.text)
        self.title = found.group(1) if found else ""

    @property
    def cookies(self) -> str:
        return "; ".join(line.partition(";")[0] for line in self.headers.get_all("Set-Cookie", []))


def ask(
    portal: Portal,
    path: str,
    *,
    host: str = PORTAL,
    data: bytes | dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    method: str = "",
    address: str = "127.0.0.1",
) -> Answer:
    connection = http.client.HTTPConnection(address, portal.port, timeout=10)
    sent = {"Host": f"{host}:{portal.port}", **(headers or {})}
    body = urlencode(data).encode() if isinstance(data, dict) else data
    if isinstance(data, dict):
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    try:
        connection.request(method or ("GET" if data is None else "POST"), path, body, sent)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def send(portal: Portal, data: bytes, name: str = "piece.pdf", **headers: str) -> Answer:
    body = f'--XX\r\nContent-Disposition: form-data; name="piece"; filename="{name}"\r\n'.encode()
    body += b"Content-Type: application/pdf\r\n\r\n" + data + b"\r\n--XX--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=XX", **headers}
    return ask(portal, "/pieces", data=body, headers=kind)
