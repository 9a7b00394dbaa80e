"""Labels and annotations that only the cluster has: whose they are decides whether they count."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.changes import ChangeKind, path_text
from reconciler.rules.comparing import compared_sides, differences, judge, metadata_digests
from reconciler.rules.normalise import normalise
from reconciler.rules.ruleset import STANDARD
from tests.unit.rules.schemas import NONE, api

KEY = b"k" * 32


def held(labels: dict[str, str], *owners: tuple[str, list[str]], group: str = "labels") -> dict[str, Any]:
    """An object of a cluster with these labels, and who owns which."""
    body = api(name="a")
    body["metadata"] |= {"uid": "1", group: labels}
    body["metadata"]["managedFields"] = [
        {
            "manager": manager,
            "operation": "Update",
            "time": "2026-01-01T00:00:00Z",
            "fieldsV1": {"f:metadata": {f"f:{group}": {f"f:{name}": {} for name in names}}},
        }
        for manager, names in owners
    ]
    return body


def counted(git: dict[str, Any], cluster: dict[str, Any]) -> list[str]:
    """The paths of what counts."""
    left, right = (normalise(body, NONE, STANDARD) for body in (git, cluster))
    return [path_text(change.path) for change in differences(left, right)]


@pytest.mark.parametrize(
    "manager", ["kubectl-label", "kubectl-edit", "k9s", "argocd-controller", "helm", "my-script", "curl"]
)
@pytest.mark.parametrize("group", ["labels", "annotations"])
def test_what_people_and_pipelines_and_strangers_wrote_counts(manager: str, group: str) -> None:
    cluster = held({"team": "x"}, (manager, ["team"]), group=group)
    assert counted(api(name="a"), cluster) == [f"metadata.{group}.team"]


def test_what_nobody_owns_counts() -> None:
    assert counted(api(name="a"), held({"team": "x"})) == ["metadata.labels.team"]


def test_an_added_label_is_drift_by_its_writer() -> None:
    cluster = held({"team": "x"}, ("kubectl-label", ["team"]))
    left, right = (normalise(body, NONE, STANDARD) for body in (api(name="a"), cluster))
    (change,) = judge(left, right, None, key=KEY, body=cluster).changes
    assert (change.kind, change.right, change.manager) == (ChangeKind.ADDED, "x", "kubectl-label")


@pytest.mark.parametrize(
    "manager",
    ["manager", "gko-controller-manager", "cert-manager-cainjector", "kyverno", "reloader-operator"],
)
def test_what_only_controllers_wrote_does_not_count(manager: str) -> None:
    assert counted(api(name="a"), held({"team": "x"}, (manager, ["team"]))) == []


def test_what_a_person_wrote_as_well_counts() -> None:
    cluster = held({"team": "x"}, ("kyverno", ["team"]), ("kubectl-label", ["team"]))
    assert counted(api(name="a"), cluster) == ["metadata.labels.team"]


@pytest.mark.parametrize(
    "name",
    [
        "argocd.argoproj.io/instance",
        "kustomize.toolkit.fluxcd.io/name",
        "helm.toolkit.fluxcd.io/namespace",
        "helm.sh/chart",
        "meta.helm.sh/release-name",
        "config.kubernetes.io/origin",
        "gravitee.io/template",
        "objectset.rio.cattle.io/hash",
        "kubernetes.io/change-cause",
        "node.k8s.io/x",
    ],
)
def test_marks_of_tools_do_not_count_whoever_wrote_them(name: str) -> None:
    cluster = held({name: "x"}, ("kubectl", [name]))
    assert counted(api(name="a"), cluster) == []
    left, right = (normalise(body, NONE, STANDARD) for body in (api(name="a"), cluster))
    shown_left, shown_right, ignored = compared_sides(left, right)
    assert shown_left == shown_right
    assert [entry.path for entry in ignored] == [("metadata", "labels", name)]


def test_the_recommended_labels_are_ours_but_for_those_that_track() -> None:
    names = {"app.kubernetes.io/part-of": "shop", "app.kubernetes.io/managed-by": "Helm"}
    names["app.kubernetes.io/instance"] = "shop"
    cluster = held(names, ("argocd-controller", list(names)))
    assert counted(api(name="a"), cluster) == ['metadata.labels["app.kubernetes.io/part-of"]']
    by_hand = held({"app.kubernetes.io/instance": "x"}, ("kubectl-label", ["app.kubernetes.io/instance"]))
    assert counted(api(name="a"), by_hand) == ['metadata.labels["app.kubernetes.io/instance"]']


def test_a_mark_that_git_states_is_compared() -> None:
    git = api(name="a")
    git["metadata"]["labels"] = {"helm.sh/chart": "shop-2"}
    assert counted(git, held({"helm.sh/chart": "shop-1"})) == ['metadata.labels["helm.sh/chart"]']
    assert counted(git, held({})) == ['metadata.labels["helm.sh/chart"]']
    assert counted(git, held({"helm.sh/chart": "shop-2"})) == []


def test_the_digests_tell_which_entries_count_by_themselves() -> None:
    cluster = held({"team": "x", "helm.sh/chart": "a"}, ("kubectl", ["team"]))
    entries, counting = metadata_digests(normalise(cluster, NONE, STANDARD), KEY)
    git = api(name="a")
    git["metadata"]["labels"] = {"team": "x"}
    stated, all_count = metadata_digests(normalise(git, NONE, STANDARD), KEY)
    assert (len(entries), len(counting)) == (2, 1)
    assert all_count == stated.keys() == counting
    assert stated.items() <= entries.items()


@pytest.mark.parametrize(
    "managed", [None, 7, [7], [{"fieldsV1": 7}], [{"fieldsV1": {"f:metadata": {"f:labels": 7}}}]]
)
def test_field_owners_of_a_wrong_form_own_nothing(managed: object) -> None:
    cluster = held({"team": "x"})
    cluster["metadata"]["managedFields"] = managed
    assert counted(api(name="a"), cluster) == ["metadata.labels.team"]
