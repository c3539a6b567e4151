"""Values that a configuration may not have, and what is said of each."""

from __future__ import annotations

import pytest

from session.browser import policy
from tests.session.config.text import SITE, mistakes, parse


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
            "= 10",
        ),
        (
            "[session]\nextensions = true",
            "line 2: session.extensions must be a whole number from 0 to 20, not true. Example: "
            "extensions = 10",
        ),
        (
            "[display]\nserver = 'wayland'",
            'line 2: display.server must be one of "xvfb", "xephyr", not "wayland". '
            'Example: server = "xvfb"',
        ),
        (
            SITE + "\ncamera = true",
            "line 6: sites[1].camera needs a station that has camera and microphone: set interview.enabled = true",
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
            "session, environment, display, voice, browser, network, interview, scanner, agent, demonstration, wipe, "
            "sites.",
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
            "65531 to 65535. Example: first_uid = 60900",
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
            "[scanner]\nnetwork = ['8.8.8.8/32']",
            "line 2: scanner.network[1] must lie within a private network (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, "
            "100.64.0.0/10, 169.254.0.0/16, fc00::/7, fe80::/10, 127.0.0.0/8), not \"8.8.8.8/32\". "
            'Example: network = ["192.168.10.7/32"]',
        ),
        (
            "[scanner]\nnetwork = ['printer']",
            'line 2: scanner.network[1] must be a network in CIDR notation, not "printer". '
            'Example: network = ["192.168.10.7/32"]',
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
