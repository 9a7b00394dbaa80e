"""Reading a file of ignore rules: a repository's `.gko-tui/rules.yaml` or a person's `rules.yaml`.

    version: 1
    rules:
      - rule: mesh-labels
        ignore: [ 'metadata.labels["mesh.example/*"]', /spec/tags ]
        reason: the service mesh writes these
        where: { kind: ApiV4Definition, namespace: "shop-*", name: "*", cluster: "eu-*", hop: cluster,
                 labels: "tier=edge", manager: "istio*" }
    tests:
      - case: mesh labels do not count
        git:     { kind: ApiV4Definition, metadata: {name: a}, spec: {} }
        cluster: { kind: ApiV4Definition, metadata: {name: a, labels: {mesh.example/x: "1"}}, spec: {} }
        expect: []

Such files come from repositories, that is from anyone, and rules hide differences. So a mistake never widens
a rule: a rule with a fault is left out, with the line that says why, and the others hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from reconciler.model.errors import UsageError
from reconciler.model.keys import LabelSelector
from reconciler.model.verdicts import HOPS, Place
from reconciler.rules.ignoring import IgnoreRule, Where
from reconciler.rules.patterns import Pattern, parse_pattern

MAX_BYTES = 1_000_000
MAX_NODES = 50_000
_RULE_KEYS = frozenset({"rule", "ignore", "reason", "where"})
_WHERE_KEYS = frozenset({"kind", "namespace", "name", "cluster", "hop", "labels", "manager"})
_CASE_KEYS = frozenset({"case", "git", "cluster", "on", "expect", "ignored"})
_ON_KEYS = frozenset({"cluster", "hop"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TOO_WIDE = frozenset({"*", "**", "spec", "metadata", "data"})


@dataclass(frozen=True, slots=True)
class RuleFault:
    """Something in a rules file that cannot be used: where, what is wrong, what to do."""

    path: str
    line: int
    what: str
    next_step: str = ""

    def __str__(self) -> str:
        said = f"{self.path}:{self.line}: {self.what}"
        return f"{said}; {self.next_step}" if self.next_step else said


@dataclass(frozen=True, slots=True)
class RuleCase:
    """A test that stands in the rules file: two sides, and the paths that still count as changes.

    `ignored` are names of rules that must have hidden something; None does not ask.
    """

    name: str
    git: dict[str, Any]
    cluster: dict[str, Any]
    expect: tuple[str, ...]
    ignored: tuple[str, ...] | None = None
    on_cluster: str = ""
    hop: Place = Place.CLUSTER
    origin: str = ""


@dataclass(frozen=True, slots=True)
class RulePack:
    """What a rules file holds, as far as it can be read."""

    path: str
    rules: tuple[IgnoreRule, ...] = ()
    cases: tuple[RuleCase, ...] = ()
    faults: tuple[RuleFault, ...] = ()


class _Bad(Exception):
    """A place in the file that cannot be used."""

    def __init__(self, line: int, what: str, next_step: str = "") -> None:
        super().__init__(what)
        self.line = line
        self.what = what
        self.next_step = next_step


@dataclass(slots=True)
class _Reader:
    """Turns YAML nodes into plain data and knows the line of each."""

    path: str
    faults: list[RuleFault] = field(default_factory=list)
    nodes: int = 0

    def fault(self, bad: _Bad) -> None:
        self.faults.append(RuleFault(self.path, bad.line, bad.what, bad.next_step))

    def plain(self, node: yaml.Node) -> Any:
        """Plain data; texts, numbers and truth values as YAML's safe subset reads them.

        Raises:
            _Bad: the document is too large once its aliases are followed, or a value is of an odd type.
        """
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise _Bad(line_of(node), f"has more than {MAX_NODES} values", "write shorter test cases")
        if isinstance(node, yaml.MappingNode):
            return {str(self.plain(key)): self.plain(value) for key, value in node.value}
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item) for item in node.value]
        constructor = yaml.constructor.SafeConstructor()
        try:
            value = constructor.construct_object(node)
        except yaml.YAMLError as problem:
            raise _Bad(line_of(node), f"cannot be read: {getattr(problem, 'problem', problem)}") from None
        return value if value is None or isinstance(value, (str, int, float, bool)) else str(node.value)


def parse_rules(text: str, path: str) -> RulePack:
    """Read a rules file.

    Args:
        text: its content.
        path: its name, for faults and origins.

    Returns:
        the rules and test cases that can be used, and a fault with its line for everything else. Nothing is
        raised: a file that is no YAML at all has one fault and no rules.
    """
    reader = _Reader(path)
    if len(text) > MAX_BYTES:
        return RulePack(path, faults=(RuleFault(path, 1, "is larger than 1 MB", "split it"),))
    try:
        root = yaml.compose(text, yaml.CSafeLoader)
        if root is None:
            return RulePack(path)
        entries = _entries(root, frozenset({"version", "rules", "tests"}), "the file")
        version = entries.get("version")
        if version is not None and reader.plain(version) != 1:
            raise _Bad(line_of(version), "is not of version 1", "this gko-tui reads version 1")
        rules = tuple(_each(entries.get("rules"), "rules", reader, _rule))
        cases = tuple(_each(entries.get("tests"), "tests", reader, _case))
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        what = f"is no YAML: {getattr(problem, 'problem', None) or 'cannot be read'}"
        return RulePack(path, faults=(RuleFault(path, (mark.line if mark else 0) + 1, what),))
    except RecursionError:
        return RulePack(path, faults=(RuleFault(path, 1, "is nested too deeply, or holds itself"),))
    except _Bad as bad:
        reader.fault(bad)
        return RulePack(path, faults=tuple(reader.faults))
    return RulePack(path, tuple(_unique(rules, reader)), cases, tuple(reader.faults))


def line_of(node: yaml.Node) -> int:
    """The line of a node, from 1."""
    return int(node.start_mark.line) + 1


def _each(node: yaml.Node | None, name: str, reader: _Reader, read: Any) -> Iterator[Any]:
    if node is None or (isinstance(node, yaml.ScalarNode) and not node.value):
        return
    if not isinstance(node, yaml.SequenceNode):
        raise _Bad(line_of(node), f"{name} is no list", f"write `{name}:` and below it lines with `- `")
    for item in node.value:
        try:
            yield read(item, reader)
        except _Bad as bad:
            reader.fault(bad)


def _unique(rules: tuple[IgnoreRule, ...], reader: _Reader) -> Iterator[IgnoreRule]:
    seen: set[str] = set()
    for rule in rules:
        if rule.name in seen:
            line = int(rule.origin.rpartition(":")[2])
            reader.fault(_Bad(line, f"a rule named {rule.name} stands above", "give it another name"))
        else:
            yield rule
        seen.add(rule.name)


def _entries(node: yaml.Node, known: frozenset[str], what: str) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise _Bad(line_of(node), f"{what} is no map of {', '.join(sorted(known))}")
    out: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if key.value not in known:
            raise _Bad(
                line_of(key), f"{what} has no field {key.value!r}", f"it has {', '.join(sorted(known))}"
            )
        if key.value in out:
            raise _Bad(line_of(key), f"{what} has {key.value!r} twice")
        out[key.value] = value
    return out


def _text(entries: dict[str, yaml.Node], name: str, node: yaml.Node, what: str) -> str:
    found = entries.get(name)
    if not isinstance(found, yaml.ScalarNode) or not found.value.strip():
        raise _Bad(line_of(found or node), f"{what} needs {name!r}, a text")
    return str(found.value).strip()


def _rule(node: yaml.Node, reader: _Reader) -> IgnoreRule:
    entries = _entries(node, _RULE_KEYS, "a rule")
    name = _text(entries, "rule", node, "a rule")
    if not _NAME.fullmatch(name):
        raise _Bad(line_of(entries["rule"]), "a rule's name is no name", "write letters, digits, - and _")
    reason = _text(entries, "reason", node, f"rule {name}")
    if "ignore" not in entries:
        raise _Bad(
            line_of(node), f"rule {name} ignores nothing", "give it `ignore`, a path or a list of them"
        )
    patterns = tuple(_patterns(entries["ignore"], name))
    where = _where(entries["where"], name) if "where" in entries else Where()
    return IgnoreRule(name, patterns, reason, where, f"{reader.path}:{line_of(node)}")


def _patterns(node: yaml.Node, rule: str) -> Iterator[Pattern]:
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not items:
        raise _Bad(line_of(node), f"rule {rule} ignores nothing", "give it a path")
    for item in items:
        if not isinstance(item, yaml.ScalarNode):
            raise _Bad(line_of(item), f"a path of rule {rule} is no text")
        text = str(item.value)
        try:
            pattern = parse_pattern(text)
        except ValueError as problem:
            told = f"the path {text!r} of rule {rule} {problem}"
            raise _Bad(line_of(item), told, "write it as spec.plans[*].tags or /spec/tags") from None
        if len(pattern) == 1 and pattern[0].text in _TOO_WIDE:
            raise _Bad(
                line_of(item), f"the path {text!r} of rule {rule} would hide everything", "name a field"
            )
        yield pattern


def _where(node: yaml.Node, rule: str) -> Where:
    entries = _entries(node, _WHERE_KEYS, f"`where` of rule {rule}")
    if not entries:
        raise _Bad(line_of(node), f"`where` of rule {rule} is empty", "leave it out to mean every resource")
    texts = {name: _text(entries, name, node, f"`where` of rule {rule}") for name in entries}
    labels, hop = texts.pop("labels", None), texts.pop("hop", None)
    return Where(
        **texts,
        hop=_hop(hop, entries["hop"]) if hop is not None else None,
        labels=_labels(labels, entries["labels"]) if labels is not None else None,
    )


def _hop(text: str, node: yaml.Node) -> Place:
    hops = {place.value: place for place in HOPS}
    if text not in hops:
        raise _Bad(line_of(node), f"{text!r} is no hop", f"write one of {', '.join(hops)}")
    return hops[text]


def _labels(text: str, node: yaml.Node) -> LabelSelector:
    try:
        return LabelSelector.parse(text)
    except UsageError as problem:
        raise _Bad(line_of(node), f"{problem.subject} {problem.what}", problem.next_step) from None


def _case(node: yaml.Node, reader: _Reader) -> RuleCase:
    entries = _entries(node, _CASE_KEYS, "a test")
    name = _text(entries, "case", node, "a test")
    sides = []
    for side in ("git", "cluster"):
        body = reader.plain(entries[side]) if side in entries else None
        if not isinstance(body, dict) or not isinstance(body.get("kind"), str):
            raise _Bad(
                line_of(entries.get(side, node)), f"test {name!r} needs {side!r}, a document with a kind"
            )
        sides.append(body)
    if "expect" not in entries:
        raise _Bad(
            line_of(node), f"test {name!r} expects nothing", "give it `expect`, a list of paths, or []"
        )
    on = _entries(entries["on"], _ON_KEYS, f"`on` of test {name!r}") if "on" in entries else {}
    return RuleCase(
        name,
        sides[0],
        sides[1],
        expect=tuple(_paths(entries["expect"], name)),
        ignored=tuple(_paths(entries["ignored"], name)) if "ignored" in entries else None,
        on_cluster=_text(on, "cluster", node, "`on`") if "cluster" in on else "",
        hop=_hop(str(on["hop"].value), on["hop"]) if "hop" in on else Place.CLUSTER,
        origin=f"{reader.path}:{line_of(node)}",
    )


def _paths(node: yaml.Node, name: str) -> Iterator[str]:
    if not isinstance(node, yaml.SequenceNode):
        raise _Bad(line_of(node), f"a list of test {name!r} is no list", "write [] or [spec.tags, …]")
    for item in node.value:
        if not isinstance(item, yaml.ScalarNode):
            raise _Bad(line_of(item), f"a list of test {name!r} holds more than texts")
        yield str(item.value)
