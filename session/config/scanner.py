"""The keys of the scanner."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

_LINE = r"^[^\x00-\x1f\x7f]+$"


class Scanner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The scanner. Without one, nothing is offered of it.

    Scanners are found anew on every use, by SANE: on USB, and where `network` names them on the network. What
    `scanimage -L` and `scanimage -A` show are the names and options meant here.
    """

    kind: Annotated[
        Literal["none", "sane"],
        Meta(description="`sane` for any scanner that SANE has a driver for.", examples=["sane"]),
    ] = "none"
    devices: Annotated[
        tuple[Annotated[str, Meta(pattern=_LINE, max_length=200)], ...],
        Meta(
            max_length=16,
            description="Which scanners may be used, by SANE's names; `*` stands for anything, and the first that is "
            "there is taken. None named means any.",
            examples=[["airscan:*", "fujitsu:*"]],
            extra={"words": "a list of SANE's names of devices"},
        ),
    ] = ()
    options: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]*=[^\x00-\x1f\x7f]*$", max_length=300)], ...],
        Meta(
            max_length=32,
            description="Options of the scanner's driver that are to have another value than Marchepied gives them.",
            examples=[["brightness=10"]],
            extra={"words": "a list of `name=value`"},
        ),
    ] = ()
    resolution: Annotated[
        int, Meta(ge=75, le=600, description="Dots per inch, or the next that the scanner has.", examples=[300])
    ] = 300
    two_sides: Annotated[
        bool, Meta(description="Scan both sides of each sheet where the feeder can. Empty sides are shown as such.")
    ] = True
    network: Annotated[
        tuple[str, ...],
        Meta(
            max_length=8,
            description="Addresses of scanners on the network, or 127.0.0.1/32 for those of ipp-usb. Only these are "
            "reached; name them in airscan.conf too, for discovery is not let through.",
            examples=[["192.168.10.7/32"]],
            extra={"words": "a list of private networks in CIDR notation"},
        ),
    ] = ()
    sane: Annotated[
        str,
        Meta(
            pattern=r"^/[^\x00-\x1f\x7f]+$",
            max_length=255,
            description="The directory of SANE's own configuration.",
            extra={"words": "an absolute path"},
        ),
    ] = "/etc/sane.d"
