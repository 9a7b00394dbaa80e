"""From what a person typed to what it means."""

from __future__ import annotations

import pytest

from gko_tui.view.lookup import find_resources, match_clusters
from reconciler.model.errors import UsageError
from tests.terminal.replay import CLUSTERS, story

KEYS = [row.key for row in story()]


def test_clusters_by_name_beginning_and_glob() -> None:
    assert match_clusters(CLUSTERS, ["stage"]) == {"stage"}
    assert match_clusters(CLUSTERS, ["prod"]) == {"prod-eu", "prod-us"}
    assert match_clusters(CLUSTERS, ["*-us", "stage"]) == {"prod-us", "stage"}
    assert match_clusters(CLUSTERS, []) == frozenset()


def test_a_cluster_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(UsageError, match=r"nowhere.*prod-eu, prod-us, stage"):
        match_clusters(CLUSTERS, ["nowhere"])


def test_resources_by_name_and_by_full_name() -> None:
    assert {key.cluster for key in find_resources(KEYS, "checkout")} == {"prod-eu", "prod-us"}
    (one,) = find_resources(KEYS, "prod-us:ApiV4Definition/shop/checkout")
    assert one.cluster == "prod-us"


def test_a_resource_that_is_not_known_is_said() -> None:
    with pytest.raises(UsageError, match="no such resource"):
        find_resources(KEYS, "zzz")
