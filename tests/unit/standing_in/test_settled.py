"""What is left alone by whoever comes new: what was accepted as it stands, with its marks on."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.rules.apim.standing_in.settled import is_settled

FINALIZER = "finalizers.gravitee.io/apidefinitiondeletion"


def api(*, generation: int = 2, **status: Any) -> dict[str, Any]:
    return {
        "kind": "ApiV4Definition",
        "metadata": {"name": "a", "namespace": "n", "generation": generation, "finalizers": [FINALIZER]},
        "spec": {},
        "status": status,
    }


def accepted(value: str = "True", generation: int = 2) -> list[dict[str, Any]]:
    return [{"type": "Accepted", "status": value, "observedGeneration": generation, "reason": "Accepted"}]


def test_what_was_accepted_at_its_present_generation_is_settled() -> None:
    assert is_settled(api(conditions=accepted()))


@pytest.mark.parametrize(
    "obj",
    [
        api(),  # never looked at, or its status was wiped
        api(conditions=accepted("False")),
        api(conditions=accepted(generation=1)),  # the spec changed while nobody was there
        api(conditions=accepted(), errors={"severe": ["no such plugin"]}),
        api(id="7b2f6c1e-0f5e-4a57-9a3b-1f4f64b7c0de"),  # an id alone says nothing of the spec
    ],
)
def test_anything_else_is_not(obj: dict[str, Any]) -> None:
    assert not is_settled(obj)


def test_an_older_operators_word_counts() -> None:
    assert is_settled(api(processingStatus="Completed", id="x"))
    assert not is_settled(api(processingStatus="Failed"))


def test_without_its_finalizer_or_under_deletion_it_is_not() -> None:
    bare = api(conditions=accepted())
    bare["metadata"]["finalizers"] = ["example.org/other"]
    assert not is_settled(bare)
    leaving = api(conditions=accepted())
    leaving["metadata"]["deletionTimestamp"] = "2026-11-23T12:00:00Z"
    assert not is_settled(leaving)
