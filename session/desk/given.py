"""What a site is given: copies in a directory of which the browser can read, and no more.

Each handing over has a folder of its own with a name that nobody can guess; the directory itself cannot be listed by
the browser's user. A site sees a file's name only, so that name is made from what the visitor called the document.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from urllib.parse import quote

from session.browser.pages import clean
from session.browser.sandbox import GIVEN

MAX_NAME = 60
"""Characters before the ending."""
_PART = 1 << 20
_UNSAFE = re.compile(r'[/\\<>:"|?*]+')
"""What some system does not take in a name: the site's own may be any."""


class Given:
    """Blocking; `put` takes as long as copying does."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._folders: dict[str, list[Path]] = {}
        """By the page they were given to."""

    def put(self, page: str, files: Sequence[tuple[int, str]]) -> list[str]:
        """Copies what can be read from the descriptors; addresses as the browser has them, in that order.

        `files` are descriptors, and names from `name`. Raises OSError (a full disk), and then nothing is left.
        """
        folder = self._directory / secrets.token_hex(16)
        folder.mkdir(mode=0o755)
        try:
            folder.chmod(0o755)
            names = _apart([name for _, name in files])
            for (descriptor, _), name in zip(files, names, strict=True):
                _copy(descriptor, folder / name)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._folders.setdefault(page, []).append(folder)
        return [address(GIVEN / folder.name / name) for name in names]

    def keep_for(self, pages: Collection[str]) -> None:
        """Takes away what was given to other pages: those are gone."""
        for page in self._folders.keys() - set(pages):
            for folder in self._folders.pop(page):
                shutil.rmtree(folder, ignore_errors=True)

    def clear(self) -> None:
        """Takes away everything, what an earlier desk gave too: the browser is gone."""
        self._folders.clear()
        with contextlib.suppress(OSError):
            for folder in list(self._directory.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)


def address(path: Path) -> str:
    """Of a file in the browser's sandbox."""
    return f"file://{quote(str(path))}"


def name(untrusted_text: str, ending: str) -> str:
    """A name for a file: `untrusted_text` without what no name should have, and the ending (without its dot)."""
    text = _UNSAFE.sub("-", clean(untrusted_text, 2 * MAX_NAME)).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    text = text.strip(" .")
    stem, dot, last = text.rpartition(".")
    if dot and last.lower() == ending:
        text = stem
    text = text[:MAX_NAME].strip(" .") or "document"
    return f"{text}.{ending}" if ending else text


def free(wanted: str, taken: Collection[str]) -> str:
    """The name, or the first with a number that is not taken."""
    stem, dot, last = wanted.rpartition(".")
    stem, ending = (stem, dot + last) if dot else (wanted, "")
    number, one = 2, wanted
    while one in taken:
        number, one = number + 1, f"{stem} ({number}){ending}"
    return one


def _apart(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for one in names:
        found.append(free(one, found))
    return found


def _copy(descriptor: int, path: Path) -> None:
    """As much as the file has now: one that grows all the time ends too."""
    left = os.fstat(descriptor).st_size
    to = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o444)
    try:
        os.fchmod(to, 0o444)
        while left > 0 and (part := os.read(descriptor, min(_PART, left))):
            left -= len(part)
            while part:
                part = part[os.write(to, part) :]
    finally:
        os.close(to)
