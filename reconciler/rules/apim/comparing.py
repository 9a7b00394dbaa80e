"""What would be sent against what APIM holds: both brought to one form, compared three-way, safe to show.

One ordered, idempotent pipeline of named rules for both sides (DOMAIN §9 says what APIM does to a body); the
leaf-by-leaf verdict is the same as on every other hop (`rules.judging`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.changes import ABSENT, Change, Ignored, KeyPath, KeyStep, Redacted
from reconciler.model.verdicts import Verdict
from reconciler.rules.apim.bodies import Body
from reconciler.rules.apim.dropped import dropped_by
from reconciler.rules.apim.hop_rules import HOP_RULES, in_stated_order
from reconciler.rules.apim.rules_others import RULES_BY_KIND
from reconciler.rules.apim.rules_v2 import LISTS as LISTS_V2
from reconciler.rules.apim.rules_v2 import held_v2, sent_v2
from reconciler.rules.apim.sieve import Dropped, Facts, copied, drop_empties, sort_unordered
from reconciler.rules.apim.templates import FromTemplate
from reconciler.rules.digests import LeafDigests, leaf_digests, pack_leaves
from reconciler.rules.ignoring import IgnoreRule, leave_out
from reconciler.rules.judging import Judgement, judge
from reconciler.rules.lists import RuleNode, element_keys, rule_tree
from reconciler.rules.normalise import Normalised
from reconciler.rules.redact import Shown, redact_body, redacted
from reconciler.rules.text import document_lines

API_V2 = "ApiDefinition"
COMPARABLE = frozenset({*RULES_BY_KIND, API_V2})
"""The kinds whose state APIM returns in a form that can be compared with what is sent."""


def facts_of(body: Body, resource: Mapping[str, Any] | None = None) -> Facts:
    """What the rules must know besides a body: its organization, its groups, what APIM dropped of it.

    Args:
        body: what would be sent.
        resource: the custom resource, whose status keeps what APIM warned of.
    """
    dropped = dropped_by(resource) if resource is not None else Dropped()
    return Facts(body.identity.place.organization, dict(body.group_hrids), dropped)


def normalise_sent(
    body: Body, facts: Facts | None = None, *, in_order: frozenset[str] = frozenset()
) -> Normalised:
    """Bring what would be sent to the form in which it is compared.

    Args:
        body: what would be sent.
        facts: what the rules must know besides.
        in_order: the parts (`plans`, `pages`) whose order means something.
    """
    rules = _rules(body.kind, in_order)
    if body.kind == API_V2:
        return _sorted(sent_v2(body.content), body.kind, rules)
    return _normalised(body.kind, body.content, facts or facts_of(body), rules)


def normalise_held(
    kind: str, held: Mapping[str, Any], facts: Facts | None = None, *, in_order: frozenset[str] = frozenset()
) -> Normalised:
    """Bring what APIM holds to the form in which it is compared.

    Args:
        kind: the kind of the resource.
        held: the state as the Automation API returns it.
        facts: what the rules must know besides.
        in_order: the parts (`plans`, `pages`) whose order means something.
    """
    return _normalised(kind, held, facts or Facts(), _rules(kind, in_order))


def compare(
    body: Body,
    held: Mapping[str, Any] | None,
    synced: LeafDigests | None,
    *,
    key: bytes,
    resource: Mapping[str, Any],
    ordered: bool = False,
    ignore: tuple[IgnoreRule, ...] = (),
) -> Judgement:
    """Compare what would be sent with what is held, three-way where a last synced state is known.

    GKO sends plans and pages in the random order of a Go map (DOMAIN §2.5). So their order counts only where
    we are the ones who send; otherwise a difference of order alone is listed as ignored.

    Args:
        body: what would be sent.
        held: what APIM returned; None where it has nothing.
        synced: the leaf digests of the last synced state, made under the same key, or None.
        key: this machine's digest key.
        resource: the custom resource.
        ordered: whether a stated order of plans and pages counts.
        ignore: the ignore rules that are for this resource on this hop.

    Returns:
        Missing without changes where nothing is held; else as `rules.judging.judge`. Values that came from
        Secrets and ConfigMaps are redacted on both sides.
    """
    if held is None:
        return Judgement(Verdict.MISSING)
    facts = facts_of(body, resource)
    in_order = body.in_order if ordered else frozenset()
    left = normalise_sent(body, facts, in_order=in_order)
    right = _right(body, held, facts, left, in_order)
    hidden: list[Ignored] = []
    left, right = _left_out(left, ignore, hidden), _left_out(right, ignore, hidden)
    judged = judge(left, right, synced, key=key, ruleset=HOP_RULES)
    if hidden:
        judged = replace(judged, ignored=tuple(dict.fromkeys((*judged.ignored, *hidden))))
    if not ordered:
        judged = replace(judged, ignored=(*judged.ignored, *_orders(body, held)))
    secret = frozenset(_from_templates(left, left.rules, ()))
    if not secret or not judged.changes:
        return judged
    return replace(judged, changes=Shown(_hidden(change, secret, key) for change in judged.changes))


def sent_leaves(body: Body, key: bytes) -> bytes:
    """The packed leaf digests of what would be sent: what a ledger keeps of a state seen in sync."""
    return pack_leaves(leaf_digests(normalise_sent(body), key))


def hop_lines(
    body: Body, held: Mapping[str, Any] | None, *, key: bytes
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Both sides as YAML lines, redacted; none for a side that is absent."""
    facts = facts_of(body)
    left = normalise_sent(body, facts)
    secret = frozenset(_from_templates(left, left.rules, ()))
    right = _right(body, held, facts, left, frozenset()) if held is not None else None
    return _lines(left, secret, key), _lines(right, secret, key)


# ---------------------------------------------------------------------------------------


ORDER_DRAWN = "order-drawn-by-the-operator"
"""The name of the rule that leaves the order of plans and pages alone which GKO sends at random."""


def _orders(body: Body, held: Mapping[str, Any]) -> Iterator[Ignored]:
    """The parts that state an order and are held in another one."""
    for part in sorted(body.in_order):
        sides = [
            [item.get("hrid") for item in content.get(part) or () if isinstance(item, Mapping)]
            for content in (body.content, held)
        ]
        if sides[0] != sides[1] and sorted(map(str, sides[0])) == sorted(map(str, sides[1])):
            yield Ignored(("spec", part), ORDER_DRAWN)


def _left_out(side: Normalised, ignore: tuple[IgnoreRule, ...], hidden: list[Ignored]) -> Normalised:
    """A side without what ignore rules name; rules that ask for a field manager have none to ask here."""
    rules = [rule for rule in ignore if rule.where.manager is None]
    return side.with_content(leave_out(side, rules, side.rules, hidden)) if rules else side


def _right(
    body: Body, held: Mapping[str, Any], facts: Facts, left: Normalised, in_order: frozenset[str]
) -> Normalised:
    if body.kind == API_V2:
        content = held_v2(held, left.get("spec", {}), left.rules.below("spec"))
        return _sorted(content, body.kind, left.rules)
    return normalise_held(body.kind, held, facts, in_order=in_order)


def _normalised(kind: str, content: Mapping[str, Any], facts: Facts, rules: RuleNode) -> Normalised:
    spec = copied(dict(content))
    for rule in RULES_BY_KIND.get(kind, ()):
        rule.apply(spec, facts)
    drop_empties(spec)
    return _sorted(spec, kind, rules)


def _sorted(spec: dict[str, Any], kind: str, rules: RuleNode) -> Normalised:
    return Normalised({"spec": sort_unordered(spec, rules.below("spec"))}, kind, rules)


@functools.cache
def _rules(kind: str, in_order: frozenset[str]) -> RuleNode:
    if kind == API_V2:
        return rule_tree(LISTS_V2, ())
    return rule_tree(in_stated_order(HOP_RULES, kind, in_order), ())


def _from_templates(value: Any, rules: RuleNode, path: KeyPath) -> Iterator[KeyPath]:
    """Where a document holds what a Secret or ConfigMap gave; in unnamed lists, the whole list."""
    if isinstance(value, FromTemplate):
        yield path
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _from_templates(item, rules.below(name), (*path, name))
    elif isinstance(value, list):
        names = element_keys(value, rules.listed)
        for at, item in enumerate(value):
            inside = _from_templates(item, rules.below(0), (*path, names[at]) if names else path)
            yield from inside if names else (path for _ in inside)


def _hidden(change: Change, secret: frozenset[KeyPath], key: bytes) -> Change:
    """A change whose values came from a Secret on either side, redacted."""
    path = change.path
    if not any(path[: len(at)] == at or at[: len(path)] == path for at in secret):
        return change
    left, right = (side if side is ABSENT else _hide(side, key) for side in (change.left, change.right))
    return replace(change, left=left, right=right)


def _hide(value: object, key: bytes) -> object:
    if isinstance(value, dict):
        return {name: _hide(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [_hide(item, key) for item in value]
    return value if value is None or isinstance(value, (bool, Redacted)) else redacted(value, key)


def _lines(document: Normalised | None, secret: frozenset[KeyPath], key: bytes) -> tuple[str, ...]:
    if document is None:
        return ()
    shown = redact_body(document, document.kind, key)
    if secret:
        shown = {
            name: _blank(item, document.rules.below(name), (name,), secret, key)
            for name, item in shown.items()
        }
    return document_lines(shown)


def _blank(value: Any, rules: RuleNode, path: KeyPath, secret: frozenset[KeyPath], key: bytes) -> Any:
    """A part of a document with everything below these paths redacted."""
    if path in secret:
        return _hide(value, key)
    if isinstance(value, dict):
        return {
            name: _blank(item, rules.below(name), (*path, name), secret, key) for name, item in value.items()
        }
    if isinstance(value, list):
        names: list[KeyStep] | None = element_keys(value, rules.listed)
        return [
            _blank(item, rules.below(0), (*path, names[at] if names else at), secret, key)
            for at, item in enumerate(value)
        ]
    return value


__all__ = [
    "COMPARABLE",
    "compare",
    "facts_of",
    "hop_lines",
    "normalise_held",
    "normalise_sent",
    "sent_leaves",
]
