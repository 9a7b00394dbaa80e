"""The commands that act, where nobody can answer: as processes of their own, over loopback."""

from __future__ import annotations

import asyncio
import re
import signal
import stat
from typing import Any

from reconciler.simulator.kube.faults import Faults
from tests.integration.acting_commands.scene import Acting, rest, seen
from tests.integration.chain.scene import API, api

ONE_HOP = ("--hop", "cluster")


class Noticed(Faults):
    """Faults that tell when a request first meets them."""

    def __init__(self, *, hang: bool, fail_path: str) -> None:
        super().__init__(hang=hang, fail_path=fail_path)
        self.met = asyncio.Event()

    def concerns(self, path: str) -> bool:
        if self.fail_path in path:
            self.met.set()
        return super().concerns(path)


def versions(scene: Acting, *names: str) -> list[str]:
    found: list[Any] = [scene.cluster.get(API, "pay", name) for name in names]
    return [one["metadata"]["resourceVersion"] if one is not None else "" for one in found]


def application(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": "pay"},
        "spec": {
            "name": name,
            "description": "Buys things",
            "contextRef": {"name": "apim", "namespace": "platform"},
            "settings": {"app": {"type": "WEB"}},
        },
    }


def subscription(to: str, by: str) -> dict[str, Any]:
    return {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "Subscription",
        "metadata": {"name": f"{by}-to-{to}", "namespace": "pay"},
        "spec": {
            "api": {"name": to, "kind": API},
            "application": {"name": by},
            "plan": "free",
        },
    }


async def test_sync_applies_in_order_and_the_second_writes_nothing(scene: Acting) -> None:
    scene.commit(api("orders"), api("payments"))
    first = await scene.gko_tui("sync", "--yes", *ONE_HOP)
    assert first.code == 0, first
    lines = first.out.splitlines()
    done = [line for line in lines if " created " in line]
    assert "Namespace/pay" in done[0] and len(done) == 3
    before = versions(scene, "orders", "payments")
    second = await scene.gko_tui("sync", "--yes", *ONE_HOP)
    assert (second.code, second.out.splitlines()[-1]) == (0, "nothing to do"), second
    assert versions(scene, "orders", "payments") == before


async def test_a_plan_is_tried_shown_and_writes_nothing(scene: Acting) -> None:
    scene.commit(api("orders"))
    done = await scene.gko_tui("plan", *ONE_HOP, "-o", "json")
    assert done.code == 2, done.err
    assert [step["verb"] for step in done.document["plan"]["steps"]] == ["create", "create"]
    assert versions(scene, "orders") == [""]
    await scene.gko_tui("sync", "--yes", *ONE_HOP)
    assert (await scene.gko_tui("plan", *ONE_HOP)).code == 0


async def test_without_yes_the_plan_is_shown_and_nothing_is_written(scene: Acting) -> None:
    scene.commit(api("orders"))
    done = await scene.gko_tui("sync", *ONE_HOP)
    assert done.code == 4
    assert "2 create" in done.out and "give --yes" in done.err
    assert versions(scene, "orders") == [""]


async def test_what_the_places_refuse_is_blocked_with_their_whole_message(scene: Acting) -> None:
    bad = api("orders")
    bad["spec"]["type"] = "PIGEON"
    scene.commit(bad, api("payments"))
    first = await scene.gko_tui("sync", "--yes", *ONE_HOP)  # in a namespace to be made nothing can be tried
    assert first.code == 1, first
    assert "1 failed" in first.out and "PIGEON" in first.out
    done = await scene.gko_tui("sync", "--yes", *ONE_HOP)
    assert done.code == 4, done
    assert "1 blocked" in done.out and "PIGEON" in done.out
    assert versions(scene, "orders") == [""] and versions(scene, "payments") != [""]


async def test_a_deletion_is_typed_or_nothing_at_all_is_written(scene: Acting) -> None:
    scene.commit(api("orders"), api("payments"))
    await scene.gko_tui("sync", "--yes", *ONE_HOP)
    scene.commit(api("payments", description="new"))
    before = versions(scene, "orders", "payments")
    refused = await scene.gko_tui("sync", "--yes", *ONE_HOP)
    assert refused.code == 4 and "--confirm 'delete 1'" in refused.err
    assert versions(scene, "orders", "payments") == before
    done = await scene.gko_tui("sync", "--yes", "--confirm", "delete 1", *ONE_HOP, "-o", "json")
    assert done.code == 0, done
    assert {one["did"] for one in done.document["outcomes"]} >= {"deleted", "configured"}
    assert versions(scene, "orders") == [""]


async def test_a_protected_cluster_is_typed_by_name(scene: Acting) -> None:
    scene.protected = True
    scene.configure()
    scene.commit(api("orders"))
    refused = await scene.gko_tui("sync", "--yes", *ONE_HOP)
    assert refused.code == 4 and "--confirm eu" in refused.err
    assert versions(scene, "orders") == [""]
    assert (await scene.gko_tui("sync", "--yes", "--confirm", "eu", *ONE_HOP)).code == 0


async def test_a_plan_is_kept_applied_later_and_refused_where_the_world_moved(scene: Acting) -> None:
    scene.commit(api("orders"), api("payments"))
    assert (await scene.gko_tui("plan", "--out", "first.plan", *ONE_HOP)).code == 2
    kept = scene.folder / "first.plan"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert (await scene.gko_tui("apply", "first.plan")).code == 0
    again = await scene.gko_tui("apply", "first.plan")
    assert again.code == 1, again
    assert "make a new plan" in again.out
    scene.commit(api("orders", description="new"), api("payments", description="new"))
    assert (await scene.gko_tui("plan", "--out", "second.plan", *ONE_HOP)).code == 2
    scene.commit(api("orders", description="new"), api("payments", description="newer"))
    partly = await scene.gko_tui("apply", "second.plan", "-o", "json")
    assert partly.code == 1
    dids = {one["name"]: (one["did"], one["nextStep"]) for one in partly.document["outcomes"]}
    assert dids["orders"][0] == "configured"
    assert dids["payments"][0] == "failed" and "make a new plan" in str(dids["payments"][1])


async def test_a_plan_file_edited_by_hand_is_refused_before_anything_is_read(scene: Acting) -> None:
    scene.commit(api("orders"))
    await scene.gko_tui("plan", "--out", "a.plan", *ONE_HOP)
    path = scene.folder / "a.plan"
    path.write_text(path.read_text().replace('"orders"', '"others"'))
    done = await scene.gko_tui("apply", "a.plan")
    assert done.code == 1
    assert "was changed after it was made" in done.err and "gko-tui plan --out FILE" in done.err
    assert versions(scene, "orders") == [""]


async def test_delete_by_name_asks_for_the_number_and_deletes(scene: Acting) -> None:
    scene.commit(api("orders"), api("payments"))
    await scene.gko_tui("sync", "--yes", *ONE_HOP)
    scene.commit(api("payments"))
    assert (await scene.gko_tui("delete", "orders", "--yes")).code == 4
    done = await scene.gko_tui("delete", "orders", "--yes", "--confirm", "delete 1")
    assert done.code == 0, done
    assert versions(scene, "orders") == [""] and versions(scene, "payments") != [""]


async def test_names_with_escape_codes_and_secrets_reach_no_screen(scene: Acting) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login", "namespace": "pay"},
        "stringData": {"password": "hunter2-very-secret"},
    }
    scene.commit(secret, api("orders"))
    await scene.gko_tui("sync", "--yes", *ONE_HOP)
    secret["stringData"] = {"password": "another-very-secret"}
    scene.commit(secret, api("orders", description="\x1b[2Jboo"))
    for line in (("plan",), ("plan", "-o", "json"), ("sync", "--yes", "-o", "json")):
        done = await scene.gko_tui(*line, *ONE_HOP)
        assert done.code in (0, 2), done
        assert "data.password" in done.out or 'data["password"]' in done.out
        for text in (done.out, done.err):
            assert "very-secret" not in text and "\x1b" not in text


async def test_ctrl_c_stops_between_steps_and_says_what_was_done_and_what_not(scene: Acting) -> None:
    subscriptions = [subscription(f"api-{at:02}", "mobile") for at in range(3)]
    scene.commit(*(api(f"api-{at:02}") for at in range(20)), application("mobile"), *subscriptions)
    scene.cluster.faults.fail_path, scene.cluster.faults.delay_s = "apiv4definitions/", 0.15
    process = await scene.start_program("sync", "--yes", *ONE_HOP)
    lines = await seen(process, "created     cluster        eu:ApiV4Definition/pay/")
    first = re.findall(r"created +cluster +eu:ApiV4Definition/pay/(\S+)", lines)
    process.send_signal(signal.SIGINT)
    done = await rest(process)
    assert done.code == 1, done
    assert "stopping: steps that were begun are finished" in done.err
    assert "create  eu:Subscription/pay/mobile-to-api-00\n" in done.out.partition("not done: ")[2]
    assert done.out.splitlines()[-1].startswith("stopped: ")
    assert scene.cluster.get("Subscription", "pay", "mobile-to-api-00") is None
    assert "" not in versions(scene, first[0]), "what was begun is finished"


async def test_a_second_ctrl_c_ends_at_once_though_a_place_hangs(scene: Acting) -> None:
    scene.commit(api("orders"), api("payments"))
    await scene.gko_tui("plan", "--out", "a.plan", *ONE_HOP)
    process = await scene.start_program("apply", "a.plan")
    await seen(process, "Namespace/pay")
    faults = scene.cluster.faults = Noticed(hang=True, fail_path="apiv4definitions/")
    await seen(process, "created     cluster        eu:Namespace/pay")
    await asyncio.wait_for(faults.met.wait(), 60)
    assert process.stderr is not None
    process.send_signal(signal.SIGINT)
    assert b"stopping" in await process.stderr.readline()
    process.send_signal(signal.SIGINT)
    done = await rest(process)
    assert done.code == 130, done
    assert "perhaps done, look before you write again: " in done.out
    assert "ended at once: " in done.out
