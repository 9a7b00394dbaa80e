"""Normalising: the one form in which two places are compared (ENGINE §4, steps 1 to 6).

A fixed order of idempotent steps, pure data to data: server fields go, the schema's defaults come in and
unknown fields go, formats and lists get one form, what the server takes for absent goes, then the named
rules of the kind. Redaction is for showing and is not part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

from reconciler.model.changes import Ignored
from reconciler.rules.defaults import Plan, as_is, compile_plan, is_empty
from reconciler.rules.ignoring import IgnoreRule, leave_out
from reconciler.rules.lists import NOTHING, RuleNode
from reconciler.rules.noting import note_metadata, note_rule, note_schema
from reconciler.rules.ownership import Named, not_ours
from reconciler.rules.ruleset import RuleSet, Step
from reconciler.rules.schema import Schema

SKIPPED = frozenset({"apiVersion", "kind", "metadata", "status"})
"""Top-level fields that are not compared as such; labels and annotations are taken out of metadata."""

SERVER_ANNOTATIONS = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        "gravitee.io/last-spec-hash",
        "gravitee.io/last-secret-ref",
        "gravitee.io/references",
    }
)
"""Annotations that kubectl and GKO write for themselves (DOMAIN §2.1)."""

NONE_OF_TOOLS: Mapping[Named, str] = MappingProxyType({})


class Normalised(dict[str, Any]):
    """A normalised document: `metadata` (labels and annotations only, if there are any) and the rest.

    It remembers its kind, how its lists are matched and which labels and annotations are a tool's own, so
    that comparing and digesting follow the same rules. It shares parts with what it was made from: take it
    as read-only.
    """

    __slots__ = ("kind", "not_ours", "rules")

    def __init__(
        self,
        content: dict[str, Any],
        kind: str = "",
        rules: RuleNode = NOTHING,
        not_ours: Mapping[Named, str] = NONE_OF_TOOLS,
    ) -> None:
        super().__init__(content)
        self.kind = kind
        self.rules = rules
        self.not_ours = not_ours
        """The rule by (`labels` or `annotations`, name): these count only where the other side has them."""

    def with_content(self, content: dict[str, Any]) -> Normalised:
        """Other content under the same rules."""
        return Normalised(content, self.kind, self.rules, self.not_ours)


def not_ours_of(document: dict[str, Any]) -> Mapping[Named, str]:
    """The labels and annotations of a document that are a tool's own, with the rule."""
    return document.not_ours if isinstance(document, Normalised) else NONE_OF_TOOLS


def rules_of(document: dict[str, Any]) -> RuleNode:
    """How the lists of a document are matched; by position where it was not made by `normalise`."""
    return document.rules if isinstance(document, Normalised) else NOTHING


def kind_of(document: dict[str, Any]) -> str:
    """The kind of a document, as far as it says one."""
    if isinstance(document, Normalised):
        return document.kind
    kind = document.get("kind")
    return kind if isinstance(kind, str) else ""


def normalise(
    body: dict[str, Any], schema: Schema, ruleset: RuleSet, *, ignored: list[Ignored] | None = None
) -> Normalised:
    """Bring an object to the form in which it is compared.

    Args:
        body: the object as Git or a cluster gives it; it is not changed.
        schema: what the cluster serves for its kind.
        ruleset: the rules in force.
        ignored: gets one entry for every rule that hid or filled something, with the path.

    Returns:
        `{"metadata": {"labels": …, "annotations": …}, "spec": …}`; normalising it again gives it back.
        Values of a wrong type are kept, so that they show as differences.
    """
    kind = kind_of(body)
    special = ruleset.of(kind)
    plan = _plan(schema, ruleset, kind)
    fields = _fields(body, plan)
    if ignored is not None:
        note_schema(body, fields, plan, schema.openapi, SKIPPED, ignored)
    for rule in special.rules:
        before, fields = fields, rule.apply(fields)
        if ignored is not None and fields is not before:
            note_rule(before, fields, rule.name, ignored, plan.rules)
    raw = body.get("metadata")
    metadata = _metadata(raw)
    if ignored is not None:
        note_metadata(raw, metadata, SERVER_ANNOTATIONS, ignored)
    tools = not_ours(raw) if metadata and isinstance(raw, dict) else NONE_OF_TOOLS
    content = {"metadata": metadata, **fields} if metadata else fields
    ignore = ruleset.early(kind) if ruleset.ignore else ()
    if ignore:
        content = leave_out(content, _named(ignore, raw), plan.rules, ignored)
    return Normalised(content, kind, plan.rules, tools)


def shaped(body: dict[str, Any], ruleset: RuleSet) -> Normalised:
    """Bring an object into the shape of a normalised one, its fields nearly as they are.

    Only what is empty right below `spec` goes. Where the rest equals what `normalise` made of the other side,
    normalising it would change nothing, for what is normalised stays as it is.
    """
    kind = kind_of(body)
    fields = {name: value for name, value in body.items() if name not in SKIPPED}
    spec, rules = fields.get("spec"), ruleset.tree(kind).below("spec")
    if isinstance(spec, dict):
        empty = {
            name
            for name, rule in rules.children.items()
            if rule.drop_empty and name in spec and is_empty(spec[name])
        }
        if empty:
            fields["spec"] = {name: value for name, value in spec.items() if name not in empty}
    raw = body.get("metadata")
    metadata = _metadata(raw)
    tools = not_ours(raw) if metadata and isinstance(raw, dict) else NONE_OF_TOOLS
    content = {"metadata": metadata, **fields} if metadata else fields
    return Normalised(content, kind, NOTHING, tools)


def _named(rules: Iterable[IgnoreRule], metadata: object) -> list[IgnoreRule]:
    """Those of some ignore rules that are for a resource of this name."""
    name = str(metadata.get("name", "")) if isinstance(metadata, dict) else ""
    return [rule for rule in rules if rule.where.name is None or fnmatchcase(name, rule.where.name)]


def _plan(schema: Schema, ruleset: RuleSet, kind: str) -> Plan:
    return schema.plan((ruleset.digest, kind), lambda: _compiled(schema, ruleset, kind))


def _compiled(schema: Schema, ruleset: RuleSet, kind: str) -> Plan:
    return compile_plan(
        schema.openapi if Step.DEFAULTS in ruleset else {},
        ruleset.tree(kind),
        SKIPPED,
        formats=Step.FORMATS in ruleset,
        in_order=Step.LISTS not in ruleset,
    )


def _fields(body: dict[str, Any], plan: Plan) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in body.items():
        if name in SKIPPED or (value is None and name in plan.fields):
            continue
        if name in plan.fields:
            convert = plan.fields[name]
            out[name] = value if convert is None else convert(value)
        elif not plan.closed:
            out[name] = as_is(value)
    for name, default in plan.defaults.items():
        out.setdefault(name, default)
    return out


def _metadata(metadata: object) -> dict[str, Any]:
    if not isinstance(metadata, dict):
        return {}
    out: dict[str, Any] = {}
    labels = metadata.get("labels")
    if labels.__class__ is dict and labels:
        out["labels"] = _without_nulls(labels)
    annotations = metadata.get("annotations")
    if annotations.__class__ is dict and annotations:
        kept = annotations
        if not SERVER_ANNOTATIONS.isdisjoint(annotations):
            kept = {name: value for name, value in annotations.items() if name not in SERVER_ANNOTATIONS}
        if kept:
            out["annotations"] = _without_nulls(kept)
    return out


def _without_nulls(entries: dict[str, Any]) -> dict[str, Any]:
    """The server reads a null in a map of strings as an empty string."""
    if None not in entries.values():
        return entries
    return {name: "" if value is None else value for name, value in entries.items()}
