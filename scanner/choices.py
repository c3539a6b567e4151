"""What is chosen at a scanner for the visitor: which one, from the glass or the feeder, one side or two, how fine.

Backends agree on the names of a few options ("source", "mode", "resolution", "tl-x"...: SANE standard 1.06, section
4.5) and on little else; the words of their values are gathered here from the backends of sane-backends 1.1 and 1.2, of
sane-airscan and of HPLIP. What a device refuses is left as it was.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from fnmatch import fnmatchcase

import msgspec

from scanner.libsane import Device, Found, Kind, Option, SaneError, Unit, Value
from scanner.model import Source

logger = logging.getLogger(__name__)

WIDEST, LONGEST = 220.0, 300.0
"""Millimetres of the glass that are scanned: a sheet of A4 or letter, and a little around it."""

_NO_SCANNERS = ("v4l:",)
"""Cameras."""
_LAST = ("escl:",)
"""Where two backends have the same device, sane-airscan's way to it is the better one."""
_LOADED = ("page-loaded", "adf-loaded", "paper-loaded", "adf-page-loaded", "document-loaded")
_COLOURS = ("color", "24bit color", "24bit color[fast]", "colour", "24 bit color", "true color", "24-bit color")
_GREYS = ("gray", "grey", "true gray", "8bit gray", "grayscale", "256 levels gray")


class Sources(msgspec.Struct, frozen=True):
    """The values of the option "source" by what they mean; None where there is none."""

    glass: str | None = None
    feeder: str | None = None
    feeder_two: str | None = None
    """Both sides."""


def choose_device(found: Sequence[Found], patterns: Sequence[str]) -> list[str]:
    """Names of the devices to try, the best first. Without patterns, any but cameras."""
    names = [device.name for device in found]
    if patterns:
        chosen = [name for pattern in patterns for name in names if fnmatchcase(name, pattern)]
        return list(dict.fromkeys(chosen))
    return sorted(
        (name for name in names if not name.startswith(_NO_SCANNERS)), key=lambda name: name.startswith(_LAST)
    )


def sources_of(options: dict[str, Option]) -> Sources:
    """A device without such an option, or with words that nobody knows, has one place: taken for the glass."""
    option = options.get("source")
    if option is None or option.kind is not Kind.STRING or not (option.active and option.settable):
        return Sources()
    glass = feeder = feeder_two = None
    for choice in map(str, option.choices):
        words = choice.lower()
        if "back" in words or "card" in words:
            continue
        if "duplex" in words or "both" in words or "two" in words:
            feeder_two = feeder_two or choice
        elif "adf" in words or "feeder" in words or "front" in words:
            feeder = feeder or choice
        elif any(word in words for word in ("flatbed", "platen", "glass", "normal")):
            glass = glass or choice
    return Sources(glass, feeder, feeder_two)


class Setup:
    """An open device and its options, as they change."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.options = device.options()
        self.sources = sources_of(self.options)

    @property
    def has_feeder(self) -> bool:
        return (self.sources.feeder or self.sources.feeder_two) is not None

    @property
    def has_glass(self) -> bool:
        return self.sources.glass is not None or not self.has_feeder

    def loaded(self) -> bool | None:
        """Whether there is paper in the feeder; None where the device does not tell."""
        for name in _LOADED:
            option = self.options.get(name)
            if option is not None and option.kind is Kind.BOOL and option.active and option.readable:
                with contextlib.suppress(SaneError):
                    return bool(self.device.get(option))
        return None

    def first_source(self, wanted: Source | None) -> Source:
        """Where the next page comes from; for a feeder that does not tell, the feeder has to be tried."""
        if wanted is Source.GLASS or not self.has_feeder:
            return Source.GLASS if self.has_glass else Source.FEEDER
        if wanted is Source.FEEDER or not self.has_glass:
            return Source.FEEDER
        return Source.GLASS if self.loaded() is False else Source.FEEDER

    def apply(self, source: Source, *, two_sides: bool, resolution: int, extra: Sequence[str]) -> float:
        """Sets everything, in the order in which options depend on each other; the dots an inch that it gave."""
        if source is Source.FEEDER:
            one, two = self.sources.feeder, self.sources.feeder_two
            name = (two or one) if two_sides else (one or two)
        else:
            name = self.sources.glass
        if name is not None:
            self._set("source", name)
        if source is Source.FEEDER and self.sources.feeder_two is None:
            self._sides(two_sides)
        if not self._set_one_of("mode", _COLOURS):
            self._set_one_of("mode", _GREYS)
        self._set("depth", 8)
        self._set("preview", False)
        for option in ("resolution", "x-resolution", "y-resolution"):
            self._set(option, resolution)
        self._area(feeder=source is Source.FEEDER)
        for assignment in extra:
            key, _, text = assignment.partition("=")
            self._set(key, text)
        return self._resolution(resolution)

    def _sides(self, two_sides: bool) -> None:
        """As epson2 and magicolor ("adf-mode"), kvs and others ("duplex") have it."""
        self._set_one_of("adf-mode", ("duplex",) if two_sides else ("simplex",))
        duplex = self.options.get("duplex")
        if duplex is not None and duplex.kind is Kind.BOOL:
            self._set("duplex", two_sides)

    def _area(self, *, feeder: bool) -> None:
        """All of the glass, as far as a sheet may be; from a feeder the whole width: nobody knows at which side its
        paper lies.
        """
        for name, most in (("tl-x", None), ("tl-y", None), ("br-x", None if feeder else WIDEST), ("br-y", LONGEST)):
            option = self.options.get(name)
            if option is None or option.range is None:
                continue
            low, high = option.range
            limit = high if most is None or option.unit is not Unit.MM else min(high, most)
            self._set(name, low if name.startswith("tl") else limit)

    def _resolution(self, asked: int) -> float:
        for name in ("resolution", "x-resolution"):
            option = self.options.get(name)
            if option is not None and option.active and option.readable:
                with contextlib.suppress(SaneError):
                    value = float(self.device.get(option))
                    if 10 <= value <= 10_000:
                        return value
        return float(asked)

    def _set_one_of(self, name: str, wanted: Sequence[str]) -> bool:
        option = self.options.get(name)
        choices = {str(choice).lower(): str(choice) for choice in option.choices} if option is not None else {}
        return any(word in choices and self._set(name, choices[word]) for word in wanted)

    def _set(self, name: str, untrusted_value: Value) -> bool:
        option = self.options.get(name)
        if option is None or not (option.active and option.settable):
            return False
        try:
            if self.device.set(option, _fitting(option, untrusted_value)):
                self.options = self.device.options()
        except (SaneError, ValueError):
            logger.info("the scanner refuses a value of its option %s", option.name)
            return False
        return True


def _fitting(option: Option, value: Value) -> Value:
    """The value as the option's kind has it, in its limits; of a list of numbers the next that is not less. Raises
    ValueError.
    """
    if option.kind is Kind.STRING:
        return str(value)
    if option.kind is Kind.BOOL:
        return _truth(value)
    number = float(value)
    if option.range is not None:
        return min(max(number, option.range[0]), option.range[1])
    numbers = sorted(float(choice) for choice in option.choices)
    return next((choice for choice in numbers if choice >= number), numbers[-1]) if numbers else number


def _truth(value: Value) -> bool:
    return value.lower() in ("yes", "true", "1", "on") if isinstance(value, str) else bool(value)
