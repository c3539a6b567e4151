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
from session.browser import policy
from session.config import ConfigError, Station, checks, toml_check

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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "\n[session]\n\nminutes = 'long'\n",
            'line 4: session.minutes must be a number from 0.05 to 480, not "long". Example: minutes = 45',
        ),
        (
            "session.minutes = nan",
            "line 1: session.minutes must be a number from 0.05 to 480, not nan. Example: minutes = 45",
        ),
        (
            "[session]\nextensions = 2.5",
            "line 2: session.extensions must be a whole number from 0 to 20, not 2.5. Example: extensions "
            "= 3",
        ),
        (
            "[session]\nextensions = true",
            "line 2: session.extensions must be a whole number from 0 to 20, not true. Example: "
            "extensions = 3",
        ),
        (
            "[display]\nserver = 'wayland'",
            'line 2: display.server must be one of "xvfb", "xephyr", not "wayland". '
            'Example: server = "xvfb"',
        ),
        ("[browser]\ngpu = 1", "line 2: browser.gpu must be true or false, not 1. Example: gpu = false"),
        (
            "[browser]\nprogram = 'chromium'",
            'line 2: browser.program must be an absolute path, not "chromium". '
            'Example: program = "/usr/lib/chromium/chromium"',
        ),
        (
            "[browser]\nprogram = 2024-01-01",
            "line 2: browser.program must be an absolute path, not a date or a time. "
            'Example: program = "/usr/lib/chromium/chromium"',
        ),
        (
            "[station]\nname = 'a\\nb'\nkind = [1]\nlanguage = {a = 1}",
            'line 3: station.kind must be one of "open", "confidential", not a list. Example: kind = '
            '"confidential"',
        ),
        (
            "[demonstration]\nenabled = true\nports = [\n  8001,\n  0,\n]",
            "line 3: demonstration.ports[2] must be a whole number from 1 to 65535, not 0. Example: ports "
            "= [8001]",
        ),
        (
            "[wipe]\nrequire = ['no_swop']",
            'line 2: wipe.require[1] must be one of "init_on_free", "tmpfs_noswap", "no_swap", '
            '"no_core_pipe", '
            'not "no_swop". Example: require = ["init_on_free", "no_swap", "no_core_pipe"]',
        ),
        (
            "[session]\nidle_minuts = 3",
            "line 2: session.idle_minuts is not a key that Marchepied knows. Did you mean idle_minutes?",
        ),
        (
            "[browser]\npassword = 'hunter2'",
            "line 2: browser.password is not a key that Marchepied knows. "
            "The keys of [browser] are: program, gpu.",
        ),
        ("[sesion]\nminutes = 3", "line 1: sesion is not a key that Marchepied knows. Did you mean session?"),
        (
            "session = 3",
            "line 1: session is a section: write [session] on a line of its own, then its keys below it.",
        ),
        (
            "[sites]\nid = 'a'",
            "line 1: sites is a section: write [[sites]] on a line of its own, then its keys below it.",
        ),
        (
            SITE + '\n[[sites]]\nid = "b"\nurl = "https://b.example.fr/"\n',
            "line 6: sites[2].title is missing; it must be a text of 1 to 80 characters. "
            'Example: title = "Impôts"',
        ),
        (
            SITE.replace('"a"', '"Impots Gouv"'),
            'line 2: sites[1].id must be up to 32 small letters, digits and dashes, not "Impots Gouv". '
            'Example: id = "impots"',
        ),
        (
            f"[station]\nname = '{'x' * 300}'",
            f'line 2: station.name must be a text of 1 to 60 characters, not "{"x" * 59}…. '
            'Example: name = "Bus numérique de la Meuse"',
        ),
        (
            '"odd \\u001b key" = 1',
            'line 1: "odd \\u001b key" is not a key that Marchepied knows. The keys of the file are: '
            "station, "
            "session, environment, display, browser, network, demonstration, wipe, sites.",
        ),
    ],
)
def test_a_wrong_key(text: str, said: str) -> None:
    assert said in mistakes(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[session]\nminutes = 2\nidle_minutes = 1\nwarning_seconds = 90",
            "line 4: session.warning_seconds must be shorter than session.idle_minutes, which is 60 seconds, "
            "not 90. Example: warning_seconds = 12",
        ),
        (
            "[session]\nminutes = 1",
            "line 1: session.warning_seconds must be shorter than session.minutes, which is 60 seconds, "
            "not 60. "
            "Example: warning_seconds = 12",
        ),
        (
            "[session]\nextension_minutes = 1",
            "line 1: session.warning_seconds must be shorter than session.extension_minutes, which is 60 "
            "seconds, not 60: or else the warning would be back at once. Example: warning_seconds = 12",
        ),
        (
            "[session]\nidle_minutes = 50",
            "line 2: session.idle_minutes must not be more than session.minutes, which is 45, not 50. "
            "Example: idle_minutes = 9",
        ),
        (
            "[display]\nheight = 600\nbar_height = 201",
            "line 3: display.bar_height must be at most a third of display.height, which is 600, not 201. "
            "Example: bar_height = 96",
        ),
        (
            "[environment]\nfirst_uid = 65531",
            "line 2: environment.first_uid must keep clear of 65534 and 65535, which the system uses; it "
            "takes "
            "65531 to 65534. Example: first_uid = 60900",
        ),
        (
            "[network]\nresolvers = ['9.9.9.9', 'dns.example.fr']",
            'line 2: network.resolvers[2] must be the IP address of a name server, not "dns.example.fr". '
            'Example: resolvers = ["9.9.9.9"]',
        ),
        (
            "[network]\nresolvers = ['fe80::1%eth0']",
            'line 2: network.resolvers[1] must be the IP address of a name server, not "fe80::1%eth0". '
            'Example: resolvers = ["9.9.9.9"]',
        ),
        (
            "[network]\nresolvers = ['9.9.9.9', '9.9.9.9']",
            'line 2: network.resolvers[2] is there twice: "9.9.9.9". Remove one',
        ),
        (
            "[network]\nallow_private = ['printer']",
            'line 2: network.allow_private[1] must be a network in CIDR notation, not "printer". '
            'Example: allow_private = ["192.168.10.5/32"]',
        ),
        (
            "[network]\nallow_private = ['10.0.0.1/8']",
            'line 2: network.allow_private[1] must be written as a network: "10.0.0.0/8", not "10.0.0.1/8". '
            'Example: allow_private = ["192.168.10.5/32"]',
        ),
        (
            "[network]\nallow_private = ['10.1.2.3']",
            'line 2: network.allow_private[1] must be written as a network: "10.1.2.3/32", not "10.1.2.3". '
            'Example: allow_private = ["192.168.10.5/32"]',
        ),
        *(
            (
                f"[network]\nallow_private = ['{network}']",
                "line 2: network.allow_private[1] must lie within a private network (10.0.0.0/8, "
                "172.16.0.0/12, "
                "192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16, fc00::/7, fe80::/10), "
                f'not "{network}": the Internet is allowed as it is, this machine never. '
                'Example: allow_private = ["192.168.10.5/32"]',
            )
            for network in ("0.0.0.0/0", "127.0.0.0/8", "::/0", "::1/128", "8.8.8.0/24", "8.0.0.0/6")
        ),
        (
            "[demonstration]\nports = [8001]",
            "line 2: demonstration.ports is for demonstrations only: remove it, or set "
            "demonstration.enabled = true",
        ),
        (
            "[wipe]\nrequire = []",
            "line 2: wipe.require may be empty in a demonstration only: name what this machine must hold. "
            'Example: require = ["init_on_free", "no_swap", "no_core_pipe"]',
        ),
        (
            "[wipe]\nrequire = ['no_swap', 'no_swap']",
            'line 2: wipe.require[2] is there twice: "no_swap". Remove one',
        ),
        (SITE + SITE, 'line 6: sites[2].id must be an id of its own: site 1 has "a" already'),
        (
            SITE.replace('"A"', '"  "'),
            'line 3: sites[1].title must have a letter or a digit at least. Example: title = "Impôts"',
        ),
    ],
)
def test_keys_that_do_not_go_together(text: str, said: str) -> None:
    assert said in mistakes(text)


ADDRESS = 'Example: url = "https://www.impots.gouv.fr/accueil"'
HOSTS = 'Example: "www.impots.gouv.fr", or "*.impots.gouv.fr" for its sub-domains too'


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("impots.gouv.fr", f'must be an https:// address, not "impots.gouv.fr". {ADDRESS}'),
        ("ftp://a.fr/", f'must be an https:// address, not "ftp://a.fr/". {ADDRESS}'),
        ("file:///etc/passwd", f'must be an https:// address, not "file:///etc/passwd". {ADDRESS}'),
        ("javascript:alert(1)", f'must be an https:// address, not "javascript:alert(1)". {ADDRESS}'),
        ("https://a.fr:99999/", f'must be an https:// address, not "https://a.fr:99999/". {ADDRESS}'),
        ("https://a.fr:/", f'must be an https:// address, not "https://a.fr:/". {ADDRESS}'),
        ("https://[::1/", f'must be an https:// address, not "https://[::1/". {ADDRESS}'),
        ("https://a.fr\\\\@b.fr/", f'must be an https:// address, not "https://a.fr\\\\@b.fr/". {ADDRESS}'),
        ("https://a.fr/ b", f'must be an https:// address, not "https://a.fr/ b". {ADDRESS}'),
        ("https://é.fr/", f'must be an https:// address, not "https://\\u00e9.fr/". {ADDRESS}'),
        ("https://me:secret@a.fr/", f"must not have a user name or a password in it. {ADDRESS}"),
        ("http://a.fr/", f"must begin with https://, not with http://. {ADDRESS}"),
        (
            "http://p.localhost/",
            "must begin with https://, not with http:// (http:// is for localhost in a demonstration only). "
            + ADDRESS,
        ),
        ("https://A.fr/", 'has a host that must be in small letters: "a.fr", not "A.fr"'),
        ("https://*.a.fr/", f'has a host that must be one host, not "*.a.fr". {ADDRESS}'),
        (
            "https://fr/",
            f'has a host that must have two parts at least, not "fr": else it would allow far too '
            f"much. {HOSTS}",
        ),
        ("https://10.0.0.1/", f'has a host that must be a name, not an IP address ("10.0.0.1"). {HOSTS}'),
        ("https://[::1]/", f'has a host that must be a host name alone, not "[::1]". {HOSTS}'),
        (
            "https://p.localhost/",
            f'has a host that must not be this machine ("p.localhost"), except in a demonstration. {HOSTS}',
        ),
    ],
)
def test_a_wrong_address(url: str, said: str) -> None:
    assert mistakes(SITE.replace("https://a.example.fr/", url)) == [f"line 4: sites[1].url {said}"]


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("https://a.fr", f'must be a host name alone, not "https://a.fr". {HOSTS}'),
        ("a.fr/x", f'must be a host name alone, not "a.fr/x". {HOSTS}'),
        ("a_b.fr", f'must be a host name alone, not "a_b.fr". {HOSTS}'),
        ("-a.fr", f'must be a host name alone, not "-a.fr". {HOSTS}'),
        ("a..fr", f'must be a host name alone, not "a..fr". {HOSTS}'),
        ("a.fr.", f'must be a host name alone, not "a.fr.". {HOSTS}'),
        ("", f'must be a host name alone, not "". {HOSTS}'),
        ("xn--zzzzzzzzz99.fr", f'must be a host name alone, not "xn--zzzzzzzzz99.fr". {HOSTS}'),
        ("*", f'may have * at the beginning only, before a dot, not "*". {HOSTS}'),
        ("a.*.fr", f'may have * at the beginning only, before a dot, not "a.*.fr". {HOSTS}'),
        ("*.fr", f'must have two parts at least, not "*.fr": else it would allow far too much. {HOSTS}'),
        (".a.fr", f'must not begin with a dot, not ".a.fr": sub-domains are written with *. before. {HOSTS}'),
        ("Impots.gouv.fr", 'must be in small letters: "impots.gouv.fr", not "Impots.gouv.fr"'),
        ("impôts.fr", 'must be written in its ASCII form: "xn--impts-8ta.fr", not "imp\\u00f4ts.fr"'),
        ("ô..fr", f'must be a host name, not "\\u00f4..fr". {HOSTS}'),
        ("1.2.3.4", f'must be a name, not an IP address ("1.2.3.4"). {HOSTS}'),
        ("localhost", f'must not be this machine ("localhost"), except in a demonstration. {HOSTS}'),
        ("a.fr:0", 'must have a port from 1 to 65535 after the colon. Example: "a.fr:8443"'),
        ("a.fr:65536", 'must have a port from 1 to 65535 after the colon. Example: "a.fr:8443"'),
        ("a.fr:x", f'must be a host name alone, not "a.fr:x". {HOSTS}'),
        (":80", f'must be a host name alone, not ":80". {HOSTS}'),
    ],
)
def test_a_wrong_host(host: str, said: str) -> None:
    assert mistakes(SITE + f"hosts = ['b.fr', '{host}']") == [f"line 5: sites[1].hosts[2] {said}"]


@pytest.mark.parametrize(
    "host",
    ["a.fr", "*.a.fr", "xn--strae-oqa.de", "xn--impts-8ta.fr", "a-b.c1.example.fr", "3.14.fr", "a.fr:8443"],
)
def test_a_right_host(host: str) -> None:
    assert parse(SITE + f"hosts = ['{host}']").sites[0].hosts == (host,)
    assert policy.allow_entries(host), "the browser's policy takes it too"


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
