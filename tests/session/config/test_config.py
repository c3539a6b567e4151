"""What is said of a station.toml, word for word where a person has to act on it."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from session import config, pages
from session.config import ConfigError, Station, checks, toml_check
from tests.session.config.text import DEMONSTRATION, SITE, mistakes, parse


def test_an_empty_file_is_the_defaults() -> None:
    assert parse("") == Station()


def test_the_default_file_is_the_defaults() -> None:
    assert parse(config.default_toml()) == Station()


def test_the_default_file_has_every_key_and_its_example_site_is_a_right_one() -> None:
    text = config.default_toml()
    for section in toml_check.keys(Station):
        assert section.section is not None
        for key in toml_check.keys(section.section):
            assert f"\n{key.name} = " in text or f"\n#{key.name} = " in text
    uncommented = text.replace("\n#[[sites]]", "\n[[sites]]")
    for name in ("id", "title", "url", "hosts"):
        uncommented = uncommented.replace(f"\n#{name} = ", f"\n{name} = ")
    assert [site.id for site in parse(uncommented).sites] == ["impots"]


def test_the_reference_page_is_the_one_in_docs() -> None:
    page = Path(__file__).parents[3] / "docs" / "configuration.md"
    assert page.read_text("utf-8") == config.reference()


def test_every_key_has_a_meaning_and_an_example_that_is_accepted() -> None:
    for section in toml_check.keys(Station):
        assert section.section is not None
        assert section.section.__doc__
        for key in toml_check.keys(section.section):
            assert key.description, key.name
            if key.example is not msgspec.NODEFAULT:
                msgspec.convert(key.example, key.type)


def test_default_settings_are_those_of_the_screen() -> None:
    assert config.settings(Station()) == pages.Settings()


def test_settings_have_what_the_screen_needs() -> None:
    station = parse(
        '[station]\nname = "Bus 1"\nlanguage = "nl"\n'
        "[session]\nminutes = 0.5\nidle_minutes = 0.2\nwarning_seconds = 2\n"
        "[display]\nwidth = 1920\nheight = 1080\nbar_height = 120\n"
        + DEMONSTRATION
        + '[[sites]]\nid = "p"\ntitle = "P"\nurl = "http://p.localhost:8001/"\nhosts = ["*.q.fr"]\n'
    )
    assert config.settings(station) == pages.Settings(
        station="Bus 1",
        language="nl",
        sites=(pages.Site("p", "P", "http://p.localhost:8001/", ("*.q.fr",)),),
        session_minutes=1,
        idle_minutes=1,
        bar_height=120,
        width=1920,
        height=1080,
        demonstration=True,
    )


def test_a_byte_order_mark_and_windows_line_ends_are_accepted() -> None:
    assert parse("\ufeff[session]\r\nminutes = 30\r\n").session.minutes == 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[session]\nminutes = \n", "line 2: is not TOML: Invalid value, at column 11"),
        ("\n[session\n", "line 2: is not TOML: Expected ']' at the end of a table declaration, at column 9"),
        (
            "a = 1\nb",
            "line 2: is not TOML: Expected '=' after a key in a key/value pair, at the end of the file",
        ),
        (b"# bon\n\nx = '\xe9'\n", "line 3: is not UTF-8 text: save the file as UTF-8 and try again"),
        ("a = " + "[" * 5000, "has brackets nested too deep"),
    ],
)
def test_what_is_not_toml(text: str | bytes, said: str) -> None:
    assert mistakes(text) == [said]


def test_a_demonstration_may_use_this_machine() -> None:
    site = SITE.replace("https://a.example.fr", "http://portal.localhost:8001") + "hosts = ['localhost:8001']"
    assert parse(DEMONSTRATION + "[wipe]\nrequire = []\n" + site).wipe.require == ()
    assert mistakes(DEMONSTRATION + site.replace("8001/", "8002/")) == [
        "line 7: sites[1].url is on port 8002 of this machine, which demonstration.ports does not allow. "
        "Example: ports = [8002]"
    ]


def test_every_mistake_is_told_at_once_in_the_order_of_the_file() -> None:
    found = mistakes(
        "[session]\nminutes = 0\nfoo = 1\n[display]\ndepth = 8\n" + SITE.replace("https", "http")
    )
    assert [line.split(" ")[1] for line in found] == ["2:", "3:", "5:", "9:"]


def test_a_key_that_is_wrong_already_is_not_compared_with_others() -> None:
    assert len(mistakes("[session]\nminutes = 'x'\nwarning_seconds = 599\nidle_minutes = 50")) == 1


class Secretive(msgspec.Struct, forbid_unknown_fields=True):
    pin: Annotated[str, msgspec.Meta(max_length=4, extra={"secret": True})] = "0000"


def test_a_secret_is_never_repeated() -> None:
    _, problems = toml_check.convert({"pin": "12345678"}, Secretive)
    assert [problem.text for problem in problems] == [
        'must be a text of at most 4 characters. Example: pin = "0000"'
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "my station.toml"
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert str(caught.value) == (
        f"{path}: there is no such file. Make one: marchepied config default | sudo tee '{path}'"
    )


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path)
    assert str(caught.value) == f"{tmp_path}: cannot be read: Is a directory"

    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigError) as caught:
        config.load(tmp_path)
    assert str(caught.value) == f"{tmp_path}: may not be read by this user. Try again as root (sudo)"


ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just(datetime.date(2026, 1, 1))
    | st.sampled_from(["https://a.example.fr/", "*.a.fr", "10.0.0.0/8", "::1", "no_swap", "xvfb", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SECTIONS = [section for section in toml_check.keys(Station) if section.section]


@st.composite
def tables(draw: st.DrawFn) -> dict[str, object]:
    """Sections with known and unknown keys, each with whatever."""
    table: dict[str, object] = {}
    for section in draw(st.lists(st.sampled_from(SECTIONS), max_size=4)):
        assert section.section is not None
        names = st.sampled_from([key.name for key in toml_check.keys(section.section)]) | st.text(max_size=8)
        body = st.dictionaries(names, ODD, max_size=4)
        table[section.name] = draw((st.lists(body, max_size=3) if section.repeated else body) | ODD)
    return table


@settings(max_examples=150, deadline=None, database=None)
@given(tables())
def test_whatever_is_in_the_file_there_is_a_station_or_a_mistake(table: dict[str, object]) -> None:
    station, problems = toml_check.convert(table, Station)
    list(checks.mistakes(station))
    if not problems:
        assert msgspec.convert(msgspec.to_builtins(station), Station) == station
    for problem in problems:
        assert problem.path
        assert "\n" not in problem.text + toml_check.dotted(problem.path)
