"""Documents and names as text that is safe on a terminal: YAML lines, and control characters made visible.

Names, messages and values come from repositories and clusters, that is from anyone. An escape sequence in
one could rewrite the screen, a bidirectional override could make a line read as another.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from reconciler.model.changes import Redacted

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"  # unseen or turning
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e0fff]"  # no characters; tags
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}
_FIRST = {name: at for at, name in enumerate(("name", "key", "type"))}
_RESOLVER = yaml.resolver.Resolver


def printable(text: str, *, keep_newlines: bool = False) -> str:
    """Make every character visible that a terminal would obey or hide.

    Args:
        text: anything; letters of all scripts, emoji and spaces stay.
        keep_newlines: leave line ends as they are, for text of several lines.

    Returns:
        the text with control characters, bidirectional and zero-width marks and lone surrogates written
        as escapes (`\\x1b` as `\\e`).
    """
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(lambda found: _escape(found[0], keep_newlines), text)


def _escape(char: str, keep_newlines: bool) -> str:
    if char == "\n" and keep_newlines:
        return char
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def document_lines(document: dict[str, Any]) -> tuple[str, ...]:
    """Write a redacted document as lines of block-style YAML.

    Args:
        document: plain data with `Redacted` leaves. Redact it first: everything else is written as it is.

    Returns:
        the lines, without line ends. Keys come in one order (`name`, `key` and `type` first, then by
        alphabet), so that two documents line up; long texts are literal blocks; redacted values read
        ‹redacted›; what a terminal would obey is escaped inside double quotes.
    """
    lines: list[str] = []
    _mapping(document, "", lines)
    return tuple(lines) if lines else ("{}",)


def _mapping(value: dict[Any, Any], indent: str, lines: list[str]) -> None:
    for name in sorted(value, key=lambda name: (_FIRST.get(name, len(_FIRST)), str(name))):
        _entry(f"{indent}{_key(name)}:", value[name], indent + "  ", indent, lines)


def _sequence(value: list[Any], indent: str, lines: list[str]) -> None:
    for item in value:
        if isinstance(item, (dict, list)) and item:
            start = len(lines)
            below = indent + "  "
            if isinstance(item, dict):
                _mapping(item, below, lines)
            else:
                _sequence(item, below, lines)
            lines[start] = f"{indent}- {lines[start][len(below) :]}"
        else:
            _entry(f"{indent}-", item, indent + "  ", indent, lines)


def _entry(head: str, value: Any, indent: str, list_indent: str, lines: list[str]) -> None:
    """Write one key or list mark with its value; lists stand under their key, as people write them."""
    if isinstance(value, dict) and value:
        lines.append(head)
        _mapping(value, indent, lines)
    elif isinstance(value, list) and value:
        lines.append(head)
        _sequence(value, list_indent, lines)
    elif isinstance(value, str) and "\n" in value and _fits_a_block(value):
        _block(head, value, indent, lines)
    else:
        lines.append(f"{head} {_scalar(value)}")


def _block(head: str, value: str, indent: str, lines: list[str]) -> None:
    body = value.rstrip("\n")
    ends = len(value) - len(body)
    chomp = "-" if ends == 0 else "" if ends == 1 else "+"
    hint = "2" if body[:1] == " " or body[:1] == "\n" else ""
    lines.append(f"{head} |{hint}{chomp}")
    lines.extend(indent + line if line else "" for line in body.split("\n"))
    lines.extend([""] * (ends - 1))


def _fits_a_block(value: str) -> bool:
    """A literal block cannot escape: text with anything to escape in it, or only line ends, is quoted."""
    return bool(value.strip("\n")) and printable(value, keep_newlines=True) == value


def _key(name: Any) -> str:
    return _scalar(name) if isinstance(name, str) else _scalar(str(name))


def _scalar(value: Any) -> str:
    if isinstance(value, Redacted):
        return str(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, (dict, list)):
        return "{}" if isinstance(value, dict) else "[]"
    text = str(value)
    return text if _is_plain(text) else _quoted(text)


def _is_plain(text: str) -> bool:
    """Whether a text can stand without quotes and is read back as the same text."""
    if not text.isprintable() or text != text.strip() or ": " in text or " #" in text or text.endswith(":"):
        return False
    if not text or (text[0] in "!&*-?|>@`\"'%#{}[],:=<~.+0123456789" and not _starts_harmlessly(text)):
        return False
    if _UNSAFE.search(text) is not None:
        return False
    return _resolves_to_text(text)


def _starts_harmlessly(text: str) -> bool:
    return (
        text[0] in "-.+0123456789<~"
        and len(text) > 1
        and text[:2] not in ("- ", "--", "-")
        and text[1] != " "
    )


def _resolves_to_text(text: str) -> bool:
    resolvers = _RESOLVER.yaml_implicit_resolvers.get(text[0], [])
    return not any(pattern.match(text) for _, pattern in resolvers)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_UNSAFE.sub(lambda found: _escape(found[0], False), escaped)}"'
