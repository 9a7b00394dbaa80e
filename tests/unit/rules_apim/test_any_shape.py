"""Whatever a server returns and whatever a manifest holds, comparing comes to a verdict."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.verdicts import Verdict
from reconciler.rules.apim.comparing import COMPARABLE, compare, hop_lines, sent_leaves
from reconciler.rules.digests import unpack_leaves
from tests.unit.rules_apim.described import API, KEY, Content, body_of, judged, put

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = [
    *API,
    "plans/0",
    "plans/0/flows",
    "pages/0",
    "flows/0",
    "flows/0/selectors",
    "flows/0/request/0",
    "flows/0/request/0/configuration",
    "listeners/0",
    "listeners/0/paths",
    "listeners/0/paths/0/path",
    "listeners/0/cors",
    "endpointGroups/0",
    "endpointGroups/0/endpoints",
    "endpointGroups/0/sharedConfiguration",
    "endpointGroups/0/sharedConfiguration/http",
    "endpointGroups/0/services",
    "analytics/logging",
    "metadata/0",
    "metadata/0/name",
    "properties/0",
    "members/0",
    "groups/0",
    "categories/0",
    "responseTemplates/DEFAULT",
    "consoleNotification",
    "settings",
    "endingAt",
    "steps",
    "navigation",
    "proxy",
    "services",
]


def odd(place: str, value: Any) -> Content:
    return put(API, place, value)


@QUICK
@given(st.sampled_from(sorted(COMPARABLE)), st.sampled_from(PLACES), ANYTHING, st.booleans())
def test_any_value_at_any_place_comes_to_a_verdict(kind: str, place: str, value: Any, left: bool) -> None:
    strange = odd(place, value)
    sent, held = (strange, API) if left else (API, strange)
    body, before = body_of(sent, kind), copy.deepcopy(held)
    leaves = unpack_leaves(sent_leaves(body, KEY))
    for synced in (None, leaves):
        for ordered in (False, True):
            judgement = compare(body, held, synced, key=KEY, resource={}, ordered=ordered, noting=True)
            assert isinstance(judgement.verdict, Verdict)
    hop_lines(body, held, key=KEY)
    assert repr(held) == repr(before)


@QUICK
@given(st.sampled_from(sorted(COMPARABLE)), st.dictionaries(st.sampled_from(PLACES), ANYTHING, max_size=4))
def test_an_answer_of_any_shape_comes_to_a_verdict(kind: str, held: Content) -> None:
    assert isinstance(judged(API, held, kind).verdict, Verdict)
    assert isinstance(judged(held, API, kind).verdict, Verdict)


@QUICK
@given(st.sampled_from(PLACES), ANYTHING)
def test_a_thing_is_in_sync_with_itself(place: str, value: Any) -> None:
    strange = odd(place, value)
    assert judged(strange, copy.deepcopy(strange)).verdict is Verdict.SYNCED


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+14:00", "soon", "2027-01-01", "", 7, None])
def test_an_end_of_any_shape_is_read(instant: Any) -> None:
    sent = {"hrid": "shop-sub", "planHrid": "gold", "endingAt": instant}
    assert judged(sent, dict(sent), "Subscription").verdict is Verdict.SYNCED
