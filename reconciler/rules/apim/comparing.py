"""What would be sent against what APIM holds: both brought to one form, compared three-way, safe to show.

One ordered, idempotent pipeline of named rules for both sides (DOMAIN §9 says what APIM does to a body); the
leaf-by-leaf verdict is the same as on every other hop (`rules.judging`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.changes import Ignored
from reconciler.model.verdicts import Verdict
from reconciler.rules import identity as ids
from reconciler.rules.apim.bodies import Body
from reconciler.rules.apim.dropped import dropped_by
from reconciler.rules.apim.hop_notes import GROUPS_UNKNOWN, ORDER_DRAWN, hidden_by, noted
from reconciler.rules.apim.hop_rules import HOP_RULES, in_stated_order
from reconciler.rules.apim.hop_secrets import as_plain, hidden, secret_places, shown_lines
from reconciler.rules.apim.rules_others import RULES_BY_KIND
from reconciler.rules.apim.rules_v2 import LISTS as LISTS_V2
from reconciler.rules.apim.rules_v2 import held_v2, sent_v2
from reconciler.rules.apim.sieve import Dropped, Facts, Sieve, finished, nodes, taken
from reconciler.rules.canonical import canonical
from reconciler.rules.digests import LeafDigests, leaf_digests, pack_leaves
from reconciler.rules.ignoring import IgnoreRule, leave_out
from reconciler.rules.judging import Judgement, judge
from reconciler.rules.lists import RuleNode, rule_tree
from reconciler.rules.normalise import Normalised

API_V2 = "ApiDefinition"
COMPARABLE = frozenset({*RULES_BY_KIND, API_V2})
"""The kinds whose state APIM returns in a form that can be compared with what is sent."""

_SIEVES = {kind: Sieve.of(rules) for kind, rules in RULES_BY_KIND.items()}
_EMPTY = Sieve()


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
        facts = facts or facts_of(body)
        content = sent_v2(body.content, _group_ids(body), facts.dropped.groups)
        return _document(finished(content, rules.below("spec")), body.kind, rules)
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
    noting: bool = False,
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
        noting: whether `ignored` is to name every rule that made something equal, with the path; slow.

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
    ignored = [*_hidden_by_rules(body, held, facts, left.rules)] if noting else []
    left, right = _left_out(left, ignore, ignored), _left_out(right, ignore, ignored)
    if not ordered:
        ignored.extend(_orders(body, held))
    if body.kind == API_V2 and body.content.get("groups") and "groups" not in left.get("spec", {}):
        ignored.append(Ignored(("spec", "groups"), GROUPS_UNKNOWN))
    if canonical(left) == canonical(right):
        return Judgement(Verdict.SYNCED, ignored=tuple(dict.fromkeys(ignored)))
    secret = secret_places(left)
    plain = as_plain(left) if secret else left
    judged = judge(plain, right, synced, key=key, ruleset=HOP_RULES)
    changes = hidden(judged.changes, secret, key)
    return replace(judged, changes=changes, ignored=tuple(dict.fromkeys((*judged.ignored, *ignored))))


def sent_leaves(body: Body, key: bytes, resource: Mapping[str, Any] | None = None) -> bytes:
    """The packed leaf digests of what would be sent: what a ledger keeps of a state seen in sync.

    Args:
        body: what would be sent.
        key: this machine's digest key.
        resource: the custom resource: what APIM warned of leaving out is no part of the state.
    """
    return pack_leaves(leaf_digests(normalise_sent(body, facts_of(body, resource)), key))


def hop_lines(
    body: Body, held: Mapping[str, Any] | None, *, key: bytes
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Both sides as YAML lines, redacted; none for a side that is absent."""
    facts = facts_of(body)
    left = normalise_sent(body, facts)
    places = secret_places(left)
    right = _right(body, held, facts, left, frozenset()) if held is not None else None
    return shown_lines(left, places, key), shown_lines(right, places, key)


# ---------------------------------------------------------------------------------------


def _orders(body: Body, held: Mapping[str, Any]) -> Iterator[Ignored]:
    """The parts that state an order and are held in another one."""
    for part in sorted(body.in_order):
        sides = [
            [item.get("hrid") for item in nodes(content, f"{part}.*")] for content in (body.content, held)
        ]
        if sides[0] != sides[1] and sorted(map(str, sides[0])) == sorted(map(str, sides[1])):
            yield Ignored(("spec", part), ORDER_DRAWN)


def _hidden_by_rules(
    body: Body, held: Mapping[str, Any], facts: Facts, rules: RuleNode
) -> tuple[Ignored, ...]:
    """What rules made equal; of an API of version 2, whose two sides use other words, nothing is told."""
    if body.kind == API_V2:
        return ()
    sieve, below = _SIEVES.get(body.kind, _EMPTY), rules.below("spec")
    return hidden_by(*(noted(content, sieve, facts, below)[1] for content in (body.content, held)))


def _left_out(side: Normalised, ignore: tuple[IgnoreRule, ...], left_out: list[Ignored]) -> Normalised:
    """A side without what ignore rules name; rules that ask for a field manager have none to ask here."""
    rules = [rule for rule in ignore if rule.where.manager is None]
    return side.with_content(leave_out(side, rules, side.rules, left_out)) if rules else side


def _group_ids(body: Body) -> dict[str, str]:
    place = body.identity.place
    return {
        name: ids.resource_id(place.organization, place.environment, hrid)
        for name, hrid in body.group_hrids.items()
    }


def _right(
    body: Body, held: Mapping[str, Any], facts: Facts, left: Normalised, in_order: frozenset[str]
) -> Normalised:
    if body.kind == API_V2:
        below = left.rules.below("spec")
        content = held_v2(held, left.get("spec", {}), below)
        return _document(finished(content, below), body.kind, left.rules)
    return normalise_held(body.kind, held, facts, in_order=in_order)


def _normalised(kind: str, content: Mapping[str, Any], facts: Facts, rules: RuleNode) -> Normalised:
    spec = taken(content)
    _SIEVES.get(kind, _EMPTY).apply(spec, facts)
    return _document(finished(spec, rules.below("spec")), kind, rules)


def _document(spec: dict[str, Any], kind: str, rules: RuleNode) -> Normalised:
    return Normalised({"spec": spec}, kind, rules)


@functools.cache
def _rules(kind: str, in_order: frozenset[str]) -> RuleNode:
    if kind == API_V2:
        return rule_tree(LISTS_V2, ())
    return rule_tree(in_stated_order(HOP_RULES, kind, in_order), ())


__all__ = [
    "COMPARABLE",
    "compare",
    "facts_of",
    "hop_lines",
    "normalise_held",
    "normalise_sent",
    "sent_leaves",
]
