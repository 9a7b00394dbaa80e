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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from reconciler.model.changes import KeyPath
from reconciler.model.errors import UsageError
from reconciler.model.keys import LabelSelector
from reconciler.model.verdicts import HOPS, Place
from reconciler.rules.ignoring import IgnoreRule, Where
from reconciler.rules.patterns import Pattern, parse_pattern, pattern_text
from reconciler.rules.rules_yaml import Bad, Reader, RuleFault, each_of, entries_of, line_of, text_of

MAX_BYTES = 1_000_000
_RULE_KEYS = frozenset({"rule", "ignore", "reason", "where"})
_WHERE_KEYS = frozenset({"kind", "namespace", "name", "cluster", "hop", "labels", "manager"})
_CASE_KEYS = frozenset({"case", "git", "cluster", "on", "expect", "ignored"})
_ON_KEYS = frozenset({"cluster", "hop"})
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_TOO_WIDE = frozenset({"*", "**", "spec", "metadata", "data"})


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


def parse_rules(text: str, path: str) -> RulePack:
    """Read a rules file.

    Args:
        text: its content.
        path: its name, for faults and origins.

    Returns:
        the rules and test cases that can be used, and a fault with its line for everything else. Nothing is
        raised: a file that is no YAML at all has one fault and no rules.
    """
    reader = Reader(path)
    if len(text) > MAX_BYTES:
        return RulePack(path, faults=(RuleFault(path, 1, "is larger than 1 MB", "split it"),))
    try:
        root = yaml.compose(text, yaml.CSafeLoader)
        if root is None:
            return RulePack(path)
        entries = entries_of(root, frozenset({"version", "rules", "tests"}), "the file")
        version = entries.get("version")
        if version is not None and reader.plain(version) != 1:
            raise Bad(line_of(version), "is not of version 1", "this gko-tui reads version 1")
        rules = tuple(each_of(entries.get("rules"), "rules", reader, _rule))
        cases = tuple(each_of(entries.get("tests"), "tests", reader, _case))
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        what = f"is no YAML: {getattr(problem, 'problem', None) or 'cannot be read'}"
        return RulePack(path, faults=(RuleFault(path, (mark.line if mark else 0) + 1, what),))
    except RecursionError:
        return RulePack(path, faults=(RuleFault(path, 1, "is nested too deeply, or holds itself"),))
    except Bad as bad:
        reader.fault(bad)
        return RulePack(path, faults=tuple(reader.faults))
    return RulePack(path, tuple(_unique(rules, reader)), cases, tuple(reader.faults))


def _unique(rules: tuple[IgnoreRule, ...], reader: Reader) -> Iterator[IgnoreRule]:
    seen: set[str] = set()
    for rule in rules:
        if rule.name in seen:
            line = int(rule.origin.rpartition(":")[2])
            reader.fault(Bad(line, f"a rule named {rule.name} stands above", "give it another name"))
        else:
            yield rule
        seen.add(rule.name)


def _rule(node: yaml.Node, reader: Reader) -> IgnoreRule:
    entries = entries_of(node, _RULE_KEYS, "a rule")
    name = text_of(entries, "rule", node, "a rule")
    if not _NAME.fullmatch(name):
        raise Bad(line_of(entries["rule"]), "a rule's name is no name", "write letters, digits, - and _")
    reason = text_of(entries, "reason", node, f"rule {name}")
    if "ignore" not in entries:
        raise Bad(line_of(node), f"rule {name} ignores nothing", "give it `ignore`, a path or a list of them")
    patterns = tuple(_patterns(entries["ignore"], name))
    where = _where(entries["where"], name) if "where" in entries else Where()
    return IgnoreRule(name, patterns, reason, where, f"{reader.path}:{line_of(node)}")


def _patterns(node: yaml.Node, rule: str) -> Iterator[Pattern]:
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not items:
        raise Bad(line_of(node), f"rule {rule} ignores nothing", "give it a path")
    for item in items:
        if not isinstance(item, yaml.ScalarNode):
            raise Bad(line_of(item), f"a path of rule {rule} is no text")
        text = str(item.value)
        try:
            pattern = parse_pattern(text)
        except ValueError as problem:
            told = f"the path {text!r} of rule {rule} {problem}"
            raise Bad(line_of(item), told, "write it as spec.plans[*].tags or /spec/tags") from None
        if len(pattern) == 1 and pattern[0].text in _TOO_WIDE:
            raise Bad(
                line_of(item), f"the path {text!r} of rule {rule} would hide everything", "name a field"
            )
        yield pattern


def _where(node: yaml.Node, rule: str) -> Where:
    entries = entries_of(node, _WHERE_KEYS, f"`where` of rule {rule}")
    if not entries:
        raise Bad(line_of(node), f"`where` of rule {rule} is empty", "leave it out to mean every resource")
    texts = {name: text_of(entries, name, node, f"`where` of rule {rule}") for name in entries}
    labels, hop = texts.pop("labels", None), texts.pop("hop", None)
    return Where(
        **texts,
        hop=_hop(hop, entries["hop"]) if hop is not None else None,
        labels=_labels(labels, entries["labels"]) if labels is not None else None,
    )


def _hop(text: str, node: yaml.Node) -> Place:
    hops = {place.value: place for place in HOPS}
    if text not in hops:
        raise Bad(line_of(node), f"{text!r} is no hop", f"write one of {', '.join(hops)}")
    return hops[text]


def _labels(text: str, node: yaml.Node) -> LabelSelector:
    try:
        return LabelSelector.parse(text)
    except UsageError as problem:
        raise Bad(line_of(node), f"{problem.subject} {problem.what}", problem.next_step) from None


def _case(node: yaml.Node, reader: Reader) -> RuleCase:
    entries = entries_of(node, _CASE_KEYS, "a test")
    name = text_of(entries, "case", node, "a test")
    sides = []
    for side in ("git", "cluster"):
        body = reader.plain(entries[side]) if side in entries else None
        if not isinstance(body, dict) or not isinstance(body.get("kind"), str):
            raise Bad(
                line_of(entries.get(side, node)), f"test {name!r} needs {side!r}, a document with a kind"
            )
        sides.append(body)
    if "expect" not in entries:
        raise Bad(line_of(node), f"test {name!r} expects nothing", "give it `expect`, a list of paths, or []")
    on = entries_of(entries["on"], _ON_KEYS, f"`on` of test {name!r}") if "on" in entries else {}
    return RuleCase(
        name,
        sides[0],
        sides[1],
        expect=tuple(_paths(entries["expect"], name)),
        ignored=tuple(_paths(entries["ignored"], name)) if "ignored" in entries else None,
        on_cluster=text_of(on, "cluster", node, "`on`") if "cluster" in on else "",
        hop=_hop(str(on["hop"].value), on["hop"]) if "hop" in on else Place.CLUSTER,
        origin=f"{reader.path}:{line_of(node)}",
    )


def _paths(node: yaml.Node, name: str) -> Iterator[str]:
    if not isinstance(node, yaml.SequenceNode):
        raise Bad(line_of(node), f"a list of test {name!r} is no list", "write [] or [spec.tags, …]")
    for item in node.value:
        if not isinstance(item, yaml.ScalarNode):
            raise Bad(line_of(item), f"a list of test {name!r} holds more than texts")
        yield str(item.value)


def new_rule(name: str, path: KeyPath, reason: str, where: Mapping[str, str]) -> str:
    """Write a rule as it stands in a file, below `rules:`.

    Args:
        name: letters, digits, `-`, `_` and `.`.
        path: what to ignore, such as a change's path.
        reason: why, for whoever reads it later.
        where: fields of `where` (`kind`, `namespace`, `name`, `cluster`, `hop`, `labels`, `manager`).

    Returns:
        lines of YAML that `parse_rules` reads back, indented by two.
    """
    rule: dict[str, object] = {"rule": name, "ignore": [pattern_text(path)], "reason": reason}
    if where:
        rule["where"] = dict(where)
    written = yaml.safe_dump([rule], sort_keys=False, allow_unicode=True, width=1_000)
    return "".join(f"  {line}\n" for line in written.splitlines())
