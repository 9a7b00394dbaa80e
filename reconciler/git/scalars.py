"""What a YAML scalar means to Kubernetes: the rules of sigs.k8s.io/yaml, on which kubectl and GKO stand.

They are neither YAML 1.1 nor 1.2: `yes` is true, `0777` is 511, `190:20:30` and `2001-01-01` stay text,
`1.0` becomes 1 on its way through JSON. tests/unit/git/scalars.jsonl holds the answers of the Go library.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from typing import Final

Scalar = str | int | float | bool | None

HINTS: Final = frozenset("0123456789+-.~nNyYoOtTfF")
"""First characters of plain scalars that may mean something else than their text."""

_WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"], True),
    **dict.fromkeys(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"], False),
    **dict.fromkeys(["~", "null", "Null", "NULL"], None),
    **dict.fromkeys([".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"], math.inf),
    **dict.fromkeys(["-.inf", "-.Inf", "-.INF"], -math.inf),
    **dict.fromkeys([".nan", ".NaN", ".NAN"], math.nan),
}
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_PREFIXED = re.compile(r"([-+]?)0(?:[xX]([0-9a-fA-F]+)|[bB]([01]+)|[oO]?([0-7]+))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_POINT_FIRST = re.compile(r"\.[0-9]+(?:[eE][-+]?[0-9]+)?")
_SIGNED_BINARY = re.compile(r"0b([-+][01]+)")
_INT64_MIN, _INT64_MAX, _UINT64_MAX = -(2**63), 2**63 - 1, 2**64 - 1


class ScalarError(ValueError):
    """A scalar contradicts its tag, or cannot be what its place wants."""


def plain(text: str) -> Scalar:
    """What an unquoted scalar means as a value; infinities and NaN are floats (JSON has no word for them)."""
    value = resolved(text)
    return settled(value) if value.__class__ is float else value


def resolved(text: str) -> Scalar:
    """What an unquoted scalar means, with whole floats still floats (`1.0`, `1e3`, `0778`)."""
    first = text[:1]
    if first and first not in HINTS:
        return text
    if not first:
        return None
    if first.isalpha() or first == "~":
        return _WORDS.get(text, text)
    if text in _WORDS:
        return _WORDS[text]
    if first == ".":
        return _finite(text, text) if _POINT_FIRST.fullmatch(text) else text
    return _number(text.replace("_", ""), text)


def _number(digits: str, text: str) -> Scalar:
    if _DECIMAL.fullmatch(digits):
        if len(digits) > 20:  # more than 64 bits, and Python refuses very long integers
            return _finite(digits, text)
        value = int(digits)
        return value if _INT64_MIN <= value <= _UINT64_MAX else _finite(digits, text)
    prefixed = _PREFIXED.fullmatch(digits)
    if prefixed is not None:
        sign, hexadecimal, binary, octal = prefixed.groups()
        base = 16 if hexadecimal else 2 if binary else 8
        value = int(hexadecimal or binary or octal, base)
        value = -value if sign == "-" else value
        # A sign excludes the unsigned range beyond 63 bits.
        if _INT64_MIN <= value <= (_INT64_MAX if sign else _UINT64_MAX):
            return value
    if _FLOAT.fullmatch(digits):
        return _finite(digits, text)
    signed = _SIGNED_BINARY.fullmatch(digits)
    return int(signed[1], 2) if signed else text


def _finite(digits: str, text: str) -> Scalar:
    value = float(digits)
    return text if math.isinf(value) else value


def settled(value: Scalar) -> Scalar:
    """A whole float as JSON writes it and Kubernetes reads it back: `1.0` is the integer 1."""
    if isinstance(value, float) and value.is_integer() and _INT64_MIN <= value <= _INT64_MAX:
        return int(value)
    return value


_CORE = "tag:yaml.org,2002:"
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "null": (type(None),),
}
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d?-\d\d?(?:(?:[Tt]|\s+)\d\d?:\d\d:\d\d(?:\.\d*)?\s*(?:Z|[-+]\d\d?(?::\d\d)?)?)?"
)


def tagged(tag: str, text: str) -> Scalar:
    """What a scalar with an explicit tag means; unknown tags mean the text.

    Raises:
        ScalarError: the text is not of that type.
    """
    name = tag.removeprefix(_CORE) if tag.startswith(_CORE) else ""
    if name == "binary":
        return _binary(text)
    if name == "timestamp":
        if _TIMESTAMP.fullmatch(text):
            return text
        raise ScalarError("does not fit its tag !!timestamp")
    if name not in _TYPES:
        return text
    value = resolved(text)
    if isinstance(value, _TYPES[name]) and (name == "bool" or not isinstance(value, bool)):
        return settled(value)
    raise ScalarError(f"does not fit its tag !!{name}")


def _binary(text: str) -> str:
    compact = "".join(text.split())
    try:
        return base64.b64decode(compact, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        raise ScalarError("has the tag !!binary and is not base64") from None


def key_text(value: object) -> str:
    """A mapping key as the JSON that Kubernetes reads has it: `on` is "true", `8080` is "8080".

    Args:
        value: the key as `resolved` tells it, so that floats are known (Go writes them in 32 bits).

    Raises:
        ScalarError: a null, a collection, or an integer beyond 63 bits.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value <= _INT64_MAX:
        return str(value)
    if isinstance(value, float):
        return _short_float(value)
    what = (
        "empty (null)"
        if value is None
        else "a number beyond 63 bits"
        if isinstance(value, int)
        else "a collection"
    )
    raise ScalarError(f"a mapping key is {what}")


def _short_float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    try:
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        single = math.copysign(math.inf, value)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    for precision in range(9):
        written = f"{single:.{precision}e}"
        if struct.unpack("f", struct.pack("f", float(written)))[0] == single:
            break
    mantissa, _, exponent_text = written.partition("e")
    exponent = int(exponent_text)
    if exponent < -4 or exponent >= 6:
        return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    decimals = max(len(mantissa.lstrip("-").replace(".", "")) - 1 - exponent, 0)
    return f"{float(written):.{decimals}f}"
