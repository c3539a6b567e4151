"""The visitor's browser in its sandbox: the command line, and the files that must be there first.

What the environment must provide (as root, before the browser starts), all inside the environment's tmpfs:

- the directories of a `Place`, with these owners and modes:
    home       visitor:visitor 0700   $HOME; holds the profile
    tmp        visitor:visitor 0700   the browser's /tmp
    shm        visitor:visitor 0700   the browser's /dev/shm
    runtime    visitor:visitor 0700   $XDG_RUNTIME_DIR (the session's D-Bus will have its socket there)
    documents  visitor:screen  2770   downloads; the set-group-id bit and the umask let the desk read and delete them
    x11        screen:screen   0755   the directory in which the display server has its socket, and nothing else
    etc        root:root       0755   filled by `prepare`
- xauthority: a regular file with the cookie of the display (number `tree.DISPLAY`), which the visitor can read
- once for each environment `prepare(place, managed_policy, options)`; before each start `clear_locks(place)`
- start `argv(...)` as real root, with umask `UMASK`, an empty environment, /dev/null as standard streams (Chromium
  writes addresses to stderr), and the browser's ends of two pipes as descriptors 3 (commands to it) and 4 (answers
  from it); nothing else open
- the process tree is bwrap -> bwrap (pid 1 of its namespace) -> chromium. To end it, kill the cgroup or the inner
  pid 1: when the outer bwrap has ended after that, nothing of it is left. After a kill of the outer one alone the
  rest ends a moment later, and a browser that is started in that moment hangs on the profile (measured)
- egress is the business of nftables, by uid: the network namespace is the machine's

/etc/resolv.conf is bound as a file: one that is replaced later (DHCP) is not seen before the next environment. A
station therefore has a local resolver whose resolv.conf never changes.

Tried and left: `FullscreenAllowed=false` brings the toolbar back in `--kiosk`; `--disable-crashpad-for-testing` makes
the network service crash for good (Chromium 156).
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import msgspec

from session.browser import errors, policy
from session.environment.sandbox import Bind, Sandbox, etc_binds
from session.environment.tree import DISPLAY

UMASK = 0o007
"""Downloads become 0660, so that the desk, in the group of the documents directory, reads and deletes them."""

HOME = Path("/home/visitor")
PROFILE = HOME / "profile"
DOCUMENTS = HOME / "documents"
RUNTIME = Path("/run/visitor")
CHROMIUM = "/usr/lib/chromium/chromium"

_GUIDE = Path("/run/guide")
_AUTHORITY = Path("/run/display/authority")
_SHARED_ETC = ("fonts", "ssl", "ca-certificates", "resolv.conf", "nsswitch.conf", "localtime", "gtk-3.0")
_GPU = ("/dev/dri", "/sys/dev/char", "/sys/devices/pci0000:00")
_LOCKS = ("SingletonLock", "SingletonSocket", "SingletonCookie")


class Place(msgspec.Struct, frozen=True):
    """Where one environment keeps what the browser is given, outside the sandbox; and whose it is."""

    home: Path
    tmp: Path
    shm: Path
    runtime: Path
    documents: Path
    x11: Path
    xauthority: Path
    etc: Path
    uid: int
    gid: int

    @classmethod
    def under(cls, tree: Path, *, x11: Path, xauthority: Path, uid: int, gid: int) -> Place:
        """The usual places of an environment whose tree is `tree`."""
        return cls(
            home=tree / "home",
            tmp=tree / "tmp",
            shm=tree / "shm",
            runtime=tree / "run",
            documents=tree / "documents",
            x11=x11,
            xauthority=xauthority,
            etc=tree / "etc",
            uid=uid,
            gid=gid,
        )


class Options(msgspec.Struct, frozen=True):
    """What differs between stations."""

    program: str = CHROMIUM
    language: str = "fr"
    gpu: bool = False
    """Whether the machine has a GPU to use; needs /dev/dri nodes that the visitor's uid may open."""
    address: str = policy.PROBE_URL
    """The first page. The desk keeps this one as its own: it shows that the policy is in force."""
    extra_hosts: tuple[str, ...] = ()
    """More lines of /etc/hosts."""


_DEFAULT = Options()


def prepare(place: Place, managed_policy: bytes, options: Options = _DEFAULT) -> None:
    """Writes the files of /etc that are made for the browser. Root only; blocking, a few milliseconds.

    `managed_policy` is what `policy.encode` gives. Raises OSError.
    """
    managed = place.etc / "managed"
    managed.mkdir(mode=0o755, parents=True, exist_ok=True)
    hosts = ("127.0.0.1 localhost", "::1 localhost", *options.extra_hosts)
    texts = {
        place.etc / "passwd": f"visitor:x:{place.uid}:{place.gid}::{HOME}:/usr/sbin/nologin\n",
        place.etc / "group": f"visitor:x:{place.gid}:\n",
        place.etc / "hosts": "\n".join(hosts) + "\n",
        place.etc / "machine-id": secrets.token_hex(16) + "\n",
    }
    for path, text in texts.items():
        path.write_text(text, encoding="ascii")
        path.chmod(0o644)
    (managed / "marchepied.json").write_bytes(managed_policy)
    for directory in (place.etc, managed):
        directory.chmod(0o755)
    (managed / "marchepied.json").chmod(0o644)


def clear_locks(place: Place) -> None:
    """Removes the lock of a browser that died, so that the next one takes its profile.

    The visitor's user owns everything there: no link is followed, nothing but three names is removed.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    home = os.open(place.home, flags)
    try:
        try:
            profile = os.open(PROFILE.name, flags, dir_fd=home)
        except OSError:
            return
        try:
            for name in _LOCKS:
                try:
                    os.unlink(name, dir_fd=profile)
                except OSError:
                    continue
        finally:
            os.close(profile)
    finally:
        os.close(home)


def argv(place: Place, options: Options = _DEFAULT) -> list[str]:
    """The whole command, to be started as root. Pure."""
    return Sandbox(
        program=(options.program, *_flags(options), options.address),
        user=place.uid,
        binds=_binds(place),
        environment=tuple(_environment(options).items()),
        network=True,
        devices=_GPU if options.gpu else (),
        directory=str(HOME),
    ).argv()


def _binds(place: Place) -> tuple[Bind, ...]:
    made = ("passwd", "group", "hosts", "machine-id")
    return (
        Bind(place.shm, "/dev/shm", writable=True),  # noqa: S108 - inside the sandbox
        Bind(place.tmp, "/tmp", writable=True),  # noqa: S108 - inside the sandbox
        *etc_binds(_SHARED_ETC),
        *(Bind(place.etc / name, f"/etc/{name}") for name in made),
        Bind(place.etc / "managed", "/etc/chromium/policies/managed"),
        Bind(place.home, str(HOME), writable=True),
        Bind(place.documents, str(DOCUMENTS), writable=True),
        Bind(place.runtime, str(RUNTIME), writable=True),
        Bind(place.x11, "/tmp/.X11-unix"),  # noqa: S108 - inside the sandbox
        Bind(place.xauthority, str(_AUTHORITY)),
        Bind(errors.DIRECTORY, str(_GUIDE)),
    )


def _environment(options: Options) -> dict[str, str]:
    nowhere = "unix:path=/run/visitor/bus"
    return {
        "HOME": str(HOME),
        "USER": "visitor",
        "PATH": "/usr/bin",
        "DISPLAY": f":{DISPLAY}",
        "XAUTHORITY": str(_AUTHORITY),
        "XDG_RUNTIME_DIR": str(RUNTIME),
        "LANG": "C.UTF-8",
        "LANGUAGE": options.language,
        "DBUS_SESSION_BUS_ADDRESS": nowhere,
        "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/run/no-system-bus",
        "NO_AT_BRIDGE": "1",
        "GSETTINGS_BACKEND": "memory",
        "GTK_USE_PORTAL": "0",
    }


def _flags(options: Options) -> list[str]:
    flags = [
        "--remote-debugging-pipe",
        "--kiosk",
        f"--user-data-dir={PROFILE}",
        f"--lang={options.language}",
        f"--load-extension={_GUIDE}",
        *_PLAIN_FLAGS,
        f"--disable-features={','.join(_FEATURES_OFF)}",
    ]
    return flags if options.gpu else [*flags, "--disable-gpu"]


_PLAIN_FLAGS = (
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-breakpad",
    "--disable-crash-reporter",
    "--disable-pings",
    "--disable-session-crashed-bubble",
    "--hide-crash-restore-bubble",
    "--noerrdialogs",
    "--disable-pinch",
    "--disable-dev-tools",
    "--no-pings",
    "--disable-search-engine-choice-screen",
    "--ozone-platform=x11",
)

_FEATURES_OFF = (
    "MediaRouter",
    "Translate",
    "OptimizationHints",
    "OptimizationGuideModelDownloading",
    "DialMediaRouteProvider",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
    "PdfSaveToDrive",
)
