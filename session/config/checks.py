"""What a configuration must be besides each key's own type and range."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from urllib.parse import SplitResult, urlsplit

from session.config.station import Site, Station
from session.config.toml_check import as_toml, shown
from session.config.toml_lines import Path

Mistake = tuple[tuple[Path, ...], str]
"""The keys concerned, the one to mend first, and the sentences that follow its name."""

_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    )
)
_LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_URL = re.compile(r"[!#-\[\]_a-z~|^{}]+", re.IGNORECASE)
"""Printable ASCII without the backslash, which browsers take for a slash, and the double quote."""
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_NOBODY = (65_534, 65_535)


def mistakes(station: Station) -> Iterator[Mistake]:
    yield from _times(station)
    yield from _places(station)
    yield from _network(station)
    yield from _scanner(station)
    yield from _demonstration(station)
    yield from _sites(station)


def _times(station: Station) -> Iterator[Mistake]:
    session = station.session
    warning: Path = ("session", "warning_seconds")
    for name, minutes in (("minutes", session.minutes), ("idle_minutes", session.idle_minutes)):
        if session.warning_seconds >= minutes * 60:
            yield (
                (warning, ("session", name)),
                f"must be shorter than session.{name}, which is {minutes * 60:g} seconds, "
                f"not {session.warning_seconds:g}. Example: warning_seconds = {_part(minutes)}",
            )
    if session.extensions and session.warning_seconds >= session.extension_minutes * 60:
        yield (
            (warning, ("session", "extension_minutes"), ("session", "extensions")),
            f"must be shorter than session.extension_minutes, which is {session.extension_minutes * 60:g} "
            f"seconds, not {session.warning_seconds:g}: or else the warning would be back at once. "
            f"Example: warning_seconds = {_part(session.extension_minutes)}",
        )
    if session.idle_minutes > session.minutes:
        yield (
            (("session", "idle_minutes"), ("session", "minutes")),
            f"must not be more than session.minutes, which is {session.minutes:g}, "
            f"not {session.idle_minutes:g}. Example: idle_minutes = {max(0.05, session.minutes / 5):g}",
        )


def _part(minutes: float) -> str:
    return f"{max(0.5, min(60.0, minutes * 60 / 5)):g}"


def _places(station: Station) -> Iterator[Mistake]:
    display = station.display
    if display.bar_height * 3 > display.height:
        yield (
            (("display", "bar_height"), ("display", "height")),
            f"must be at most a third of display.height, which is {display.height}, "
            f"not {display.bar_height}. Example: bar_height = {min(96, display.height // 3)}",
        )
    first = station.environment.first_uid
    if any(first <= uid <= first + 4 for uid in _NOBODY):
        yield (
            (("environment", "first_uid"),),
            f"must keep clear of 65534 and 65535, which the system uses; it takes {first} to {first + 4}. "
            "Example: first_uid = 60900",
        )


def _network(station: Station) -> Iterator[Mistake]:
    for number, untrusted_address in enumerate(station.network.resolvers):
        path: Path = ("network", "resolvers", number)
        try:
            address = ipaddress.ip_address(untrusted_address)
        except ValueError:
            address = None
        scoped = getattr(address, "scope_id", None)
        if address is None or address.is_multicast or address.is_unspecified or scoped:
            found = shown(untrusted_address)
            example = 'Example: resolvers = ["9.9.9.9"]'
            yield (path,), f"must be the IP address of a name server, not {found}. {example}"
    for number, untrusted_network in enumerate(station.network.allow_private):
        path = ("network", "allow_private", number)
        words = _network_words(untrusted_network, 'allow_private = ["192.168.10.5/32"]', _PRIVATE)
        if words:
            yield (path,), words
    yield from _twice(station.network.resolvers, ("network", "resolvers"))
    yield from _twice(station.network.allow_private, ("network", "allow_private"))


def _network_words(untrusted_network: str, example: str, private: Sequence[_Network]) -> str | None:
    example = f"Example: {example}"
    found = shown(untrusted_network)
    try:
        network = ipaddress.ip_network(untrusted_network, strict=False)
    except ValueError:
        return f"must be a network in CIDR notation, not {found}. {example}"
    if "/" not in untrusted_network or str(network) != str(_lower(untrusted_network)):
        return f'must be written as a network: "{network}", not {found}. {example}'
    for one in private:
        if network.version == one.version and network.subnet_of(one):  # type: ignore[arg-type]
            return None
    why = "" if _LOOPBACK in private else ": the Internet is allowed as it is, this machine never"
    return f"must lie within a private network ({', '.join(map(str, private))}), not {found}{why}. {example}"


def _scanner(station: Station) -> Iterator[Mistake]:
    for number, untrusted_network in enumerate(station.scanner.network):
        words = _network_words(untrusted_network, 'network = ["192.168.10.7/32"]', (*_PRIVATE, _LOOPBACK))
        if words:
            yield (("scanner", "network", number),), words
    yield from _twice(station.scanner.network, ("scanner", "network"))


def _lower(network: str) -> str:
    address, _, prefix = network.partition("/")
    return f"{ipaddress.ip_address(address)}/{prefix}"


def _demonstration(station: Station) -> Iterator[Mistake]:
    enabled: Path = ("demonstration", "enabled")
    if station.demonstration.ports and not station.demonstration.enabled:
        yield (
            (("demonstration", "ports"), enabled),
            "is for demonstrations only: remove it, or set demonstration.enabled = true",
        )
    if not station.wipe.require and not station.demonstration.enabled:
        yield (
            (("wipe", "require"), enabled),
            "may be empty in a demonstration only: name what this machine must hold. "
            'Example: require = ["init_on_free", "no_swap", "no_core_pipe"]',
        )
    yield from _twice(station.demonstration.ports, ("demonstration", "ports"))
    yield from _twice(station.wipe.require, ("wipe", "require"))


def _sites(station: Station) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for number, site in enumerate(station.sites):
        here: Path = ("sites", number)
        if site.id in first:
            yield (
                ((*here, "id"), ("sites", first[site.id], "id")),
                f"must be an id of its own: site {first[site.id] + 1} has {as_toml(site.id)} already",
            )
        first.setdefault(site.id, number)
        if not site.title.strip():
            yield ((*here, "title"),), 'must have a letter or a digit at least. Example: title = "Impôts"'
        yield from _url(station, site, here)
        for index, untrusted_host in enumerate(site.hosts):
            untrusted_name, _, port = untrusted_host.rpartition(":")
            if not port.isdecimal():
                untrusted_name, port = untrusted_host, ""
            words = _host_words(untrusted_name or untrusted_host, demonstration=station.demonstration.enabled)
            if not words and port and not (_PORT.fullmatch(port) and int(port) <= 65_535):
                words = f'must have a port from 1 to 65535 after the colon. Example: "{untrusted_name}:8443"'
            if words:
                yield ((*here, "hosts", index), ("demonstration", "enabled")), words
        yield from _twice(site.hosts, (*here, "hosts"))
        if site.camera and not station.interview.enabled:
            yield (
                ((*here, "camera"), ("interview", "enabled")),
                "needs a station that has camera and microphone: set interview.enabled = true",
            )


def _url(station: Station, site: Site, here: Path) -> Iterator[Mistake]:
    concerned: tuple[Path, ...] = ((*here, "url"), ("demonstration", "enabled"))
    example = 'Example: url = "https://www.impots.gouv.fr/accueil"'
    demonstration = station.demonstration.enabled
    parts = _split(site.url)
    if parts is None or parts.scheme not in ("https", "http") or not parts.hostname:
        yield concerned, f"must be an https:// address, not {shown(site.url)}. {example}"
        return
    if "@" in parts.netloc:
        # Perhaps a password: not repeated.
        yield concerned, f"must not have a user name or a password in it. {example}"
        return
    local = is_local(parts.hostname)
    if parts.scheme == "http" and not (local and demonstration):
        hint = " (http:// is for localhost in a demonstration only)" if local else ""
        yield concerned, f"must begin with https://, not with http://{hint}. {example}"
        return
    # Not parts.hostname, which urlsplit has made lower-case.
    host = parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc
    words = _host_words(host, demonstration=demonstration)
    if words is None and host.startswith("*."):
        words = f"must be one host, not {shown(host)}. {example}"
    if words:
        yield concerned, f"has a host that {words}"
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if local and port not in station.demonstration.ports:
        yield (
            (*concerned, ("demonstration", "ports")),
            f"is on port {port} of this machine, which demonstration.ports does not allow. "
            f"Example: ports = [{port}]",
        )


def _split(untrusted_url: str) -> SplitResult | None:
    if not _URL.fullmatch(untrusted_url):
        return None
    try:
        parts = urlsplit(untrusted_url)
        if parts.port == 0 or parts.netloc.endswith(":"):
            return None
    except ValueError:
        return None
    return parts


def is_local(host: str) -> bool:
    """Whether browsers take this name for the machine itself (RFC 6761, 6.3)."""
    return host.lower() == "localhost" or host.lower().endswith(".localhost")


def _host_words(untrusted_host: str, *, demonstration: bool) -> str | None:
    """What is wrong with one entry of `hosts`, its port aside; None when nothing is."""
    found = shown(untrusted_host)
    example = 'Example: "www.impots.gouv.fr", or "*.impots.gouv.fr" for its sub-domains too'
    host = untrusted_host.removeprefix("*.")
    if "*" in host:
        return f"may have * at the beginning only, before a dot, not {found}. {example}"
    if host.startswith("."):
        return f"must not begin with a dot, not {found}: sub-domains are written with *. before. {example}"
    if not host.isascii():
        try:
            ascii_form = host.lower().encode("idna").decode()
            return f"must be written in its ASCII form: {shown(ascii_form)}, not {found}"
        except UnicodeError:
            return f"must be a host name, not {found}. {example}"
    if host != host.lower():
        return f"must be in small letters: {shown(untrusted_host.lower())}, not {found}"
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) and _decodes(label) for label in labels):
        return f"must be a host name alone, not {found}. {example}"
    if labels[-1].isdecimal():
        return f"must be a name, not an IP address ({found}). {example}"
    if is_local(host):
        if demonstration:
            return None
        return f"must not be this machine ({found}), except in a demonstration. {example}"
    if len(labels) < 2:
        return f"must have two parts at least, not {found}: else it would allow far too much. {example}"
    return None


def _decodes(label: str) -> bool:
    """Whether a label in ASCII form (RFC 5891) stands for anything. Python's idna codec is older."""
    if not label.startswith("xn--"):
        return True
    try:
        text = label[4:].encode().decode("punycode")
        return not text.isascii() and text.encode("punycode").decode() == label[4:]
    except UnicodeError:
        return False


def _twice(values: Sequence[object], path: Path) -> Iterator[Mistake]:
    for number, value in enumerate(values):
        if value in values[:number]:
            yield ((*path, number),), f"is there twice: {shown(value)}. Remove one"
