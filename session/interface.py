"""A service's methods in Varlink's own language (https://varlink.org/Interface-Definition), from their types.

It is what `varlinkctl introspect` shows. Nothing here decides anything: the methods' Structs do.
"""

from __future__ import annotations

import enum
import re
import typing
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

SERVICE = "org.varlink.service"
SERVICE_DESCRIPTION = """\
# What every Varlink service answers (https://varlink.org/Service).
interface org.varlink.service

method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)

method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)

error MethodNotFound (method: string)

error MethodNotImplemented (method: string)

error InvalidParameter (parameter: string)
"""

_FIELD = re.compile(r"[A-Za-z](_?[A-Za-z0-9])*")
_SIMPLE = {
    msgspec.inspect.BoolType: "bool",
    msgspec.inspect.IntType: "int",
    msgspec.inspect.FloatType: "float",
    msgspec.inspect.StrType: "string",
}


def describe(interface: str, methods: Iterable[tuple[str, type[Any], Callable[..., Any]]]) -> str:
    """The description. `methods` are names without the interface, parameters and handlers."""
    types = _Types()
    parts = []
    for name, parameters, handler in methods:
        takes = types.fields(parameters, given=True)
        parts.append(f"{_comment(handler)}method {name}{takes} -> {types.fields(_result(handler))}")
    head = (
        "# Every method may also answer org.marchepied.Refused (code: string), org.marchepied.Denied ()\n"
        f"# or org.marchepied.Internal ().\ninterface {interface}"
    )
    return "\n\n".join((head, *types.named.values(), *parts)) + "\n"


def _comment(handler: Callable[..., Any]) -> str:
    lines = (handler.__doc__ or "").strip().splitlines()
    return "".join(f"# {line.strip()}\n" for line in lines)


def _result(handler: Callable[..., Any]) -> Any:
    result = typing.get_type_hints(handler).get("return")
    if typing.get_origin(result) is not None and hasattr(typing.get_origin(result), "__anext__"):
        return typing.get_args(result)[0]
    return result


class _Types:
    def __init__(self) -> None:
        self.named: dict[str, str] = {}

    def fields(self, kind: Any, *, given: bool = False) -> str:
        """The fields of a Struct, in parentheses. `given`: a caller may leave out those that have a default."""
        info = msgspec.inspect.type_info(kind)
        if not isinstance(info, msgspec.inspect.StructType):
            return "()"
        return f"({', '.join(self._field(field, given) for field in info.fields)})"

    def _field(self, field: msgspec.inspect.Field, given: bool) -> str:
        kind = self._name(field.type)
        if given and not field.required and not kind.startswith("?"):
            kind = f"?{kind}"
        return f"{field.encode_name}: {kind}"

    def _name(self, info: msgspec.inspect.Type) -> str:
        match info:
            case msgspec.inspect.Metadata(type=inner):
                return self._name(inner)
            case msgspec.inspect.UnionType(types=types):
                others = [one for one in types if not isinstance(one, msgspec.inspect.NoneType)]
                inner_name = self._name(others[0]) if len(others) == 1 else "object"
                return f"?{inner_name}" if len(others) < len(types) else inner_name
            case msgspec.inspect.ListType(item_type=item) | msgspec.inspect.VarTupleType(item_type=item):
                return f"[]{self._name(item)}"
            case msgspec.inspect.DictType(value_type=value):
                return f"[string]{self._name(value)}"
            case msgspec.inspect.LiteralType(values=values):
                return self._choice([str(value) for value in values])
            case msgspec.inspect.EnumType(cls=kind):
                return self._named(kind, lambda: self._choice([str(member.value) for member in kind]))
            case msgspec.inspect.StructType(cls=struct):
                return self._named(struct, lambda: self.fields(struct))
        return _SIMPLE.get(type(info), "object")

    def _named(self, kind: type[msgspec.Struct] | type[enum.Enum], body: Callable[[], str]) -> str:
        name = kind.__name__.lstrip("_")
        if name not in self.named:
            self.named[name] = ""  # a type may hold itself
            text = body()
            if not text.startswith("("):
                del self.named[name]
                return text
            self.named[name] = f"type {name} {text}"
        return name

    @staticmethod
    def _choice(values: list[str]) -> str:
        return f"({', '.join(values)})" if all(_FIELD.fullmatch(value) for value in values) else "string"
