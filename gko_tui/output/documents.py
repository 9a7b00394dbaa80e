"""Writing documents for programs: JSON and YAML of the same content, exact and safe to print.

Strings keep every character; those that a terminal would act on (C1 controls, bidirectional overrides)
are written as JSON escapes, which any parser reads back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

_OPTIONS = orjson.OPT_UTC_Z
_DANGEROUS = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def instant(seconds: float | None) -> datetime | None:
    """An instant for a document (RFC 3339 in UTC, milliseconds), or None where it is not known (0)."""
    return datetime.fromtimestamp(round(seconds, 3), UTC) if seconds else None


def json_bytes(document: Mapping[str, Any], *, one_line: bool = False) -> bytes:
    """A document as UTF-8 JSON that ends with a line break; indented unless `one_line`."""
    options = _OPTIONS | orjson.OPT_APPEND_NEWLINE | (0 if one_line else orjson.OPT_INDENT_2)
    data = _dumped(document, options)
    if data.isascii() and b"\x7f" not in data:
        return data
    return _DANGEROUS.sub(lambda found: f"\\u{ord(found[0]):04x}", data.decode()).encode()


def _dumped(document: Mapping[str, Any], options: int) -> bytes:
    try:
        return orjson.dumps(document, option=options)
    except orjson.JSONEncodeError:  # a path or an author that was no UTF-8 in Git
        return orjson.dumps(_without_surrogates(document), option=options)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    return value


def yaml_bytes(document: Mapping[str, Any]) -> bytes:
    """The same document as UTF-8 YAML."""
    import yaml

    plain = orjson.loads(_dumped(document, _OPTIONS))
    text = yaml.dump(plain, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=110)
    if _DANGEROUS.search(text):
        text = yaml.dump(plain, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=False, width=110)
    return text.encode()


def encode(document: Mapping[str, Any], form: str, *, one_line: bool = False) -> bytes:
    """A document as `json` or `yaml`; `one_line`: a JSON line, or a YAML document that begins with ---."""
    if form == "json":
        return json_bytes(document, one_line=one_line)
    return (b"---\n" if one_line else b"") + yaml_bytes(document)
