"""What someone adds on the cluster behind Git's back: silent in a dry run, drift with a name for us."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest

from reconciler.model.verdicts import Verdict
from reconciler.rules.comparing import Judgement, judge, leaf_digests
from reconciler.rules.normalise import normalise
from reconciler.rules.ruleset import STANDARD
from tests.oracle.conftest import Pair, Settings, how_many
from tests.oracle.server import OURS, Answer, Oracle

pytestmark = pytest.mark.peers

KEY = b"k" * 32
PERSON = "kubectl-patch"
SEED = 4_711


@dataclass(frozen=True, slots=True)
class Addition:
    """Something added to an object: where, what, and how to take it away again."""

    pair: Pair
    what: str
    path: tuple[str, ...]
    value: Any

    @property
    def doing(self) -> dict[str, Any]:
        """The merge patch that adds it."""
        return _nested(self.path, self.value)

    @property
    def undoing(self) -> dict[str, Any]:
        """The merge patch that takes it away again, with whatever stands around it for its sake only."""
        held: Any = self.pair.live
        for at, step in enumerate(self.path):
            if not isinstance(held, dict) or step not in held:
                return _nested(self.path[: at + 1], None)
            held = held[step]
        return _nested(self.path, held)


def _nested(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    for step in reversed(path):
        value = {step: value}
    return value  # type: ignore[no-any-return]


def _samples(pairs: list[Pair]) -> dict[tuple[str, str], Any]:
    """An element of each kind's plans, pages, flows and members, taken from the examples themselves."""
    found: dict[tuple[str, str], Any] = {}
    for pair in pairs:
        spec = pair.git.get("spec") or {}
        flows = [flow for plan in _values(spec.get("plans")) for flow in plan.get("flows") or ()]
        parts = {part: _values(spec.get(part)) for part in ("plans", "pages", "members", "flows")}
        parts["flows"] += flows
        for part, elements in parts.items():
            if elements:
                found.setdefault((pair.kind.name, part), elements[0])
    return found


def _values(part: Any) -> list[Any]:
    if isinstance(part, dict):
        return list(part.values())
    return list(part) if isinstance(part, list) else []


def _possible(pair: Pair, samples: dict[tuple[str, str], Any], name: str) -> Iterator[Addition]:
    """Additions that Git says nothing of: entries of maps, whole lists that it leaves out, labels."""
    spec = pair.git.get("spec") or {}
    known = pair.kind.schema.openapi["properties"]["spec"]["properties"]
    yield Addition(pair, "label", ("metadata", "labels", name), "on-call")
    for part in ("plans", "pages"):
        sample = samples.get((pair.kind.name, part))
        is_map = known.get(part, {}).get("type") == "object"
        if sample is not None and is_map:
            yield Addition(pair, part, ("spec", part, name), sample)
    for part in ("flows", "members"):
        sample = samples.get((pair.kind.name, part))
        if sample is not None and part not in spec:
            yield Addition(pair, part, ("spec", part), [sample])
    for plan, content in spec["plans"].items() if isinstance(spec.get("plans"), dict) else ():
        sample = samples.get((pair.kind.name, "flows"))
        if sample is not None and isinstance(content, dict) and "flows" not in content:
            yield Addition(pair, "flows", ("spec", "plans", plan, "flows"), [sample])


def _additions(pairs: list[Pair]) -> Iterator[Addition]:
    """Endless additions, every example in turn, every sort of addition equally often."""
    chance = random.Random(SEED)
    samples = _samples(pairs)
    at = 0
    while True:
        for what in ("plans", "pages", "flows", "members", "label"):
            pool = [
                addition
                for pair in chance.sample(pairs, 12)
                for addition in _possible(pair, samples, f"behind-git-{at}")
                if addition.what == what
            ]
            if pool:
                at += 1
                yield chance.choice(pool)


def _judged(oracle: Oracle, addition: Addition) -> tuple[Answer, Judgement]:
    """Add for real, ask both sides, take away again."""
    pair = addition.pair
    changed = oracle.patched(pair.live, addition.doing, PERSON)
    try:
        said = oracle.ask(pair.git, changed)
    finally:
        oracle.patched(pair.live, addition.undoing, PERSON)
    schema = pair.kind.schema
    left, right = (normalise(body, schema, STANDARD) for body in (pair.git, changed))
    return said.answer, judge(left, right, leaf_digests(left, KEY), key=KEY, body=changed)


def test_each_addition_is_drift_by_whoever_made_it_though_the_dry_run_is_silent(
    settings_by_creator: Settings,
) -> None:
    setting = settings_by_creator(OURS, "additions")
    seen: dict[str, int] = {}
    for addition in islice(_additions(setting.pairs), how_many(500, 60)):
        answer, judgement = _judged(setting.oracle, addition)
        told = f"{addition.what} at {addition.path} of {addition.pair.git['metadata']['name']}"
        assert answer is Answer.UNCHANGED, told
        assert judgement.verdict is Verdict.DRIFTED, told
        assert judgement.changes, told
        for change in judgement.changes:
            assert change.path[: len(addition.path)] == addition.path[: len(change.path)], told
            assert change.manager == PERSON, f"{told}: {change}"
        seen[addition.what] = seen.get(addition.what, 0) + 1
    assert set(seen) == {"plans", "pages", "flows", "members", "label"}
