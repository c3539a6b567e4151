"""The voice of an environment: speech-dispatcher, in a sandbox of its own, dying with the session.

It is told what is on the screen and what a visitor marks on a page, so it may keep nothing: its logs are /dev/null, its
home and its settings are in the session's memory disk. It has no network, no display and none of our sockets but its
own. No component of the session's state: a station without a voice is a station, and its screens just do not offer one.
"""

from __future__ import annotations

import asyncio
import contextlib
import grp
import logging
import os
from pathlib import Path

import msgspec

from session.environment.cgroup import Cgroup, CgroupError
from session.environment.process import spawn
from session.environment.sandbox import Bind, Sandbox, etc_binds
from session.environment.tree import Tree
from session.environment.users import Users

logger = logging.getLogger(__name__)

PROGRAM = "/usr/bin/speech-dispatcher"
MODULES = Path("/usr/lib/speech-dispatcher-modules")
MODULE_SETTINGS = Path("/etc/speech-dispatcher/modules")
SOCKET = "voice/ssip"
"""Below the directory of the sockets (`$MARCHEPIED_RUN`)."""

_FIRST_DELAY, _LONGEST_DELAY = 1.0, 60.0
_LOGS = ("speech-dispatcher.log", "{module}.log")
_SOUND = "/dev/snd"


class Options(msgspec.Struct, frozen=True):
    """The voice of this station."""

    enabled: bool = True
    module: str = "espeak-ng"
    """A module of speech-dispatcher, by its program's name after `sd_`."""
    device: str = "default"
    """ALSA's name of where the sound goes."""
    rate: int = 0
    """-100 (slow) to 100."""


def possible(options: Options) -> bool:
    """Whether it is worth starting. A device other than the default one may need no sound card (a file, say)."""
    if not options.enabled or options.module == "generic":  # which hands texts to a shell
        return False
    programs = os.access(PROGRAM, os.X_OK) and os.access(MODULES / f"sd_{options.module}", os.X_OK)
    return programs and (options.device != "default" or Path(_SOUND).is_dir())


def prepare(options: Options, tree: Tree, users: Users) -> None:
    """Makes its files. Raises OSError."""
    home, sockets = tree.home("voice"), tree.sockets / "voice"
    for path in (home, sockets, home / "log"):
        path.mkdir(mode=0o700)
        os.chown(path, users.screen, users.screen)
    for name in _LOGS:
        (home / "log" / name.format(module=options.module)).symlink_to("/dev/null")
    settings = tree.etc / "speechd"
    (settings / "modules").mkdir(parents=True)
    (settings / "speechd.conf").write_text(_settings(options), "utf-8")


def _settings(options: Options) -> str:
    """https://freebsoft.org/doc/speechd/speech-dispatcher.html#Configuration. No value has a double quote."""
    return (
        "LogLevel 0\n"
        'AudioOutputMethod "alsa"\n'
        f'AudioALSADevice "{options.device}"\n'
        f'AddModule "{options.module}" "sd_{options.module}" "{options.module}.conf"\n'
        f"DefaultModule {options.module}\n"
        f"DefaultRate {options.rate}\n"
        "DisableAutoSpawn\n"
    )


def sandbox(tree: Tree, users: Users) -> Sandbox:
    program = (
        *(PROGRAM, "--run-single", "--timeout", "0", "--log-level", "0", "--log-dir", "/home/voice/log"),
        *("--communication-method", "unix_socket", "--socket-path", "/run/voice/ssip"),
        *("--config-dir", "/run/speechd", "--pid-file", "/home/voice/pid"),
    )
    binds = [
        *etc_binds(("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "asound.conf", "alsa")),
        Bind(tree.home("voice"), "/home/voice", writable=True),
        Bind(tree.sockets / "voice", "/run/voice", writable=True),
        Bind(tree.etc / "speechd", "/run/speechd"),
    ]
    if MODULE_SETTINGS.is_dir():
        binds.append(Bind(MODULE_SETTINGS, "/run/speechd/modules"))
    environment = (("HOME", "/home/voice"), ("TMPDIR", "/home/voice"), ("PATH", "/usr/bin"), ("LANG", "C.UTF-8"))
    return Sandbox(program, users.screen, tuple(binds), environment, devices=(_SOUND,), groups=sound_groups())


def sound_groups() -> tuple[int, ...]:
    """Debian gives the sound card to `audio`."""
    with contextlib.suppress(KeyError):
        return (grp.getgrnam("audio").gr_gid,)
    return ()


async def keep(tree: Tree, users: Users, cgroup: Cgroup) -> None:
    """Starts it, and again whenever it dies, ever more seldom. Ends by cancellation, which leaves it to the cgroup."""
    delay = _FIRST_DELAY
    while True:
        try:
            room = cgroup.child("voice")
            await room.kill()
            procs = room.open_procs()
            try:
                # Its words might be a visitor's: they go nowhere.
                process = await spawn(sandbox(tree, users).argv(), cgroup_fd=procs)
            finally:
                os.close(procs)
            logger.warning("the voice ended with code %d", await process.wait())
        except (CgroupError, OSError) as error:
            logger.warning("no voice: %s", type(error).__name__)
        await asyncio.sleep(delay)
        delay = min(2 * delay, _LONGEST_DELAY)
