"""The identity formulas give the ids that live servers gave."""

from __future__ import annotations

import pytest

from reconciler.rules import identity
from reconciler.rules.identity import hrid, is_hrid, part_hrid

ORG = ENV = "DEFAULT"
API = hrid("default", "my-api")


def test_an_hrid_is_namespace_and_name() -> None:
    assert API == "default-my-api"
    assert hrid("a-b", "c") == hrid("a", "b-c")


def test_ids_of_an_api() -> None:
    assert identity.cross_id(ORG, API) == "b54c45d2-1e4f-3330-aa2d-9c931c795b92"
    assert identity.resource_id(ORG, ENV, API) == "cd9b2bb0-fc3e-34cc-ba08-62ac149e3434"


def test_id_of_a_plan() -> None:
    assert identity.part_id(ORG, ENV, API, part_hrid("KeyLess")) == "65fc405c-5cef-3990-8503-d8117151199c"


def test_id_of_a_subscription() -> None:
    found = identity.part_id(ORG, ENV, API, hrid("default", "my-sub"))
    assert found == "e253d0bc-58f2-34f7-8939-bcebd620f793"


def test_id_of_a_portal() -> None:
    found = identity.resource_id(ORG, ENV, hrid("default", "portal"))
    assert found == "bf3d46c3-832d-3a3a-a039-be2ee0939e97"


def test_parts_differ_by_parent_environment_and_kind_of_parent() -> None:
    found = {
        identity.part_cross_id(ORG, API, "x"),
        identity.part_id(ORG, ENV, API, "x"),
        identity.part_id(ORG, "PROD", API, "x"),
        identity.portal_part_id(ORG, ENV, API, "x"),
        identity.api_documentation_id(ORG, ENV, API, "x"),
    }
    assert len(found) == 5


def test_the_hrid_of_a_part_has_no_spaces_and_dots() -> None:
    assert part_hrid("JWT Plan. With Dots") == "JWT-Plan--With-Dots"


@pytest.mark.parametrize(
    ("text", "fits"),
    [("default-api", True), ("ab", False), ("-abc", False), ("a.b", False), ("a" * 257, False)],
)
def test_what_apim_accepts_as_an_hrid(text: str, fits: bool) -> None:
    assert is_hrid(text) is fits
