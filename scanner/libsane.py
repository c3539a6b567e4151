"""SANE's C library, as far as a page needs it: the calls of sane.h, by ctypes. Loaded by the feed and by nothing else.

Source: the SANE standard 1.06 (https://sane-project.gitlab.io/standard/) and sane/sane.h. Not python-sane: it reads
whole pages only, in memory, and its errors are sentences (docs/decisions/0018-the-scan-worker.md).
"""

from __future__ import annotations

import ctypes
import enum
from collections.abc import Sequence

import msgspec

LIBRARY = "libsane.so.1"
MAX_OPTIONS = 1000
"""A backend that claims more options than this is broken."""
_MAX_LIST = 1000
_MAX_STRING = 4096


class Status(enum.IntEnum):
    GOOD = 0
    UNSUPPORTED = 1
    CANCELLED = 2
    DEVICE_BUSY = 3
    INVAL = 4
    EOF = 5
    JAMMED = 6
    NO_DOCS = 7
    COVER_OPEN = 8
    IO_ERROR = 9
    NO_MEM = 10
    ACCESS_DENIED = 11

    @classmethod
    def _missing_(cls, value: object) -> Status:
        """Backends know more than the standard does."""
        return cls.UNSUPPORTED


class SaneError(Exception):
    """A call that was not GOOD. The text is the call's name and the status: nothing of a page."""

    def __init__(self, call: str, status: Status) -> None:
        super().__init__(f"{call}: {status.name}")
        self.call, self.status = call, status


class Kind(enum.IntEnum):
    BOOL = 0
    INT = 1
    FIXED = 2
    STRING = 3
    BUTTON = 4
    GROUP = 5


class Unit(enum.IntEnum):
    NONE = 0
    PIXEL = 1
    BIT = 2
    MM = 3
    DPI = 4
    PERCENT = 5
    MICROSECOND = 6


class Frame(enum.IntEnum):
    """What one start brings: a whole picture (GRAY, RGB) or one colour of it."""

    GRAY = 0
    RGB = 1
    RED = 2
    GREEN = 3
    BLUE = 4


Value = bool | int | float | str

_SETTABLE = 1
_READABLE = 4
_INACTIVE = 32
_GET, _SET = 0, 1
_RELOAD_OPTIONS = 2
_RANGE, _WORDS, _STRINGS = 1, 2, 3
_FIXED_ONE = 1 << 16


class Found(msgspec.Struct, frozen=True):
    """A device, in its backend's own words."""

    name: str
    vendor: str
    model: str
    kind: str


class Option(msgspec.Struct, frozen=True):
    number: int
    name: str
    kind: Kind
    unit: Unit
    size: int
    """Bytes of its value; more than 4 for numbers are a table."""
    settable: bool
    readable: bool
    active: bool
    range: tuple[float, float] | None = None
    """Lowest and highest, in the option's unit."""
    choices: tuple[Value, ...] = ()


class Parameters(msgspec.Struct, frozen=True):
    frame: Frame
    last: bool
    bytes_per_line: int
    width: int
    """Pixels."""
    lines: int
    """-1 where the device does not know."""
    depth: int
    """Bits of one sample: 1, 8 or 16."""


class _Device(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("vendor", ctypes.c_char_p),
        ("model", ctypes.c_char_p),
        ("type", ctypes.c_char_p),
    )


class _Range(ctypes.Structure):
    _fields_ = (("min", ctypes.c_int), ("max", ctypes.c_int), ("quant", ctypes.c_int))


class _Constraint(ctypes.Union):
    _fields_ = (
        ("strings", ctypes.POINTER(ctypes.c_char_p)),
        ("words", ctypes.POINTER(ctypes.c_int)),
        ("range", ctypes.POINTER(_Range)),
    )


class _Descriptor(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("title", ctypes.c_char_p),
        ("desc", ctypes.c_char_p),
        ("type", ctypes.c_int),
        ("unit", ctypes.c_int),
        ("size", ctypes.c_int),
        ("cap", ctypes.c_int),
        ("constraint_type", ctypes.c_int),
        ("constraint", _Constraint),
    )


class _Parameters(ctypes.Structure):
    _fields_ = (
        ("format", ctypes.c_int),
        ("last_frame", ctypes.c_int),
        ("bytes_per_line", ctypes.c_int),
        ("pixels_per_line", ctypes.c_int),
        ("lines", ctypes.c_int),
        ("depth", ctypes.c_int),
    )


class Library:
    """One use of SANE: made (sane_init), asked, closed (sane_exit). Raises SaneError, and OSError where it is missing.

    From one thread only. Every call but `close` may hang for as long as the device does: whoever waits has a watchdog.
    """

    def __init__(self) -> None:
        library = ctypes.CDLL(LIBRARY)
        library.sane_get_option_descriptor.restype = ctypes.POINTER(_Descriptor)
        library.sane_get_option_descriptor.argtypes = [ctypes.c_void_p, ctypes.c_int]
        library.sane_control_option.argtypes = [
            *(ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)),
        ]
        library.sane_read.argtypes = [
            *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ctypes.c_int)),
        ]
        library.sane_get_parameters.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Parameters)]
        library.sane_open.argtypes = [ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p)]
        for name in ("sane_start", "sane_cancel", "sane_close"):
            getattr(library, name).argtypes = [ctypes.c_void_p]
        for name in ("sane_cancel", "sane_close", "sane_exit"):
            getattr(library, name).restype = None
        self.library = library
        _good("sane_init", library.sane_init(None, None))

    def close(self) -> None:
        self.library.sane_exit()

    def devices(self) -> tuple[Found, ...]:
        """Those that are there now; looked for anew."""
        found = ctypes.POINTER(ctypes.POINTER(_Device))()
        _good("sane_get_devices", self.library.sane_get_devices(ctypes.byref(found), 0))
        devices = []
        for number in range(_MAX_LIST):
            if not found[number]:
                break
            device = found[number].contents
            devices.append(Found(_text(device.name), _text(device.vendor), _text(device.model), _text(device.type)))
        return tuple(devices)

    def open(self, name: str) -> Device:
        handle = ctypes.c_void_p()
        _good("sane_open", self.library.sane_open(name.encode(), ctypes.byref(handle)))
        return Device(self.library, handle)


class Device:
    """An open device. `read` fills a buffer of the caller's; nothing else keeps anything of a page."""

    def __init__(self, library: ctypes.CDLL, handle: ctypes.c_void_p) -> None:
        self._library, self._handle = library, handle

    def close(self) -> None:
        self._library.sane_close(self._handle)

    def options(self) -> dict[str, Option]:
        """By name, as they are now: setting one may change others."""
        found = {}
        for number in range(1, MAX_OPTIONS):
            pointer = self._library.sane_get_option_descriptor(self._handle, number)
            if not pointer:
                break
            option = _option(number, pointer.contents)
            if option is not None:
                found[option.name] = option
        return found

    def get(self, option: Option) -> Value:
        """The value of a number or a string."""
        if option.kind is Kind.STRING:
            text = ctypes.create_string_buffer(max(option.size, 1) + 1)
            self._control(option, _GET, text)
            return text.value.decode("utf-8", "replace")
        word = ctypes.c_int()
        self._control(option, _GET, ctypes.byref(word))
        if option.kind is Kind.BOOL:
            return bool(word.value)
        return word.value / _FIXED_ONE if option.kind is Kind.FIXED else word.value

    def set(self, option: Option, value: Value) -> bool:
        """`value` fits the option's kind; a device may take another one near it.

        True if `options` has to be asked again before anything else is got or set (some backends insist).
        """
        if option.kind is Kind.STRING:
            text = ctypes.create_string_buffer(str(value).encode()[: option.size], option.size + 1)
            return bool(self._control(option, _SET, text) & _RELOAD_OPTIONS)
        number = float(value) * _FIXED_ONE if option.kind is Kind.FIXED else float(value)
        word = ctypes.c_int(round(number))
        return bool(self._control(option, _SET, ctypes.byref(word)) & _RELOAD_OPTIONS)

    def _control(self, option: Option, action: int, value: object) -> int:
        info = ctypes.c_int()
        status = self._library.sane_control_option(self._handle, option.number, action, value, ctypes.byref(info))
        _good("sane_control_option", status)
        return info.value

    def start(self) -> None:
        """Begins the next page, or the next colour of one. What `parameters` says is certain after it only."""
        _good("sane_start", self._library.sane_start(self._handle))

    def parameters(self) -> Parameters:
        raw = _Parameters()
        _good("sane_get_parameters", self._library.sane_get_parameters(self._handle, ctypes.byref(raw)))
        if raw.format not in tuple(Frame) or raw.pixels_per_line <= 0 or raw.bytes_per_line <= 0:
            raise SaneError("sane_get_parameters", Status.INVAL)
        return Parameters(
            frame=Frame(raw.format),
            last=bool(raw.last_frame),
            bytes_per_line=raw.bytes_per_line,
            width=raw.pixels_per_line,
            lines=raw.lines if raw.lines > 0 else -1,
            depth=raw.depth,
        )

    def read(self, buffer: ctypes.Array[ctypes.c_char]) -> int:
        """How many bytes came into `buffer`; 0 for none as yet. Raises SaneError, of status EOF after the last."""
        length = ctypes.c_int()
        status = self._library.sane_read(self._handle, buffer, len(buffer), ctypes.byref(length))
        _good("sane_read", status)
        return max(0, min(length.value, len(buffer)))

    def cancel(self) -> None:
        """Also needed after the last page: many feeders let go of the paper only then."""
        self._library.sane_cancel(self._handle)


def _good(call: str, status: int) -> None:
    if status != Status.GOOD:
        raise SaneError(call, Status(status))


def _text(untrusted_text: bytes | None) -> str:
    return (untrusted_text or b"")[:_MAX_STRING].decode("utf-8", "replace")


def _option(number: int, raw: _Descriptor) -> Option | None:
    """None for what has no value, or none of a kind that the standard knows."""
    if raw.type not in tuple(Kind) or raw.type in (Kind.BUTTON, Kind.GROUP) or not raw.name:
        return None
    kind = Kind(raw.type)
    one = _FIXED_ONE if kind is Kind.FIXED else 1
    limits: tuple[float, float] | None = None
    choices: Sequence[Value] = ()
    constraint = raw.constraint
    if raw.constraint_type == _RANGE and constraint.range:
        limits = (constraint.range.contents.min / one, constraint.range.contents.max / one)
    elif raw.constraint_type == _WORDS and constraint.words:
        count = min(constraint.words[0], _MAX_LIST)
        choices = [constraint.words[place] / one for place in range(1, count + 1)]
    elif raw.constraint_type == _STRINGS and constraint.strings:
        choices = []
        for place in range(_MAX_LIST):
            if not constraint.strings[place]:
                break
            choices.append(_text(constraint.strings[place]))
    return Option(
        number=number,
        name=_text(raw.name),
        kind=kind,
        unit=Unit(raw.unit) if raw.unit in tuple(Unit) else Unit.NONE,
        size=raw.size,
        settable=bool(raw.cap & _SETTABLE),
        readable=bool(raw.cap & _READABLE),
        active=not raw.cap & _INACTIVE,
        range=limits,
        choices=tuple(choices),
    )
