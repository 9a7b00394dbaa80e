"""The cheap equality says "equal" exactly where comparing in full finds no difference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.engine.fingerprint import Fingerprinter, same
from reconciler.rules.normalise import normalise
from reconciler.rules.ruleset import STANDARD, RuleSet
from reconciler.rules.schema import Schema
from tests.unit.rules.documents import api_specs
from tests.unit.rules.schemas import API, resource

KEY = b"k" * 32
ANY = Schema({})


def print_of(**metadata: Any) -> bytes:
    body = {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "ApiV4Definition",
        "metadata": {"name": "payments", **metadata},
        "spec": {"name": "Payments"},
    }
    return Fingerprinter(KEY, RuleSet()).of(body, ANY)


def on_cluster(**metadata: Any) -> bytes:
    return print_of(uid="0c6e", **metadata)


TEAM = {"labels": {"team": "pay"}}


def test_two_sides_that_state_the_same_are_equal() -> None:
    assert same(print_of(**TEAM), on_cluster(**TEAM))


@pytest.mark.parametrize(
    "held",
    [
        {"labels": {"team": "shop"}},
        {},
        {"labels": {"team": "pay", "owner": "somebody"}},
        {**TEAM, "annotations": {"note": "by hand"}},
    ],
    ids=["another value", "taken away", "a label added", "an annotation added"],
)
def test_what_counts_of_metadata_makes_them_unequal(held: dict[str, Any]) -> None:
    assert not same(print_of(**TEAM), on_cluster(**held))


def test_a_mark_of_a_tool_counts_only_where_git_states_it_too() -> None:
    mark = "argocd.argoproj.io/tracking-id"
    marked = on_cluster(**TEAM, annotations={mark: "shop:1"})
    assert same(print_of(**TEAM), marked)
    assert same(print_of(**TEAM, annotations={mark: "shop:1"}), marked)
    assert not same(print_of(**TEAM, annotations={mark: "shop:2"}), marked)
    assert not same(print_of(**TEAM, annotations={mark: "shop:1"}), on_cluster(**TEAM))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(wanted=api_specs(), other=api_specs(), filled=st.booleans(), empties=st.booleans())
def test_what_equals_the_normalised_side_as_it_stands_equals_it_normalised(
    wanted: dict[str, Any], other: dict[str, Any], filled: bool, empties: bool
) -> None:
    prints = Fingerprinter(KEY, STANDARD)
    left = resource("ApiV4Definition", **wanted)
    held = normalise(left, API, STANDARD) if filled else resource("ApiV4Definition", **other)
    found = {**left, **held, "metadata": {"name": "x", "uid": "1"}}
    if empties and isinstance(found["spec"], dict):
        found["spec"] = {"tags": [], "members": [], **found["spec"]}
    as_it_is, wants = prints.as_it_is(found), prints.of(left, API)
    if same(wants, as_it_is):
        assert same(wants, prints.of(found, API))
        assert as_it_is[:16] == prints.of(found, API)[:16]
    assert not filled or same(wants, as_it_is)
