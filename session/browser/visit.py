"""The policy of one visit: what an agent allowed beyond the station's own, in a second file of managed policy.

The daemon does not learn what is allowed, so the desk writes this file: it is the one file of the browser's policy
that the desk can write, and dies with the environment. Chromium takes whole policies from the last file (by name)
that has them, so each is written whole. It looks at a changed file 5 to 8 seconds after its last change, and in the
first seconds of its life often not at all (measured): so the desk writes it again, a few times.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from session.browser import policy

IN_FORCE_SECONDS = 9.0


class _Written(msgspec.Struct, frozen=True):
    allowed: tuple[str, ...] | None = msgspec.field(name="URLAllowlist", default=None)
    cameras: tuple[str, ...] | None = msgspec.field(name="VideoCaptureAllowedUrls", default=None)


class VisitPolicy:
    """`path` is the file; `hosts` and `cameras` (origins) are the station's own. A new desk finds what was allowed."""

    def __init__(self, path: Path, hosts: Iterable[str], cameras: Iterable[str]) -> None:
        self._path = path
        self._base = policy.allow_list(hosts)
        self._entries: tuple[str, ...] = ()
        self.cameras = tuple(cameras)
        """Origins that may use camera and microphone now."""
        try:
            written = msgspec.json.decode(path.read_bytes(), type=_Written)
        except (OSError, msgspec.DecodeError):
            return
        self._entries = tuple(entry for entry in written.allowed or () if entry not in self._base)
        if written.cameras is not None:
            self.cameras = written.cameras

    def allows(self, host: str) -> bool:
        """Whether pages of this host may be shown."""
        return set(policy.allow_entries(host)) <= {*self._base, *self._entries}

    def allow(self, host: str) -> None:
        """Raises policy.BadHost, OSError."""
        entries = policy.allow_entries(host)
        self._entries = (*self._entries, *(entry for entry in entries if entry not in self._entries))
        self._write()

    def set_cameras(self, origins: Iterable[str]) -> None:
        """Raises OSError."""
        self.cameras = tuple(dict.fromkeys(origins))
        self._write()

    def insist(self) -> None:
        """Writes the same once more. Raises OSError."""
        self._write()

    def _write(self) -> None:
        # In place: the file itself is what the sandbox has. Half of it is ignored, and the whole is looked at later.
        cameras = list(self.cameras)
        self._path.write_bytes(
            msgspec.json.encode(
                {
                    "URLAllowlist": [*self._base, *self._entries],
                    "VideoCaptureAllowedUrls": cameras,
                    "AudioCaptureAllowedUrls": cameras,
                }
            )
        )
