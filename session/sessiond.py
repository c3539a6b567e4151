"""Starts the daemon: `python -m session.sessiond [--config FILE] [--runtime DIR] [--state DIR] [--cgroup NAME]`.

Exit codes: 0 stopped as asked, everything wiped; 1 unforeseen, or stopped with a wipe that could not be verified;
2 the configuration or the machine is unfit, or another daemon has this runtime directory.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import fcntl
import logging
import os
import resource
import signal
import socket
import sys
import time
from pathlib import Path

from scanner.model import ScannerSettings
from session import config, network
from session.browser import policy, sandbox
from session.browser.hosts import origin_of
from session.builder import Plan
from session.config.checks import is_local
from session.daemon import Daemon, Station
from session.environment.cgroup import CgroupError, find_base
from session.environment.chime import Options as ChimeOptions
from session.environment.display import Display, DisplayServer
from session.environment.scan import Options as ScanOptions
from session.environment.users import Users
from session.environment.voice import Options as VoiceOptions
from session.machine import Limits
from session.network import Egress
from session.wipe import Place

RUNTIME = Path("/run/marchepied")
STATE = Path("/var/lib/marchepied")
LOCK_SECONDS = 3.0
"""A child of a daemon that was just killed may hold its lock until it runs its own program."""


class Occupied(Exception):
    """Another daemon has this runtime directory: two would kill each other's environments."""


def station_of(configured: config.Station, runtime: Path, state: Path, cgroup: str | None) -> Station:
    """The daemon's terms for what the configuration says. Raises CgroupError, policy.BadHost."""
    users = Users(configured.environment.first_uid)
    settings = config.settings(configured)
    control = runtime / "control"
    language = configured.station.language
    hosts = policy.hosts_of(settings)
    screen, interview = configured.display, configured.interview.enabled
    built = policy.build(
        hosts,
        downloads=str(sandbox.DOCUMENTS),
        language=language,
        cameras=[origin_of(site.url) for site in settings.sites if site.camera],
        interview=interview,
    )
    plan = Plan(
        users=users,
        display=Display(DisplayServer(screen.server), screen.width, screen.height, screen.depth),
        settings=settings,
        policy=policy.encode(built),
        browser=sandbox.Options(
            program=configured.browser.program,
            language=language,
            gpu=configured.browser.gpu,
            interview=interview,
        ),
        memory_mib=configured.environment.memory_mib,
        inodes=configured.environment.inodes,
        control=control,
        scanner=scanner_of(configured.scanner),
        chime=ChimeOptions(configured.voice.sounds, configured.voice.device),
        voice=VoiceOptions(
            configured.voice.enabled, configured.voice.module, configured.voice.device, configured.voice.rate
        ),
    )
    session = configured.session
    limits = Limits(
        session=session.minutes * 60,
        idle=session.idle_minutes * 60,
        warning=session.warning_seconds,
        extension=session.extension_minutes * 60,
        extensions=session.extensions,
        restarts=configured.environment.restarts,
        restart_window=configured.environment.restart_window_seconds,
    )
    return Station(
        plan=plan,
        limits=limits,
        place=Place(runtime / "environment", find_base(cgroup), users),
        egress=Egress(
            ports=configured.demonstration.ports if configured.demonstration.enabled else (),
            resolvers=configured.network.resolvers or network.system_resolvers(),
            allow=configured.network.allow_private,
            scanners=configured.scanner.network if configured.scanner.kind != "none" else (),
        ),
        required=frozenset(requirement.value for requirement in configured.wipe.require),
        demonstration=configured.demonstration.enabled,
        control=control,
        state=state,
        watches_network=not all(is_local(host.partition(":")[0]) for host in hosts),
        hook=configured.agent.hook,
        images=configured.demonstration.keys if configured.demonstration.enabled else "",
    )


def scanner_of(configured: config.Scanner) -> ScanOptions | None:
    """None: this station has no scanner."""
    if configured.kind == "none":
        return None
    settings = ScannerSettings(
        devices=configured.devices,
        options=configured.options,
        resolution=configured.resolution,
        two_sides=configured.two_sides,
    )
    return ScanOptions(settings, network=bool(configured.network), sane=Path(configured.sane))


def lock(runtime: Path) -> int:
    """A descriptor that holds the runtime directory as long as this process lives. Raises Occupied, OSError."""
    descriptor = os.open(runtime / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise Occupied(f"another sessiond is at work in {runtime}; stop it first") from None
            time.sleep(0.05)
        else:
            return descriptor


def claim(users: Users) -> socket.socket:
    """Holds the users of this station on this machine: the wipe of another with the same would kill ours.

    An abstract socket that nobody listens on: it goes with the process, and leaves no file. Raises Occupied, OSError.
    """
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind(f"\0marchepied-users-{users.first}")
    except OSError as error:
        held.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise Occupied(
            f"another station on this machine has the users {users.first} to {max(users.all)}; "
            "give this one others with environment.first_uid"
        ) from None
    return held


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="sessiond", description="The daemon of a Marchepied station.")
    parser.add_argument("--config", type=Path, default=config.DEFAULT_PATH, metavar="FILE")
    parser.add_argument("--runtime", type=Path, default=RUNTIME, metavar="DIR", help="default %(default)s")
    parser.add_argument("--state", type=Path, default=STATE, metavar="DIR", help="default %(default)s")
    parser.add_argument("--cgroup", metavar="NAME", help="below the daemon's own; for a second station")
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    if os.geteuid() != 0:
        print("sessiond: must run as root: it makes and destroys whole environments", file=sys.stderr)
        return 2
    try:
        configured = config.load(chosen.config)
        chosen.runtime.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock(chosen.runtime)
        station = station_of(configured, chosen.runtime.resolve(), chosen.state, chosen.cgroup)
        held = claim(station.place.users)
    except (config.ConfigError, CgroupError, policy.BadHost, Occupied, OSError) as error:
        print(f"sessiond: {error}", file=sys.stderr)
        return 2
    # Neither the daemon's memory nor that of anything it starts may go to a core file.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with held:
        wiped = asyncio.run(_serve(Daemon(station)))
    if wiped:
        return 0
    print("sessiond: stopped, but the last wipe could not be verified and written down", file=sys.stderr)
    return 1


async def _serve(daemon: Daemon) -> bool:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop)
    return await daemon.run()


if __name__ == "__main__":
    sys.exit(main())
