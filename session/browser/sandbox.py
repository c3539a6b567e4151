"""The visitor's browser in its sandbox: the command line, and the files that must be there first.

The tree of the environment (`session.environment.tree`) has its directories and the display's cookie. What else must
have been done, as root:

- once for each environment `prepare(tree, ...)`; before each start `clear_locks(tree)`
- start `argv(...)` as real root, with umask `UMASK`, an empty environment, /dev/null as standard streams (Chromium
  writes addresses to stderr), and the browser's ends of two pipes as descriptors 3 (commands to it) and 4 (answers
  from it); nothing else open
- the process tree is bwrap -> bwrap (pid 1 of its namespace) -> dbus-run-session -> dbus-daemon and chromium. To end
  it, kill the cgroup or the inner pid 1: when the outer bwrap has ended after that, nothing of it is left. After a kill
  of the outer one alone the rest ends a moment later, and a browser that is started in that moment hangs on the profile
  (measured)
- egress is the business of nftables, by uid: the network namespace is the machine's

/etc/resolv.conf is bound as a file: one that is replaced later (DHCP) is not seen before the next environment. A
station therefore has a local resolver whose resolv.conf never changes.

Tried and left: `FullscreenAllowed=false` brings the toolbar back in `--kiosk`; `--disable-crashpad-for-testing` makes
the network service crash for good (Chromium 156).
"""

from __future__ import annotations

import contextlib
import grp
import os
import secrets
from pathlib import Path

import msgspec

from session.browser import errors, policy
from session.environment import bus
from session.environment.sandbox import Bind, Sandbox, etc_binds
from session.environment.tree import DISPLAY, Tree
from session.environment.users import Users

UMASK = 0o007
"""Downloads become 0660, so that the desk, in the group of the documents directory, reads and deletes them."""

HOME = Path("/home/visitor")
PROFILE = HOME / "profile"
DOCUMENTS = HOME / "documents"
GIVEN = Path("/run/given")
"""What sites were given of the visitor's documents."""
RUNTIME = Path("/run/visitor")
CHROMIUM = "/usr/lib/chromium/chromium"

_GUIDE = Path("/run/guide")
_AUTHORITY = Path("/run/display/authority")
_SHARED_ETC = ("fonts", "ssl", "ca-certificates", "resolv.conf", "nsswitch.conf", "localtime", "gtk-3.0")
_GPU = ("/dev/dri", "/sys/dev/char", "/sys/devices/pci0000:00")
_LOCKS = ("SingletonLock", "SingletonSocket", "SingletonCookie")


class Options(msgspec.Struct, frozen=True):
    """What differs between stations."""

    program: str = CHROMIUM
    language: str = "fr"
    gpu: bool = False
    """Whether the machine has a GPU to use; needs /dev/dri nodes that the visitor's uid may open."""
    address: str = policy.PROBE_URL
    """The first page. The desk keeps this one as its own: it shows that the policy is in force."""
    interview: bool = False
    """Whether camera, microphone and loudspeaker are there for the browser at all."""
    extra_hosts: tuple[str, ...] = ()
    """More lines of /etc/hosts."""


_DEFAULT = Options()


def prepare(tree: Tree, users: Users, managed_policy: bytes, options: Options = _DEFAULT) -> None:
    """Writes the files of /etc that are made for the browser. Root only; blocking, a few milliseconds.

    `managed_policy` is what `policy.encode` gives. Raises OSError.
    """
    user = users.visitor
    managed = tree.managed
    managed.mkdir(mode=0o755, parents=True, exist_ok=True)
    hosts = ("127.0.0.1 localhost", "::1 localhost", *options.extra_hosts)
    texts = {
        tree.etc / "passwd": f"visitor:x:{user}:{user}::{HOME}:/usr/sbin/nologin\n"
        # dbus-daemon lets in only whom it finds here.
        f"screen:x:{users.screen}:{user}::/nonexistent:/usr/sbin/nologin\n",
        tree.etc / "group": f"visitor:x:{user}:\n",
        tree.etc / "hosts": "\n".join(hosts) + "\n",
        tree.etc / "machine-id": secrets.token_hex(16) + "\n",
    }
    for path, text in texts.items():
        path.write_text(text, encoding="ascii")
        path.chmod(0o644)
    (managed / "marchepied.json").write_bytes(managed_policy)
    for directory in (tree.etc, managed):
        directory.chmod(0o755)
    (managed / "marchepied.json").chmod(0o644)


def clear_locks(tree: Tree) -> None:
    """Removes the lock of a browser that died, so that the next one takes its profile.

    The visitor's user owns everything there: no link is followed, nothing but three names is removed.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    home = os.open(tree.browser / "home", flags)
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


def argv(tree: Tree, user: int, options: Options = _DEFAULT) -> list[str]:
    """The whole command, to be started as root. Pure."""
    return Sandbox(
        program=bus.wrap((options.program, *_flags(options), options.address)),
        user=user,
        binds=_binds(tree),
        environment=tuple(_environment(options).items()),
        network=True,
        devices=(*(_GPU if options.gpu else ()), *(_capture_devices() if options.interview else ())),
        groups=_capture_groups() if options.interview else (),
        directory=str(HOME),
    ).argv()


def _capture_devices() -> tuple[str, ...]:
    """Cameras that are plugged in now, and the sound cards."""
    cameras = sorted(str(path) for path in Path("/dev").glob("video[0-9]*"))
    return (*cameras, *(("/sys/class/video4linux", "/sys/devices") if cameras else ()), "/dev/snd")


def _capture_groups() -> tuple[int, ...]:
    """To which Debian gives these devices."""
    found = []
    for name in ("video", "audio"):
        with contextlib.suppress(KeyError):
            found.append(grp.getgrnam(name).gr_gid)
    return tuple(found)


def _binds(tree: Tree) -> tuple[Bind, ...]:
    made = ("passwd", "group", "hosts", "machine-id")
    return (
        Bind(tree.browser / "shm", "/dev/shm", writable=True),  # noqa: S108 - inside the sandbox
        Bind(tree.browser / "tmp", "/tmp", writable=True),  # noqa: S108 - inside the sandbox
        *etc_binds(_SHARED_ETC),
        *(Bind(tree.etc / name, f"/etc/{name}") for name in made),
        Bind(tree.managed, "/etc/chromium/policies/managed"),
        Bind(tree.browser / "home", str(HOME), writable=True),
        Bind(tree.documents, str(DOCUMENTS), writable=True),
        Bind(tree.given, str(GIVEN)),
        Bind(tree.browser / "run", str(RUNTIME), writable=True),
        Bind(tree.bus, str(bus.DIRECTORY), writable=True),
        Bind(tree.bus_config, str(bus.CONFIG)),
        Bind(tree.bus_services, str(bus.SERVICES)),
        Bind(tree.x11, "/tmp/.X11-unix"),  # noqa: S108 - inside the sandbox
        Bind(tree.visitor_cookie, str(_AUTHORITY)),
        Bind(errors.DIRECTORY, str(_GUIDE)),
    )


def _environment(options: Options) -> dict[str, str]:
    return {
        "HOME": str(HOME),
        "USER": "visitor",
        "PATH": "/usr/bin",
        "DISPLAY": f":{DISPLAY}",
        "XAUTHORITY": str(_AUTHORITY),
        "XDG_RUNTIME_DIR": str(RUNTIME),
        "LANG": "C.UTF-8",
        "LANGUAGE": options.language,
        "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/run/no-system-bus",
        "NO_AT_BRIDGE": "1",
        "GSETTINGS_BACKEND": "memory",
        "GTK_USE_PORTAL": "0",
        "GTK_IM_MODULE": "fcitx",
        # Each key waits for the desk's answer to those before it. Without, the keys for a password, which the desk
        # does not get, overtake those that wait for its answer still (measured).
        "FCITX_ENABLE_SYNC_MODE": "1",
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
