"""Adds a rule to a rules file as a person would write it: everything else in the file stays as it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from glob import escape

from reconciler.model.changes import KeyPath, path_text
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place
from reconciler.rules.rules_file import new_rule, parse_rules

_HEAD = re.compile(r"^rules:[ \t]*(?:#.*)?$", re.MULTILINE)
_ITEM = re.compile(r"^([ ]*)-[ ]", re.MULTILINE)
_LETTERS = re.compile(r"[^A-Za-z0-9]+")
_LONGEST = 48


class RulesFileError(GkoError):
    """A rules file cannot be read or written."""


@dataclass(frozen=True, slots=True)
class RuleOffer:
    """The rules that would hide one field: for this resource alone, or for all of its kind.

    `file` is where they would be put down; both are lines of YAML as they would stand there.
    """

    file: str
    of_one: str
    of_kind: str


def rule_for(key: ResourceKey, hop: Place, path: KeyPath, *, of_kind: bool, taken: frozenset[str]) -> str:
    """Write the rule that hides one field on one hop.

    Args:
        key: the resource that shows it.
        hop: where it differs.
        path: the field.
        of_kind: for all resources of the kind, not for this one alone.
        taken: names of rules that are there already.
    """
    stem = _LETTERS.sub("-", f"{key.kind if of_kind else key.name} {path_text(path)}").strip("-")[:_LONGEST]
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    where = {"kind": key.kind, "hop": hop.value}
    if not of_kind:
        own = {"namespace": key.namespace, "name": key.name, "cluster": key.cluster}
        where |= {field: escape(text) for field, text in own.items()}
    return new_rule(name, path, "put down from the terminal", where)


def with_rule(text: str, rule: str, path: str) -> str:
    """Put a rule at the head of those of a file.

    Args:
        text: the file's content; empty for a new file.
        rule: what `new_rule` wrote.
        path: the file's name, for the error.

    Raises:
        RulesFileError: the file is written in a way that this cannot add to, or cannot be read.
    """
    head = _HEAD.search(text)
    if head is None:
        before = f"{text.rstrip()}\n" if text.strip() else "version: 1\n"
        made = f"{before}rules:\n{rule}"
    else:
        first = _ITEM.search(text, head.end())
        indent = first[1] if first is not None else "  "
        lines = "".join(f"{indent}{line[2:]}\n" for line in rule.splitlines())
        made = f"{text[: head.end()]}\n{lines}{text[head.end() + 1 :]}"
    had, has = parse_rules(text, path), parse_rules(made, path)
    if len(has.rules) != len(had.rules) + 1 or len(has.faults) > len(had.faults):
        raise RulesFileError(
            "could not be added to", subject=path, next_step=f"put this below `rules:` by hand:\n{rule}"
        )
    return made
