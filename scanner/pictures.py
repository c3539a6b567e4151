"""Pictures for the screens: raw pixels in files that they may read, made once, and gone with what they show."""

from __future__ import annotations

from pathlib import Path

MOST_BYTES = 48 * 1024 * 1024
"""Of all pictures: the oldest go first."""


class Pictures:
    """The files in `directory`, by what they show. Raises OSError."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        for path in directory.iterdir():
            path.unlink(missing_ok=True)  # of an earlier worker: nobody knows their sizes
        self._known: dict[str, tuple[int, int]] = {}

    def path(self, name: str) -> Path:
        return self._directory / name

    def size(self, name: str) -> tuple[int, int] | None:
        """Width and height in pixels; None if there is no such picture."""
        return self._known.get(name)

    def add(self, name: str, width: int, height: int) -> None:
        self._known[name] = (width, height)
        while len(self._known) > 1 and sum(3 * one[0] * one[1] for one in self._known.values()) > MOST_BYTES:
            self._remove(next(iter(self._known)))

    def forget(self, of: str, but: int = 0) -> None:
        """Those of a page, or of a document; of one version not."""
        for name in [name for name in self._known if name.startswith(f"{of}-") and f"-{but}-" not in name]:
            self._remove(name)

    def _remove(self, name: str) -> None:
        del self._known[name]
        self.path(name).unlink(missing_ok=True)
