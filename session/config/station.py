"""The keys of the station's configuration: types, ranges, defaults, meanings. `session.config` reads it.

docs/configuration.md and `marchepied config default` are made from these Structs; a test keeps them equal.
"""

from __future__ import annotations

import enum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from session.config.scanner import Scanner as Scanner

_ABSOLUTE = {"words": "an absolute path"}


class Requirement(enum.StrEnum):
    """What a wipe can only hold if the machine is set up for it."""

    INIT_ON_FREE = "init_on_free"
    TMPFS_NOSWAP = "tmpfs_noswap"
    NO_SWAP = "no_swap"
    NO_CORE_PIPE = "no_core_pipe"


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this station is."""

    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=60,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="The name on the welcome screen.",
            examples=["Bus numérique de la Meuse"],
        ),
    ] = "Marchepied"
    kind: Annotated[
        Literal["open", "confidential"],
        Meta(
            description="A station in the open, or one behind a door. Nothing depends on it yet.",
            examples=["confidential"],
        ),
    ] = "open"
    language: Annotated[
        Literal["fr", "en", "nl", "ar"],
        Meta(description="The language of the welcome screen; a visitor can choose another."),
    ] = "fr"


class Session(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a visit lasts."""

    minutes: Annotated[
        float, Meta(ge=0.05, le=480, description="Length of a session, without extensions.", examples=[45])
    ] = 45.0
    idle_minutes: Annotated[
        float,
        Meta(
            ge=0.05,
            le=120,
            description="A session that nobody touches for so long is ended and erased. "
            "Not more than `minutes`.",
            examples=[5],
        ),
    ] = 5.0
    warning_seconds: Annotated[
        float,
        Meta(
            ge=0.5,
            le=600,
            description="How long before the end, for either reason, the warning comes. "
            "Shorter than `idle_minutes` and, where extensions are allowed, than `extension_minutes`.",
            examples=[60],
        ),
    ] = 60.0
    extension_minutes: Annotated[
        float, Meta(ge=0.05, le=120, description="What one extension adds.", examples=[15])
    ] = 15.0
    extensions: Annotated[
        int, Meta(ge=0, le=20, description="How often a visitor may extend a session; 0 for never.")
    ] = 10


class Environment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The place where a session lives, made anew for each and destroyed whole."""

    memory_mib: Annotated[
        int,
        Meta(
            ge=64,
            le=65_536,
            description="Size in MiB of the session's memory disk: browser profile, downloads, scans, spool.",
            examples=[2048],
        ),
    ] = 1024
    inodes: Annotated[
        int, Meta(ge=1_000, le=10_000_000, description="How many files and directories that disk may hold.")
    ] = 200_000
    first_uid: Annotated[
        int,
        Meta(
            ge=1_000,
            le=2_147_483_000,
            description="First of the five user numbers of an environment: screen, visitor, print, scan, keys. "
            "They must belong to nobody else on this machine.",
        ),
    ] = 60_900
    restarts: Annotated[
        int,
        Meta(
            ge=0,
            le=100,
            description="How often a component may be restarted within `restart_window_seconds` "
            "before the session is ended.",
        ),
    ] = 5
    restart_window_seconds: Annotated[
        float, Meta(ge=1, le=3_600, description="The time in which restarts are counted.", examples=[60])
    ] = 60.0


class Display(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The screen."""

    server: Annotated[
        Literal["xvfb", "xephyr"],
        Meta(description="`xephyr` in a window of your own desktop, `xvfb` on a screen in memory."),
    ] = "xvfb"
    width: Annotated[int, Meta(ge=640, le=7_680, description="Pixels.", examples=[1920])] = 1280
    height: Annotated[int, Meta(ge=480, le=4_320, description="Pixels.", examples=[1080])] = 800
    bar_height: Annotated[
        int,
        Meta(
            ge=48,
            le=400,
            description="Pixels of the bar that never leaves the screen; at most a third of `height`.",
        ),
    ] = 96
    dpi: Annotated[
        float,
        Meta(
            ge=0,
            le=600,
            description="Pixels of an inch of the glass (pixels across, divided by the width of the picture in "
            "inches): buttons are never smaller than a finger. 0 for what the panel says itself, "
            "which the log tells.",
            examples=[149],
        ),
    ] = 0.0
    depth: Annotated[
        Literal[16, 24, 30],
        Meta(description="Bits of colour of a pixel; a window (`xephyr`) has those of its desktop."),
    ] = 24


class Voice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The voice that reads the screens aloud: speech-dispatcher. Without it, or without sound, none is offered."""

    enabled: Annotated[bool, Meta(description='Offer "Écouter" where there is a voice.')] = True
    sounds: Annotated[
        bool,
        Meta(
            description="A short sound when the agent is called and when a visit is about to end, with or without a "
            "voice."
        ),
    ] = True
    module: Annotated[
        str,
        Meta(
            pattern="^[a-z0-9][a-z0-9-]*$",
            max_length=32,
            description="The module of speech-dispatcher that speaks, by its program's name after `sd_` "
            "(`espeak-ng`, `pico`); its own settings are those of /etc/speech-dispatcher/modules.",
            examples=["pico"],
            extra={"words": "up to 32 small letters, digits and dashes"},
        ),
    ] = "espeak-ng"
    device: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_:,.='/+-]+$",
            max_length=200,
            description="Where the sound goes, by ALSA's name. Sound cards with a jack switch to the headphones "
            "by themselves.",
            examples=["plughw:1"],
            extra={"words": "ALSA's name of a device"},
        ),
    ] = "default"
    rate: Annotated[int, Meta(ge=-100, le=100, description="How fast: -100 slow, 100 fast.")] = 0


class Browser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The browser in which sites are shown."""

    program: Annotated[
        str,
        Meta(
            pattern=r"^/[^\x00-\x1f\x7f]+$",
            max_length=255,
            description="Chromium itself, not the shell script in /usr/bin that starts it.",
            extra=_ABSOLUTE,
        ),
    ] = "/usr/lib/chromium/chromium"
    gpu: Annotated[
        bool,
        Meta(description="Draw with the graphics chip: faster, but what its memory keeps cannot be erased."),
    ] = False


class Network(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a visitor's browser may reach: the Internet, nothing of this machine or of the local network."""

    resolvers: Annotated[
        tuple[str, ...],
        Meta(
            max_length=8,
            description="Addresses of the name servers; none means those of /etc/resolv.conf.",
            examples=[["9.9.9.9", "2620:fe::fe"]],
            extra={"words": "a list of IP addresses"},
        ),
    ] = ()
    allow_private: Annotated[
        tuple[str, ...],
        Meta(
            max_length=32,
            description="Parts of the local network that the browser may reach all the same. Normally none.",
            examples=[["192.168.10.5/32"]],
            extra={"words": "a list of private networks in CIDR notation"},
        ),
    ] = ()


class Interview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Appointments by video: camera and microphone, for the sites that are named, or for one visit by an agent."""

    enabled: Annotated[
        bool,
        Meta(
            description="Gives the browser the cameras and sound cards of this machine. Without it there are none for "
            "it, and nobody can allow them."
        ),
    ] = False


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The agent who helps at several stations. Who is one is said with `marchepied agents`, never here."""

    hook: Annotated[
        str,
        Meta(
            pattern=r"^(/[^\x00-\x1f\x7f]+)?$",
            max_length=255,
            description="A program that lights a lamp or sends a message: it is run with one word, `called`, "
            "`cancelled` or `answered`, as nobody, for 10 seconds at most. Empty for none.",
            examples=["/usr/local/bin/agent-lamp"],
            extra={"words": "an absolute path, or nothing"},
        ),
    ] = ""


class Demonstration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For trying Marchepied out with a site on the same machine. Never on a station that the public uses."""

    enabled: Annotated[
        bool,
        Meta(
            description="Allows `http://` sites on `localhost` and its sub-domains, and an empty "
            "`wipe.require`; the screen says that this is a demonstration."
        ),
    ] = False
    ports: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=65_535)], ...],
        Meta(
            max_length=16,
            description="TCP ports of this machine (loopback) that the browser may reach.",
            examples=[[8001]],
        ),
    ] = ()
    keys: Annotated[
        str,
        Meta(
            pattern=r"^(/[^\x00-\x1f\x7f]+)?$",
            max_length=255,
            description="Loop devices of files below this directory are visitors' USB keys too. Empty for none.",
            examples=["/srv/keys"],
            extra={"words": "an absolute path, or nothing"},
        ),
    ] = ""


class Wipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must hold besides, for a wipe to count as verified.

    The wipe itself is always checked; these are properties of the machine: `init_on_free` (the kernel
    zeroes memory as it is freed), `tmpfs_noswap` (the memory disk is kept out of swap; Linux 6.4 or later),
    `no_swap` (no swap is in use at all), `no_core_pipe` (a crash leaves no memory image anywhere).
    """

    require: Annotated[
        tuple[Requirement, ...],
        Meta(
            description="The station goes out of service when one of these does not hold. "
            "An empty list is for demonstrations only.",
            examples=[["init_on_free", "no_swap", "no_core_pipe"]],
        ),
    ] = tuple(Requirement)


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A site that a visitor may open. Repeat the section for each.

    The host of `url` may be shown as a page, and so may those of `hosts`. A name (`www.impots.gouv.fr`)
    stands for exactly that host, `*.impots.gouv.fr` for `impots.gouv.fr` and everything below it; a port may
    follow (`www.example.fr:8443`). What pages load from elsewhere (pictures, scripts, captchas) is not
    limited. Names with accents are written in their ASCII form (`xn--...`).
    """

    id: Annotated[
        str,
        Meta(
            pattern="^[a-z0-9][a-z0-9-]*$",
            max_length=32,
            description="Its name inside Marchepied; no two sites have the same.",
            examples=["impots"],
            extra={"words": "up to 32 small letters, digits and dashes"},
        ),
    ]
    title: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=80,
            pattern=r"^[^\x00-\x1f\x7f]*$",
            description="What the visitor reads.",
            examples=["Impôts"],
        ),
    ]
    url: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=2_000,
            description="The page that is opened first.",
            examples=["https://www.impots.gouv.fr/accueil"],
            extra={"words": "an https:// address"},
        ),
    ]
    hosts: Annotated[
        tuple[str, ...],
        Meta(
            max_length=200,
            description="Other hosts whose pages may be shown, for logging in say.",
            examples=[["cfspart.impots.gouv.fr", "*.franceconnect.gouv.fr"]],
            extra={"words": "a list of host names"},
        ),
    ] = ()
    camera: Annotated[
        bool,
        Meta(
            description="For appointments by video: pages of the host of `url` may use camera and microphone. "
            "The visitor is told before. Needs `interview.enabled`."
        ),
    ] = False
    upload_limit: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000_000_000,
            description="Bytes: the largest file that pages of the host of `url` take: larger documents are made to "
            "fit first. 0 where it is not known.",
            examples=[2_000_000],
        ),
    ] = 0


class Station(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    station: Identity = Identity()
    session: Session = Session()
    environment: Environment = Environment()
    display: Display = Display()
    voice: Voice = Voice()
    browser: Browser = Browser()
    network: Network = Network()
    interview: Interview = Interview()
    scanner: Scanner = Scanner()
    agent: Agent = Agent()
    demonstration: Demonstration = Demonstration()
    wipe: Wipe = Wipe()
    sites: Annotated[tuple[Site, ...], Meta(max_length=500)] = ()
