"""How the engine writes: apply, conflicts by the owner's class, removal, owners handed over, deletion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.cluster.addresses import Address
from reconciler.cluster.applying import ObjectWriter
from reconciler.cluster.client import KubeClient
from reconciler.cluster.field_owners import earlier_appliers
from reconciler.cluster.preconditions import version_of
from reconciler.cluster.written import Written
from reconciler.model.steps import Did, OwnerClass, Precondition
from tests.contract.widgets import Widgets, owners, widget
from tests.contract.writers import guest_kube, kube, widget_at, writer

__all__ = ["guest_kube", "kube", "writer"]

PLAN = {"p": {"name": "P"}}


def wanted(**spec: Any) -> dict[str, Any]:
    return widget("one", {"colour": "red", **spec})


async def seen(writer: ObjectWriter, namespace: str) -> Precondition:
    found = await writer.read(widget_at(namespace))
    assert found is not None
    return version_of(found)


async def applied(writer: ObjectWriter, namespace: str, **spec: Any) -> Written:
    written = await writer.apply(widget_at(namespace), wanted(**spec), None)
    assert written.did is Did.CREATED, written
    return written


# -- apply ------------------------------------------------------------------------------------------


async def test_what_is_not_there_is_created_and_ours(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    written = await applied(writer, namespace, size=4)
    assert written.body is not None
    assert list(owners(widgets.get("one"))) == [("gko-tui", "Apply", "")]
    assert written.seen == await seen(writer, namespace)


async def test_applying_the_same_again_writes_nothing(writer: ObjectWriter, namespace: str) -> None:
    first = await applied(writer, namespace)
    assert first.seen is not None
    again = await writer.apply(widget_at(namespace), wanted(), first.seen)
    assert again.did is Did.UNCHANGED
    assert again.seen == first.seen


async def test_what_git_changed_is_configured_and_what_it_dropped_goes(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    first = await applied(writer, namespace, size=4, plans=PLAN)
    written = await writer.apply(widget_at(namespace), wanted(size=5), first.seen)
    assert written.did is Did.CONFIGURED
    assert widgets.get("one").json()["spec"] == {"colour": "red", "on": True, "size": 5}


async def test_a_dry_run_tells_and_stores_nothing(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    told = await writer.apply(widget_at(namespace), wanted(), None, dry_run=True)
    assert (told.did, told.dry_run) == (Did.CREATED, True)
    assert widgets.get("one").status_code == 404
    first = await applied(writer, namespace, plans=PLAN)
    assert first.seen is not None
    before = widgets.get("one").json()
    place = widget_at(namespace)
    await writer.apply(place, wanted(size=7), first.seen, dry_run=True)
    await writer.remove(place, [("spec", "plans", "p")], first.seen, dry_run=True)
    await writer.delete(place, first.seen, dry_run=True)
    assert widgets.get("one").json() == before


async def test_an_object_that_exists_by_now_is_not_merged_into(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    widgets.create(widget("one", {"colour": "blue"}))
    written = await writer.apply(widget_at(namespace), wanted(), None)
    assert (written.did, written.cause) == (Did.FAILED, "moved")
    assert "exists by now" in written.message
    assert widgets.get("one").json()["spec"]["colour"] == "blue"


async def test_creating_takes_one_request(
    writer: ObjectWriter, kube: KubeClient, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No read is needed to be sure that nothing was there: the server itself refuses where there is."""
    sent: list[str] = []
    plain = kube.request

    async def request(method: str, *arguments: Any, **named: Any) -> dict[str, Any]:
        sent.append(method)
        return await plain(method, *arguments, **named)

    monkeypatch.setattr(kube, "request", request)
    await applied(writer, namespace)
    assert sent == ["PATCH"]


async def test_no_built_in_object_is_merged_into_either(writer: ObjectWriter, namespace: str) -> None:
    place = Address("v1", "ConfigMap", "configmaps", namespace, "beside")
    about = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "beside", "namespace": namespace}}
    assert (await writer.apply(place, {**about, "data": {"a": "1"}}, None)).did is Did.CREATED
    again = await writer.apply(place, {**about, "data": {"b": "2"}}, None)
    assert (again.did, again.cause) == (Did.FAILED, "moved")
    found = await writer.read(place)
    assert found is not None
    assert found["data"] == {"a": "1"}


async def test_a_spec_that_moved_since_the_plan_stops_the_step(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    first = await applied(writer, namespace)
    widgets.merge("one", {"spec": {"size": 9}}, fieldManager="kubectl-edit")
    written = await writer.apply(widget_at(namespace), wanted(size=4), first.seen)
    assert written.cause == "moved"
    assert "generation 1 became 2" in written.message
    assert widgets.get("one").json()["spec"]["size"] == 9


async def test_a_status_written_meanwhile_does_not(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    first = await applied(writer, namespace)
    widgets.merge("one", {"status": {"phase": "ok"}}, sub="/status", fieldManager="manager")
    written = await writer.apply(widget_at(namespace), wanted(size=4), first.seen)
    assert written.did is Did.CONFIGURED


async def test_an_object_made_anew_is_another_one(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    first = await applied(writer, namespace)
    widgets.delete("one")
    widgets.create(widget("one"))
    assert first.seen is not None
    for written in (
        await writer.apply(widget_at(namespace), wanted(size=4), first.seen),
        await writer.delete(widget_at(namespace), first.seen),
    ):
        assert "deleted and made anew" in written.message
    assert widgets.get("one").status_code == 200


# -- conflicts --------------------------------------------------------------------------------------


async def test_a_persons_edit_is_named_and_taken_only_where_asked(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    await applied(writer, namespace, size=4)
    widgets.merge("one", {"spec": {"size": 9}}, fieldManager="kubectl-edit")
    place, now = widget_at(namespace), await seen(writer, namespace)
    asked = await writer.apply(place, wanted(size=4), now)
    assert (asked.did, asked.cause) == (Did.FAILED, "conflict")
    (owner,) = asked.owners
    assert (owner.manager, owner.path, owner.owner) == ("kubectl-edit", ".spec.size", OwnerClass.PEOPLE)
    assert widgets.get("one").json()["spec"]["size"] == 9
    taken = await writer.apply(place, wanted(size=4), now, take_from={"kubectl-edit"})
    assert taken.did is Did.CONFIGURED
    assert widgets.get("one").json()["spec"]["size"] == 4


@pytest.mark.parametrize("manager", ["manager", "argocd-controller", "kustomize-controller", "Helm", "who?"])
async def test_a_controllers_field_is_never_taken(
    writer: ObjectWriter, widgets: Widgets, namespace: str, manager: str
) -> None:
    await applied(writer, namespace, size=4)
    widgets.merge("one", {"spec": {"size": 9}}, fieldManager=manager)
    now = await seen(writer, namespace)
    written = await writer.apply(widget_at(namespace), wanted(size=4), now, take_from={"k9s", "kubectl-edit"})
    assert written.cause == "conflict"
    assert [one.manager for one in written.owners] == [manager]
    assert manager in written.next_step
    assert widgets.get("one").json()["spec"]["size"] == 9


async def test_one_controller_among_people_is_enough_to_stop(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    await applied(writer, namespace, size=4)
    widgets.merge("one", {"spec": {"size": 9}}, fieldManager="k9s")
    widgets.merge("one", {"spec": {"colour": "blue"}}, fieldManager="argocd-controller")
    now = await seen(writer, namespace)
    written = await writer.apply(widget_at(namespace), wanted(size=4), now, take_from={"k9s", "kubectl-edit"})
    assert {one.owner for one in written.owners} == {OwnerClass.PEOPLE, OwnerClass.CONTROLLER}
    assert widgets.get("one").json()["spec"]["size"] == 9


# -- removal ----------------------------------------------------------------------------------------


async def test_an_added_plan_is_removed_which_apply_does_not_see(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    await applied(writer, namespace, plans=PLAN)
    widgets.merge("one", {"spec": {"plans": {"free": {"name": "F"}}}}, fieldManager="kubectl-patch")
    place = widget_at(namespace)
    unseen = await writer.apply(place, wanted(plans=PLAN), await seen(writer, namespace))
    assert unseen.did is Did.UNCHANGED
    now = await seen(writer, namespace)
    written = await writer.remove(place, [("spec", "plans", "free")], now)
    assert written.did is Did.CONFIGURED
    assert set(widgets.get("one").json()["spec"]["plans"]) == {"p"}
    assert written.seen is not None
    again = await writer.remove(place, [("spec", "plans", "free")], written.seen)
    assert again.did is Did.UNCHANGED


async def test_several_elements_of_a_list_are_removed_at_once(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    await applied(writer, namespace, members=[{"name": "b"}])
    more = [{"name": name, "source": "local"} for name in ("a", "b", "c", "d")]
    widgets.merge("one", {"spec": {"members": more}}, fieldManager="kubectl-edit")
    now = await seen(writer, namespace)
    paths = [("spec", "members", at) for at in (0, 2, 3)]
    await writer.remove(widget_at(namespace), paths, now)
    assert [one["name"] for one in widgets.get("one").json()["spec"]["members"]] == ["b"]


async def test_a_removal_stops_when_the_object_moved(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    first = await applied(writer, namespace, plans=PLAN)
    assert first.seen is not None
    widgets.merge("one", {"spec": {"plans": {"p": {"name": "mine now"}}}}, fieldManager="kubectl-edit")
    written = await writer.remove(widget_at(namespace), [("spec", "plans", "p")], first.seen)
    assert written.cause == "moved"
    assert set(widgets.get("one").json()["spec"]["plans"]) == {"p"}


async def test_a_removal_that_the_schema_forbids_is_refused_in_its_words(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    first = await applied(writer, namespace)
    assert first.seen is not None
    written = await writer.remove(widget_at(namespace), [("spec", "colour")], first.seen)
    assert (written.did, written.cause) == (Did.FAILED, "refused")
    assert "spec.colour" in written.message


# -- owners handed over -----------------------------------------------------------------------------


async def test_fields_of_a_client_side_apply_go_with_git_only_after_handing_over(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    """The trap of ENGINE §5: without it, what Git drops stays for ever."""
    copy = {"kubectl.kubernetes.io/last-applied-configuration": "{}"}
    made = widget("one", {"colour": "red", "path": "/old"}, annotations=copy)
    widgets.create(made, fieldManager="kubectl-client-side-apply")
    place = widget_at(namespace)
    fields = widgets.get("one").json()["metadata"]["managedFields"]
    assert earlier_appliers(fields) == ("kubectl-client-side-apply",)

    before = widgets.get("one").json()
    handed = await writer.migrate_owners(place, earlier_appliers(fields), await seen(writer, namespace))
    assert handed.did is Did.CONFIGURED
    after = widgets.get("one").json()
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert after["metadata"]["annotations"] == copy
    assert list(owners(widgets.get("one"))) == [("gko-tui", "Apply", "")]
    assert handed.seen is not None

    written = await writer.apply(place, wanted(), handed.seen)
    assert written.did is Did.CONFIGURED
    assert "path" not in widgets.get("one").json()["spec"]
    assert widgets.get("one").json()["metadata"]["annotations"] == copy
    assert written.seen is not None
    again = await writer.migrate_owners(place, ["kubectl-client-side-apply"], written.seen)
    assert again.did is Did.UNCHANGED


async def test_without_handing_over_the_dropped_field_stays(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    widgets.create(widget("one", {"colour": "red", "path": "/old"}), fieldManager="kubectl-client-side-apply")
    await writer.apply(widget_at(namespace), wanted(), await seen(writer, namespace))
    assert widgets.get("one").json()["spec"]["path"] == "/old"


async def test_server_side_appliers_and_our_own_entry_become_one(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    widgets.apply("kubectl", wanted(size=4, plans={"p": {"name": "P"}}))
    now = await seen(writer, namespace)
    await writer.apply(widget_at(namespace), wanted(plans={"q": {"name": "Q"}}), now)
    widgets.merge("one", {"spec": {"path": "/theirs"}}, fieldManager="kubectl-edit")
    widgets.merge("one", {"status": {"phase": "ok"}}, sub="/status", fieldManager="manager")
    fields = widgets.get("one").json()["metadata"]["managedFields"]
    assert earlier_appliers(fields) == ("kubectl",)
    handed = await writer.migrate_owners(widget_at(namespace), ["kubectl"], await seen(writer, namespace))
    assert handed.did is Did.CONFIGURED
    held = owners(widgets.get("one"))
    assert set(held) == {
        ("gko-tui", "Apply", ""),
        ("kubectl-edit", "Update", ""),
        ("manager", "Update", "status"),
    }
    assert set(held["gko-tui", "Apply", ""]["f:spec"]) == {"f:colour", "f:size", "f:plans"}
    assert set(held["gko-tui", "Apply", ""]["f:spec"]["f:plans"]) == {"f:p", "f:q"}
    assert handed.seen is not None
    await writer.apply(widget_at(namespace), wanted(), handed.seen)
    assert widgets.get("one").json()["spec"] == {
        "colour": "red",
        "on": True,
        "size": 3,
        "path": "/theirs",
    }


# -- deletion ---------------------------------------------------------------------------------------


async def test_exactly_the_object_of_the_plan_is_deleted(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    first = await applied(writer, namespace)
    assert first.seen is not None
    written = await writer.delete(widget_at(namespace), first.seen)
    assert (written.did, written.body) == (Did.DELETED, None)
    assert widgets.get("one").status_code == 404
    again = await writer.delete(widget_at(namespace), first.seen)
    assert again.did is Did.UNCHANGED


async def test_a_changed_object_is_not_deleted(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    first = await applied(writer, namespace)
    assert first.seen is not None
    widgets.merge("one", {"spec": {"size": 9}}, fieldManager="kubectl-edit")
    written = await writer.delete(widget_at(namespace), first.seen)
    assert (written.did, written.cause) == (Did.FAILED, "moved")
    assert widgets.get("one").status_code == 200


async def test_an_object_held_by_a_finalizer_says_so(
    writer: ObjectWriter, widgets: Widgets, namespace: str
) -> None:
    body = widget("one", finalizers=["finalizers.example.dev/held"])
    widgets.create(body)
    now = await seen(writer, namespace)
    written = await writer.delete(widget_at(namespace), now)
    assert written.did is Did.DELETED
    assert written.body is not None and written.body["metadata"]["deletionTimestamp"]
    assert (await writer.delete(widget_at(namespace), replace(now, generation=0))).cause == "moved"
    assert written.seen is not None
    assert (await writer.delete(widget_at(namespace), written.seen)).did is Did.UNCHANGED
    widgets.merge("one", {"metadata": {"finalizers": None}})


# -- refusals ---------------------------------------------------------------------------------------


async def test_what_the_schema_refuses_is_told_whole(writer: ObjectWriter, namespace: str) -> None:
    pink = await writer.apply(widget_at(namespace), widget("one", {"colour": "pink"}), None)
    assert (pink.did, pink.cause) == (Did.FAILED, "refused")
    assert "spec.colour" in pink.message and "supported values" in pink.message
    ghost = await writer.apply(widget_at(namespace), wanted(ghost=1), None)
    assert (ghost.did, ghost.cause) == (Did.FAILED, "refused")
    assert "ghost" in ghost.message


async def test_a_namespace_that_is_missing_is_named(writer: ObjectWriter) -> None:
    written = await writer.apply(widget_at("contract-nowhere"), wanted(), None)
    assert (written.did, written.cause) == (Did.FAILED, "refused")
    assert "contract-nowhere" in written.message


async def test_a_missing_right_is_named(guest_kube: Any, peer: Any, widgets: Widgets, namespace: str) -> None:
    peer.grant([{"verbs": ["get"], "apiGroups": ["*"], "resources": ["*"]}], namespace)
    written = await ObjectWriter(guest_kube).apply(widget_at(namespace), wanted(), None)
    assert (written.did, written.cause) == (Did.FAILED, "refused")
    assert "cannot patch resource" in written.message
    assert written.next_step
