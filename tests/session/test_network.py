"""Egress by user, with real packets: a neighbour in a network of its own behind a veth, and the machine's loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from session import network
from session.environment.users import Users
from session.network import NFT, Egress, NetworkError, apply, remove, ruleset, system_resolvers, validate_networks

USERS = Users(64_900)
IP = "/usr/sbin/ip"
PORT = 47_911
LINK = f"mpt{os.getpid() % 100_000}"

# Addresses of the neighbour, and which of them the visitor may reach. The public ones are nobody's: 192.88.99.0/24
# was given back (RFC 7526), and the other is a /64 that no one routes.
NEIGHBOUR = {
    "192.88.99.2/30": True,
    "2a00:dead:beef::2/64": True,
    "10.99.77.2/24": False,
    "172.31.77.2/24": False,
    "192.168.177.2/24": False,
    "100.64.77.2/24": False,
    "169.254.77.2/24": False,
    "198.18.77.2/24": False,
    "fd99:77::2/64": False,
    "fe80::77:2/64": False,
    "fec0:77::2/64": False,
}

_LISTEN = f"""
import os, socket, sys, time
for family, kind in ((socket.AF_INET6, socket.SOCK_STREAM), (socket.AF_INET6, socket.SOCK_DGRAM)):
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(("::", {PORT}))
    globals()[kind.name] = listener
SOCK_STREAM.listen(64)
dns = socket.socket(socket.AF_INET6)
dns.bind(("::", 53))
dns.listen(64)
os.write(1, b"ready")
sys.stdin.read()
"""

_CONNECT = """
import errno, json, socket, sys
seconds, answers = float(sys.argv[1]), []
for kind, host, port, scope in json.loads(sys.argv[2]):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    probe = socket.socket(family, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    probe.settimeout(seconds)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    address = (host, port, 0, scope) if ":" in host else (host, port)
    try:
        if kind == "tcp":
            probe.connect(address)
        else:
            probe.sendto(b"hello", address)
        answers.append("ok")
    except OSError as error:
        answers.append(errno.errorcode.get(error.errno, "timeout"))
    probe.close()
print(json.dumps(answers))
"""


class Probe(NamedTuple):
    kind: str
    host: str
    port: int
    scope: int = 0


async def tries(uid: int, *probes: Probe, seconds: float = 3.0) -> dict[Probe, str]:
    """What becomes of each, for a process of that user in the machine's own network."""
    child = await asyncio.create_subprocess_exec(
        *("/usr/bin/setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"),
        *("/usr/bin/python3", "-S", "-c", _CONNECT, str(seconds), json.dumps(probes)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await child.communicate()
    return dict(zip(probes, json.loads(output), strict=True))


def ip(*arguments: str, inside: int | None = None) -> None:
    within = [] if inside is None else ["/usr/bin/nsenter", f"--net=/proc/{inside}/ns/net"]
    subprocess.run([*within, IP, *arguments], check=True, capture_output=True, text=True)


@pytest.fixture(scope="module")
def neighbour() -> Iterator[int]:
    """The interface index of the veth at whose other end a listener has all the addresses of NEIGHBOUR."""
    listener = subprocess.Popen(
        ["/usr/bin/unshare", "--net", "/usr/bin/python3", "-S", "-c", _LISTEN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert listener.stdin is not None
    assert listener.stdout is not None
    try:
        assert listener.stdout.read(5) == b"ready"
        ip("link", "add", LINK, "type", "veth", "peer", "name", "there", "netns", str(listener.pid))
        for name, inside in ((LINK, None), ("there", listener.pid)):
            ip("link", "set", name, "addrgenmode", "none", inside=inside)
            ip("link", "set", name, "up", inside=inside)
        for address in NEIGHBOUR:
            ours = address.replace("2/", "1/")
            flags = ["nodad"] if ":" in address else []
            ip("address", "add", address, "dev", "there", *flags, inside=listener.pid)
            ip("address", "add", ours, "dev", LINK, *flags)
        yield socket.if_nametoindex(LINK)
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            ip("link", "delete", LINK)
        listener.stdin.close()
        listener.wait()
        listener.stdout.close()


@pytest.fixture(scope="module")
def local() -> Iterator[tuple[int, int]]:
    """Two ports on both loopback addresses: one of a service of the machine, one of the demonstration."""
    with contextlib.ExitStack() as stack:
        ports = []
        for _ in range(2):
            four = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=64))
            port = four.getsockname()[1]
            stack.enter_context(socket.create_server(("::1", port), family=socket.AF_INET6, backlog=64))
            ports.append(port)
        yield ports[0], ports[1]


@pytest.fixture
async def table() -> AsyncIterator[str]:
    """Removes the rules in the end; its name."""
    name = network.table_name(USERS)
    yield name
    await remove(USERS)
    assert name not in tables()


def tables() -> str:
    return subprocess.run([NFT, "list", "tables"], check=True, capture_output=True, text=True).stdout


def scope_of(host: str, index: int) -> int:
    return index if host.startswith(("fe80", "ff02")) else 0


async def test_the_visitor_reaches_the_internet_and_nothing_nearer(
    table: str, neighbour: int, local: tuple[int, int]
) -> None:
    service, demonstration = local
    await apply(Egress(ports=(demonstration,)), USERS)
    allowed = {Probe("tcp", host, demonstration): True for host in ("127.0.0.1", "::1")}
    forbidden = [Probe("tcp", host, service) for host in ("127.0.0.1", "::1", "127.0.0.53", "::ffff:127.0.0.1")]
    forbidden += [Probe("tcp", "127.1.2.3", demonstration), Probe("udp", "127.0.0.1", demonstration)]
    for address, reachable in NEIGHBOUR.items():
        host = address.partition("/")[0]
        for probe in (Probe(kind, host, PORT, scope_of(host, neighbour)) for kind in ("tcp", "udp")):
            if reachable:
                allowed[probe] = True
            else:
                forbidden.append(probe)
        # Our own end of the same networks: the machine itself.
        forbidden.append(Probe("tcp", host[:-1] + "1", service, scope_of(host, neighbour)))
    forbidden += [
        Probe("udp", "224.0.0.251", 5353),
        Probe("udp", "ff02::fb", 5353, neighbour),
        Probe("udp", "255.255.255.255", 67),
        Probe("udp", "192.88.99.3", 67),
        Probe("udp", "0.0.0.0", service),
        Probe("tcp", "0.0.0.0", service),
        Probe("tcp", "::", service),
    ]
    assert await tries(USERS.visitor, *allowed) == dict.fromkeys(allowed, "ok")
    answers = await tries(USERS.visitor, *forbidden, seconds=0.2)
    # Some give a time-out, where the kernel sends no ICMP error (link-local) or not so many of them.
    assert [probe for probe in forbidden if answers[probe] in ("ok", "ECONNREFUSED")] == []


async def test_the_other_users_of_an_environment_reach_nothing(
    table: str, neighbour: int, local: tuple[int, int]
) -> None:
    await apply(Egress(ports=local, allow=("10.99.77.0/24",)), USERS)
    probes = [Probe("tcp", "127.0.0.1", local[0]), Probe("tcp", "::1", local[0]), Probe("tcp", "192.88.99.2", PORT)]
    probes += [Probe("udp", "10.99.77.2", PORT)]
    for uid in USERS.all - {USERS.visitor}:
        assert "ok" not in (await tries(uid, *probes, seconds=0.2)).values()


async def test_nobody_else_is_touched(table: str, neighbour: int, local: tuple[int, int]) -> None:
    await apply(Egress(), USERS)
    probes = [Probe("tcp", address.partition("/")[0], PORT, scope_of(address, neighbour)) for address in NEIGHBOUR]
    probes += [Probe("tcp", "127.0.0.1", local[0]), Probe("tcp", "::1", local[0])]
    for uid in (0, USERS.first - 1, USERS.first + 5):
        assert set((await tries(uid, *probes)).values()) == {"ok"}


async def test_a_resolver_on_the_local_network_answers_names_and_nothing_else(table: str, neighbour: int) -> None:
    probes = [Probe(kind, "10.99.77.2", port) for kind in ("tcp", "udp") for port in (53, PORT)]
    probes += [Probe("udp", "fe80::77:2", 53, neighbour), Probe("udp", "fe80::77:2", PORT, neighbour)]
    await apply(Egress(), USERS)
    assert "ok" not in (await tries(USERS.visitor, *probes)).values()
    await apply(Egress(resolvers=("10.99.77.2", f"fe80::77:2%{LINK}")), USERS)
    answers = await tries(USERS.visitor, *probes)
    assert {probe.port for probe, answer in answers.items() if answer == "ok"} == {53}
    assert [answer for probe, answer in answers.items() if probe.port == 53] == ["ok"] * 3


async def test_a_network_of_the_stations_own_can_be_allowed(table: str, neighbour: int) -> None:
    await apply(Egress(allow=("10.99.77.2/32", "fd99:77::/64")), USERS)
    allowed = [Probe("tcp", "10.99.77.2", PORT), Probe("tcp", "fd99:77::2", PORT)]
    answers = await tries(USERS.visitor, *allowed, Probe("tcp", "192.168.177.2", PORT))
    assert list(answers.values())[:2] == ["ok", "ok"]
    assert list(answers.values())[2] != "ok"


async def test_the_scan_worker_reaches_the_scanners_of_the_station_alone(
    table: str, neighbour: int, local: tuple[int, int]
) -> None:
    await apply(Egress(scanners=("10.99.77.2/32", "127.0.0.1/32")), USERS)
    allowed = [Probe("tcp", "10.99.77.2", PORT), Probe("tcp", "127.0.0.1", local[0])]
    refused = [Probe("tcp", "fd99:77::2", PORT), Probe("tcp", "192.168.177.2", PORT), Probe("tcp", "::1", local[0])]
    answers = await tries(USERS.scanning, *allowed, *refused, seconds=0.5)
    assert [answers[probe] for probe in allowed] == ["ok", "ok"]
    assert "ok" not in [answers[probe] for probe in refused]
    assert "ok" not in (await tries(USERS.visitor, *allowed, seconds=0.5)).values()


async def test_applied_again_the_rules_replace_the_old_ones(table: str, local: tuple[int, int]) -> None:
    probe = Probe("tcp", "127.0.0.1", local[1])
    for _ in range(2):
        await apply(Egress(ports=(local[1],)), USERS)
        assert tables().count(f"{table}\n") == 1
        assert (await tries(USERS.visitor, probe))[probe] == "ok"
    await apply(Egress(), USERS)
    assert (await tries(USERS.visitor, probe))[probe] != "ok"
    await remove(USERS)
    await remove(USERS)
    assert f"{table}\n" not in tables()
    assert (await tries(USERS.visitor, probe))[probe] == "ok"


@pytest.mark.parametrize(
    "egress",
    [
        Egress(allow=("10.0.0.1/8",)),
        Egress(allow=("everything",)),
        Egress(allow=("fe80::%1; accept /64",)),
        Egress(allow=("10.0.0.0/8 accept; ip daddr 0.0.0.0/0",)),
        Egress(resolvers=("dns.example",)),
        Egress(resolvers=("10.0.0.1 accept; #",)),
        Egress(ports=(99_999,)),
    ],
    ids=lambda egress: str(egress)[7:60],
)
async def test_rules_that_make_no_sense_are_an_error_and_the_old_ones_stay(
    table: str, local: tuple[int, int], egress: Egress
) -> None:
    await apply(Egress(), USERS)
    with pytest.raises(NetworkError, match="egress rules"):
        await apply(egress, USERS)
    probe = Probe("tcp", "127.0.0.1", local[0])
    assert (await tries(USERS.visitor, probe))[probe] != "ok"


async def test_a_resolvers_scope_cannot_carry_a_rule(table: str, local: tuple[int, int]) -> None:
    await apply(Egress(resolvers=("fe80::1%x accept; tcp dport { 1-65535 } accept; #",)), USERS)
    probe = Probe("tcp", "127.0.0.1", local[0])
    assert (await tries(USERS.visitor, probe))[probe] != "ok"


async def test_without_nft_there_are_no_rules_and_that_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "NFT", "/no/such/nft")
    with pytest.raises(NetworkError, match="/no/such/nft cannot be run"):
        await apply(Egress(), USERS)


def test_the_systems_resolvers_are_addresses_without_scope(tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text(
        "# nameserver 1.1.1.1\nnameserver 192.168.1.1\nnameserver\tfe80::1%eth0\nnameserver nonsense\n"
        "nameserver\noptions x\nnameserver ::1 # mine\n"
    )
    assert system_resolvers(tmp_path / "resolv.conf") == ("192.168.1.1", "fe80::1", "::1")
    assert system_resolvers(tmp_path / "none") == ()


def test_networks_are_given_in_their_canonical_form() -> None:
    assert validate_networks(["10.0.0.0/8", "192.168.10.5", "FD00::/8"]) == (
        "10.0.0.0/8",
        "192.168.10.5/32",
        "fd00::/8",
    )
    for untrusted in ("10.0.0.1/8", "x", "", "fe80::%1/64"):
        with pytest.raises(ValueError, match=r"."):
            validate_networks([untrusted])


def test_the_ruleset_is_one_transaction_on_a_table_of_this_stations_own() -> None:
    script = ruleset(Egress(), USERS).splitlines()
    assert script[:3] == [
        "table inet marchepied_64900",
        "delete table inet marchepied_64900",
        "table inet marchepied_64900 {",
    ]
