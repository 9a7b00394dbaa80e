"""The comparison itself: what it forgives, and what it does not."""

from __future__ import annotations

import pytest

from tests.fidelity.matching import Bindings, differences

DRAWN, OTHER = "7a1f0a52-6c1d-4f0e-9a83-0d2f6b1c9e11", "0b6f3c1e-2f6a-4f7e-8c1d-5a2b3c4d5e6f"
COMPUTED, WRONG = "cd9b2bb0-fc3e-34cc-ba08-62ac149e3434", "cd9b2bb0-fc3e-34cc-ba08-62ac149e3435"


def test_instants_may_differ_but_equal_ones_must_stay_equal() -> None:
    recorded = {"createdAt": "2026-01-01T00:00:00.5Z", "updatedAt": "2026-01-01T00:00:00.5Z"}
    same = {"createdAt": "2030-01-01T00:00:00Z", "updatedAt": "2030-01-01T00:00:00Z"}
    later = {"createdAt": "2030-01-01T00:00:00Z", "updatedAt": "2030-01-01T00:00:01Z"}
    assert differences(recorded, same, Bindings()) == []
    assert len(differences(recorded, later, Bindings())) == 1


def test_an_instant_is_the_same_in_milliseconds_and_inside_a_text() -> None:
    recorded = {"at": "2026-01-01T00:00:00.5Z", "link": "/p?hash=1767225600500", "number": 1767225600500}
    simulated = {"at": "2026-01-01T00:00:07Z", "link": "/p?hash=1767225607000", "number": 1767225607000}
    assert differences(recorded, simulated, Bindings()) == []
    assert differences(recorded, {**simulated, "number": 1767225607001}, Bindings()) != []


def test_random_ids_are_replaced_consistently_through_the_session() -> None:
    bindings = Bindings()
    assert differences([DRAWN, DRAWN], [OTHER, OTHER], bindings) == []
    assert differences(DRAWN, OTHER, bindings) == []
    assert differences(DRAWN, DRAWN, bindings) != []
    assert bindings.simulated(f"/apis/{DRAWN}/plans") == f"/apis/{OTHER}/plans"


@pytest.mark.parametrize(
    ("recorded", "simulated"),
    [
        (COMPUTED, WRONG),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1, "b": None}, {"a": 1}),
        ([1, 2], [2, 1]),
        (1, True),
        ("1", 1),
        ("text", "Text"),
        ([], None),
    ],
)
def test_nothing_else_is_forgiven(recorded: object, simulated: object) -> None:
    assert differences(recorded, simulated, Bindings()) != []
