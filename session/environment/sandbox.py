"""bubblewrap command lines for our own processes and the display server.

bubblewrap runs as root (so it can bind what only root may read) in a mount namespace with a read-only /usr, our own
code, the pieces of the environment that the process needs, and nothing else; then setpriv drops to the user. The
only writable files there are those of the environment's tmpfs: that is what makes "unmount" a wipe.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from session.environment.tree import HOSTNAME

BWRAP = "/usr/bin/bwrap"
SETPRIV = "/usr/bin/setpriv"
CODE = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("session", "kiosk", "printing", "scanner")


class Bind(msgspec.Struct, frozen=True):
    source: Path
    target: str
    writable: bool = False


class Sandbox(msgspec.Struct, frozen=True):
    """What one process may see. `program` is run as `user`, in a network of its own unless `network`."""

    program: tuple[str, ...]
    user: int
    binds: tuple[Bind, ...]
    environment: tuple[tuple[str, str], ...]
    network: bool = False
    devices: tuple[str, ...] = ()
    """Paths of devices, and of what describes them, to be had as they are, where they exist."""
    directory: str = "/"
    groups: tuple[int, ...] = ()
    """Besides the user's own: of devices."""

    def argv(self) -> list[str]:
        argv = [BWRAP, "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup"]
        argv += [] if self.network else ["--unshare-net"]
        argv += ["--die-with-parent", "--new-session", "--clearenv", "--hostname", HOSTNAME]
        argv += [*base_mounts(), "--proc", "/proc", "--dev", "/dev"]
        made = {"/", "/usr", "/dev", "/proc", "/tmp"}  # noqa: S108 - paths inside the sandbox
        argv += ["--perms", "1777", "--dir", "/tmp"]  # noqa: S108
        for device in self.devices:
            argv += [*parents(device, made), "--dev-bind-try", device, device]
        for bind in self.binds:
            argv += list(parents(bind.target, made))
            argv += ["--bind" if bind.writable else "--ro-bind", str(bind.source), bind.target]
        for name, value in self.environment:
            argv += ["--setenv", name, value]
        argv += ["--remount-ro", "/", "--chdir", self.directory, "--"]
        return [*argv, *drop_to(self.user, self.groups), *self.program]


def base_mounts() -> list[str]:
    """/usr and its links, as merged-usr Debian has them."""
    argv = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib64", "lib32"):
        if Path("/", name).is_symlink():
            argv += ["--symlink", f"usr/{name}", f"/{name}"]
    return argv


def parents(target: str, made: set[str]) -> Iterable[str]:
    """Arguments that make the directories above `target` readable: bubblewrap alone would make them 0700."""
    for parent in reversed(Path(target).parents):
        if str(parent) not in made:
            made.add(str(parent))
            yield from ("--perms", "0755", "--dir", str(parent))


def drop_to(user: int, groups: tuple[int, ...] = ()) -> list[str]:
    return [
        SETPRIV,
        f"--reuid={user}",
        f"--regid={user}",
        f"--groups={','.join(map(str, groups))}" if groups else "--clear-groups",
        "--no-new-privs",
        "--bounding-set=-all",
        "--inh-caps=-all",
        "--",
    ]


def python_binds() -> tuple[Bind, ...]:
    """Our packages and, in a checkout, the virtual environment that runs us."""
    binds = [Bind(CODE / name, str(CODE / name)) for name in PACKAGES if (CODE / name).is_dir()]
    for prefix in dict.fromkeys((sys.prefix, sys.base_prefix)):
        if not prefix.startswith("/usr"):
            binds.append(Bind(Path(prefix), prefix))
    return tuple(binds)


def etc_binds(names: Iterable[str]) -> tuple[Bind, ...]:
    return tuple(Bind(Path("/etc", name), f"/etc/{name}") for name in names if os.path.exists(f"/etc/{name}"))
