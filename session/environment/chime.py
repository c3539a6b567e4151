"""Two short sounds, without a voice: the agent is called, the visit is about to end.

aplay, in a sandbox like the voice's: no network, no display, none of our sockets, nothing of the visitor's to know. A
station without a sound card is silent, and everything that is said by sound is also seen.
"""

from __future__ import annotations

import asyncio
import enum
import io
import logging
import math
import os
import wave
from array import array
from pathlib import Path

import msgspec

from session.environment.cgroup import Cgroup, CgroupError
from session.environment.process import spawn
from session.environment.sandbox import Bind, Sandbox, etc_binds
from session.environment.tree import Tree
from session.environment.users import Users
from session.environment.voice import sound_groups

logger = logging.getLogger(__name__)

PROGRAM = "/usr/bin/aplay"
MOST_SECONDS = 5.0
"""A sound card that is busy or gone keeps a sound waiting; later it would mean nothing any more."""
RATE = 22_050
_SOUND_CARDS = "/dev/snd"
_LOUD = 0.4
_FADE_SECONDS = 0.02


class Sound(enum.StrEnum):
    CALLED = "called"
    WARNING = "warning"


_NOTES: dict[Sound, tuple[tuple[float, float], ...]] = {
    Sound.CALLED: ((660, 0.18), (880, 0.3)),
    Sound.WARNING: ((784, 0.22), (0, 0.08), (784, 0.22), (0, 0.08), (587, 0.4)),
}
"""Hertz and seconds; 0 Hz for silence. Below 1 kHz: what most old ears hear best."""


class Options(msgspec.Struct, frozen=True):
    enabled: bool = True
    device: str = "default"
    """ALSA's name of where the sound goes."""


def possible(options: Options) -> bool:
    """Whether anything could be heard. A device other than the default one may need no sound card (a file, say)."""
    if not options.enabled or not os.access(PROGRAM, os.X_OK):
        return False
    return options.device != "default" or Path(_SOUND_CARDS).is_dir()


def prepare(tree: Tree, users: Users) -> None:
    """Makes its files. Raises OSError."""
    home, sounds = tree.home("chime"), tree.etc / "chime"
    home.mkdir(mode=0o700)
    os.chown(home, users.screen, users.screen)
    sounds.mkdir(mode=0o755)
    for sound in Sound:
        (sounds / f"{sound}.wav").write_bytes(wav(sound))


def wav(sound: Sound) -> bytes:
    """The sound as a file, 16 bits, one channel."""
    samples = array("h")
    for hertz, seconds in _NOTES[sound]:
        count = round(seconds * RATE)
        for at in range(count):
            edge = min(1.0, at / (_FADE_SECONDS * RATE), (count - at) / (_FADE_SECONDS * RATE))
            samples.append(round(32_767 * _LOUD * edge * math.sin(2 * math.pi * hertz * at / RATE)))
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(RATE)
        written.writeframes(samples.tobytes())
    return file.getvalue()


def sandbox(options: Options, sound: Sound, tree: Tree, users: Users) -> Sandbox:
    return Sandbox(
        program=(PROGRAM, "--quiet", f"--device={options.device}", f"/run/chime/{sound}.wav"),
        user=users.screen,
        binds=(
            *etc_binds(("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "asound.conf", "alsa")),
            Bind(tree.home("chime"), "/home/chime", writable=True),
            Bind(tree.etc / "chime", "/run/chime"),
        ),
        environment=(("HOME", "/home/chime"), ("TMPDIR", "/home/chime"), ("PATH", "/usr/bin"), ("LANG", "C.UTF-8")),
        devices=(_SOUND_CARDS,),
        groups=sound_groups(),
    )


async def play(options: Options, sound: Sound, tree: Tree, users: Users, cgroup: Cgroup) -> None:
    """Ends when the sound has, or can no longer mean anything. What goes wrong is logged."""
    try:
        room = cgroup.child("chime")
        await room.kill()  # of two sounds the newer one counts
        procs = room.open_procs()
        try:
            process = await spawn(sandbox(options, sound, tree, users).argv(), cgroup_fd=procs)
        finally:
            os.close(procs)
        try:
            async with asyncio.timeout(MOST_SECONDS):
                code = await process.wait()
            if code != 0:
                logger.warning("no sound: aplay ended with code %d", code)
        except TimeoutError:
            logger.warning("no sound: aplay did not end within %.0f s", MOST_SECONDS)
        await room.kill()
    except (CgroupError, OSError) as error:
        logger.warning("no sound: %s", type(error).__name__)
