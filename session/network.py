"""Egress by user: what the visitor's browser may reach, as one nftables table, replaced whole.

Matched on the socket's user (`meta skuid`), because a host name list cannot be kept for sub-resources, and because
the mount namespace hides files but not addresses. The other users of an environment have no network at all
(`--unshare-net`); the table refuses them too, should that ever be forgotten.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from session.environment.mounts import run
from session.environment.users import Users

NFT = "/usr/sbin/nft"

# IANA special-purpose registries: RFC 6890 and its updates.
LOCAL_V4 = (
    "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, "
    "192.0.2.0/24, 192.168.0.0/16, 198.18.0.0/15, 198.51.100.0/24, 203.0.113.0/24, 224.0.0.0/3"
)
LOCAL_V6 = "::/127, ::ffff:0:0/96, 64:ff9b::/96, 100::/64, 2001:db8::/32, fc00::/7, fe80::/10, fec0::/10, ff00::/8"


class NetworkError(Exception):
    """The rules are not in force; no browser may start."""


class Egress(msgspec.Struct, frozen=True):
    """`ports`: loopback TCP ports open to the visitor (the demonstration's portal, else none)."""

    ports: tuple[int, ...] = ()
    resolvers: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    """Networks of the station's own that the visitor may reach, as CIDR."""
    scanners: tuple[str, ...] = ()
    """What the scan worker may reach, as CIDR."""


def table_name(users: Users) -> str:
    return f"marchepied_{users.first}"


def ruleset(egress: Egress, users: Users) -> str:
    """The nftables script: deletes our table and makes it anew, in one transaction. Raises ValueError."""
    name = table_name(users)
    everyone = ", ".join(str(user) for user in sorted(users.all))
    rules = []
    for resolver in egress.resolvers:
        address = ipaddress.ip_address(resolver.partition("%")[0])  # nft knows no scopes ("%eth0")
        rules.append(f"{_family(address)} daddr {address} meta l4proto {{ tcp, udp }} th dport 53 accept")
    if egress.ports:
        ports = ", ".join(str(port) for port in egress.ports)
        rules.append(f"ip daddr 127.0.0.1 tcp dport {{ {ports} }} accept")
        rules.append(f"ip6 daddr ::1 tcp dport {{ {ports} }} accept")
    for allowed in validate_networks(egress.allow):
        rules.append(f"{_family(ipaddress.ip_network(allowed))} daddr {allowed} accept")
    body = "\n        ".join(rules)
    scanners = "\n        ".join(
        f"{_family(ipaddress.ip_network(one))} daddr {one} accept" for one in validate_networks(egress.scanners)
    )
    return f"""table inet {name}
delete table inet {name}
table inet {name} {{
    chain visitor {{
        {body}
        ip daddr {{ {LOCAL_V4} }} counter reject with icmpx admin-prohibited
        ip6 daddr {{ {LOCAL_V6} }} counter reject with icmpx admin-prohibited
        fib daddr type {{ local, broadcast, multicast, anycast }} counter reject with icmpx admin-prohibited
        meta l4proto {{ tcp, udp }} accept
        counter reject with icmpx admin-prohibited
    }}
    chain scanner {{
        {scanners}
        counter reject with icmpx admin-prohibited
    }}
    chain output {{
        type filter hook output priority -150; policy accept;
        meta skuid {users.visitor} jump visitor
        meta skuid {users.scanning} jump scanner
        meta skuid {{ {everyone} }} counter reject with icmpx admin-prohibited
    }}
}}
"""


def _family(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | ipaddress.IPv4Network | ipaddress.IPv6Network,
) -> str:
    return "ip6" if address.version == 6 else "ip"


def system_resolvers(path: Path = Path("/etc/resolv.conf")) -> tuple[str, ...]:
    """Name servers that the system uses; addresses that are none are left out."""
    found = []
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ()
    for line in lines:
        words = line.split()
        if len(words) >= 2 and words[0] == "nameserver":
            try:
                found.append(str(ipaddress.ip_address(words[1].partition("%")[0])))
            except ValueError:
                continue
    return tuple(found)


async def apply(egress: Egress, users: Users) -> None:
    """Puts the rules in force. Raises NetworkError with nft's own words."""
    try:
        script = ruleset(egress, users)
    except ValueError as error:
        raise NetworkError(f"the egress rules cannot be written: {error}") from error
    code, said = await _nft(("-f", "-"), script.encode())
    if code != 0:
        raise NetworkError(f"the egress rules could not be put in force: {said}")


async def remove(users: Users) -> None:
    """Takes the table away, where the daemon is taken away whole (tests, a try-out)."""
    await _nft(("-f", "-"), f"table inet {table_name(users)}\ndelete table inet {table_name(users)}\n".encode())


async def _nft(arguments: Sequence[str], script: bytes) -> tuple[int, str]:
    try:
        return await run(NFT, *arguments, stdin=script)
    except OSError as error:
        raise NetworkError(f"{NFT} cannot be run: {error.strerror}") from error


def validate_networks(untrusted_networks: Iterable[str]) -> tuple[str, ...]:
    """CIDR networks in their canonical form. Raises ValueError."""
    networks = tuple(str(ipaddress.ip_network(untrusted)) for untrusted in untrusted_networks)
    if any("%" in network for network in networks):
        raise ValueError("a network has no scope")
    return networks
