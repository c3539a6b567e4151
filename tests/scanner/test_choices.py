"""Which device, which source, in the words of many backends; and SANE's own test device, set up."""

from __future__ import annotations

import pytest

from scanner.choices import Sources, choose_device, sources_of
from scanner.libsane import Found, Kind, Option, Unit


def source(*choices: str) -> dict[str, Option]:
    option = Option(1, "source", Kind.STRING, Unit.NONE, 32, True, True, True, choices=choices)
    return {"source": option}


@pytest.mark.parametrize(
    ("words", "sources"),
    [
        (("Flatbed", "Automatic Document Feeder"), Sources("Flatbed", "Automatic Document Feeder")),
        (("Flatbed", "ADF", "ADF Duplex"), Sources("Flatbed", "ADF", "ADF Duplex")),
        (("ADF Front", "ADF Back", "ADF Duplex"), Sources(None, "ADF Front", "ADF Duplex")),
        (("Flatbed", "ADF", "Duplex"), Sources("Flatbed", "ADF", "Duplex")),
        (
            (
                "FlatBed",
                "Automatic Document Feeder(left aligned)",
                "Automatic Document Feeder(left aligned,Duplex)",
            ),
            Sources(
                "FlatBed",
                "Automatic Document Feeder(left aligned)",
                "Automatic Document Feeder(left aligned,Duplex)",
            ),
        ),
        (("Normal", "Transparency", "Negative"), Sources("Normal")),
        (("Card Front", "Card Back", "Card Duplex"), Sources()),
        ((), Sources()),
    ],
)
def test_the_words_of_backends(words: tuple[str, ...], sources: Sources) -> None:
    assert sources_of(source(*words)) == sources


def test_a_device_without_sources_has_a_glass() -> None:
    assert sources_of({}) == Sources()


DEVICES = [Found(name, "", "", "") for name in ("v4l:/dev/video0", "escl:http://a", "airscan:e0:A", "genesys:libusb:1")]


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        ((), ["airscan:e0:A", "genesys:libusb:1", "escl:http://a"]),
        (("genesys:*",), ["genesys:libusb:1"]),
        (("v4l:*", "genesys:*", "*"), ["v4l:/dev/video0", "genesys:libusb:1", "escl:http://a", "airscan:e0:A"]),
        (("fujitsu:*",), []),
    ],
)
def test_which_devices_are_tried(patterns: tuple[str, ...], chosen: list[str]) -> None:
    assert choose_device(DEVICES, patterns) == chosen
