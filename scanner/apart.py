"""A place inside the worker's sandbox for the press of whole documents: what strangers have made is opened where no
scanner is.

bubblewrap once more, now as the worker's user in a user namespace, as Chromium's own sandbox is made. There is no
/proc but for how much memory is free: a new one cannot be had inside another sandbox (the kernel gives none that shows
more than the one around it), and the worker's would show other processes' memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_BWRAP = "/usr/bin/bwrap"
_HIDDEN = ("/proc", "/sys", "/run")
"""Other processes; devices, and what describes them; the daemon's socket and the worker's."""


def argv(writable: Sequence[Path], hidden: Sequence[Path]) -> list[str]:
    """What is put before a program: it sees what we see, writes to the directories `writable` alone, and has neither
    devices nor a network, nor what is in `hidden`.
    """
    found = [_BWRAP, "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    found += ["--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev"]  # all of one process group: see Child.kill
    places = [str(path) for path in (*map(Path, _HIDDEN), *hidden) if path.is_dir()]
    for place in places:
        found += ["--tmpfs", place]
    found += ["--ro-bind", "/proc/meminfo", "/proc/meminfo"]
    for place in places:
        found += ["--remount-ro", place]
    for path in writable:
        found += ["--bind", str(path), str(path)]
    return [*found, "--"]
