"""What a text of a configuration comes to."""

from __future__ import annotations

from pathlib import Path

import pytest

from session import config
from session.config import ConfigError, Station

FILE = Path("/etc/marchepied/station.toml")
SITE = '[[sites]]\nid = "a"\ntitle = "A"\nurl = "https://a.example.fr/"\n'
DEMONSTRATION = "[demonstration]\nenabled = true\nports = [8001]\n"


def mistakes(text: str | bytes) -> list[str]:
    """The lines of the error, without the name of the file."""
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(ConfigError) as caught:
        config.parse(content, FILE)
    lines = str(caught.value).split("\n")
    assert all(line.startswith(str(FILE)) for line in lines)
    assert len(lines) == len(caught.value.problems)
    return [line.removeprefix(str(FILE)).removeprefix(", ").removeprefix(": ") for line in lines]


def parse(text: str) -> Station:
    return config.parse(text.encode(), FILE)
