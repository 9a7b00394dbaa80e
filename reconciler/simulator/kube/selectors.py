"""Label and field selectors as list and watch take them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.kube.answers import bad_request
from reconciler.simulator.kube.trees import Json

_TOKEN = re.compile(r"\s*(==|!=|=|!|\(|\)|,|<|>|[^\s=!(),<>]+)")

Matcher = Callable[[Mapping[str, Any]], bool]
"""Takes an object's body and says whether it is meant."""


@dataclass(frozen=True, slots=True)
class Term:
    """One requirement on a label; `operator` is `in`, `notin`, `exists` or `absent`."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels satisfy the requirement."""
        if self.operator == "in":
            return labels.get(self.key) in self.values
        if self.operator == "notin":
            return labels.get(self.key) not in self.values
        return (self.key in labels) == (self.operator == "exists")


def label_matcher(text: str) -> Matcher | None:
    """Read a label selector; None where it selects everything.

    Raises:
        Refusal: 400, in the words of the real parser as far as they are simple.
    """
    if not text.strip():
        return None
    terms = _Parser(text).terms()

    def matches(body: Mapping[str, Any]) -> bool:
        labels = body.get("metadata", {}).get("labels") or {}
        return all(term.holds(labels) for term in terms)

    return matches


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self.at += 1
        return token

    def _fail(self, found: str, expected: str) -> Exception:
        return bad_request(f"found '{found}', expected: {expected}")

    def terms(self) -> list[Term]:
        found = [self._term()]
        while self._peek():
            separator = self._next()
            if separator != ",":
                raise self._fail(separator, "',' or 'end of string'")
            found.append(self._term())
        return found

    def _identifier(self, expected: str) -> str:
        token = self._next()
        if not token or token in ("==", "!=", "=", "!", "(", ")", ",", "<", ">"):
            raise self._fail(token, expected)
        return token

    def _term(self) -> Term:
        if self._peek() == "!":
            self._next()
            return Term(self._identifier("identifier"), "absent")
        key = self._identifier("!, identifier, or 'end of string'")
        operator = self._peek()
        if operator in ("", ","):
            return Term(key, "exists")
        self._next()
        if operator in ("=", "==", "!="):
            value = "" if self._peek() in ("", ",") else self._identifier("identifier")
            return Term(key, "notin" if operator == "!=" else "in", frozenset({value}))
        if operator in ("in", "notin"):
            return Term(key, operator, self._values())
        raise self._fail(operator, "in, notin, =, ==, !=, gt, lt")

    def _values(self) -> frozenset[str]:
        if (opening := self._next()) != "(":
            raise self._fail(opening, "'('")
        values = set()
        while True:
            token = self._peek()
            values.add("" if token in (",", ")") else self._identifier("',', ')' or identifier"))
            if (after := self._next()) == ")":
                return frozenset(values)
            if after != ",":
                raise self._fail(after, "',' or ')'")


def field_matcher(text: str, known: frozenset[str], *, built_in: bool = False) -> Matcher | None:
    """Read a field selector; None where it selects everything.

    Args:
        text: such as `metadata.name=a,metadata.namespace!=b`.
        known: the fields that this kind can be selected by.
        built_in: the kind is built in, which the refusal words differently.

    Raises:
        Refusal: 400 for a field that is not one of them, or text that is no selector.
    """
    terms: list[tuple[str, bool, str]] = []
    for part in filter(None, text.split(",")):
        match = re.fullmatch(r"([^=!]+)(==|!=|=)(.*)", part)
        if match is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        if match[1] not in known and built_in and len(known) == 2:
            only = ", ".join(f'"{name}"' for name in sorted(known))
            raise bad_request(f'"{match[1]}" is not a known field selector: only {only}')
        if match[1] not in known:
            raise bad_request(f"field label not supported: {match[1]}")
        terms.append((match[1], match[2] != "!=", match[3]))
    if not terms:
        return None

    def matches(body: Mapping[str, Any]) -> bool:
        return all((_at(body, name) == value) == wanted for name, wanted, value in terms)

    return matches


def _at(body: Json, path: str) -> str:
    value = body
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else str(value)


def both(first: Matcher | None, second: Matcher | None) -> Matcher | None:
    """Join two matchers, either of which may be None for everything."""
    if first is None or second is None:
        return first or second
    one, two = first, second
    return lambda body: one(body) and two(body)
