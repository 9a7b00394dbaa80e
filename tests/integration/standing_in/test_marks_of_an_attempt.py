"""Finalizer and hash cost one write, prove nothing alone, and outlive a process that dies in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import reconciler.simulator.demo
from reconciler.control_plane.writing import ControlPlaneWriter
from reconciler.rules.apim.standing_in.marks import HASH, spec_hash
from tests.fleet.manifests import api
from tests.integration.standing_in.stage import Body, Stage

CRDS = Path(reconciler.simulator.demo.__file__).parent / "crds"
THING = ("ApiV4Definition", "team-pay", "api-00000")
PATH = "/apis/team-pay-api-00000"
BROKEN = {"method": "PUT", "path": "/apis", "status": 500, "body": "it broke"}
WAITS_S = 2.0


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A cluster with a context, and somebody who stands in."""
    made = Stage(tmp_path, [yaml.safe_load(path.read_text()) for path in sorted(CRDS.glob("*.yaml"))])
    await made.start()
    made.apim.environment("DEFAULT").tags.add("internal")
    login = {"credentials": {"username": "admin", "password": "admin"}}
    context = {
        "apiVersion": "gravitee.io/v1alpha1",
        "kind": "ManagementContext",
        "metadata": {"name": "dev-ctx", "namespace": "default"},
        "spec": {
            "baseUrl": "http://127.0.0.1:1234",
            "organizationId": "DEFAULT",
            "environmentId": "DEFAULT",
            "auth": login,
        },
    }
    for name in ("default", "team-pay"):
        if made.cluster.get("Namespace", "", name) is None:
            made.cluster.apply(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="t"
            )
    made.apply(context)
    made.employ()
    await made.work(WAITS_S)
    yield made
    await made.stop()


@pytest.fixture
def writes(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What is written about the API, by method; events aside."""
    seen: Counter[str] = Counter()
    client = stage.client
    assert client is not None
    plain = client.request

    async def request(method: str, path: str, **named: Any) -> dict[str, Any]:
        if THING[2] in path and "/events/" not in path:
            seen[method] += 1
        return await plain(method, path, **named)

    monkeypatch.setattr(client, "request", request)
    return seen


def found(stage: Stage) -> Body:
    body = stage.cluster.get(*THING)
    assert body is not None
    return body


def hash_on(body: Body) -> str | None:
    notes: dict[str, str] = body["metadata"].get("annotations") or {}
    return notes.get(HASH)


def accepted(body: Body) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or ()
    return any((one["type"], one["status"]) == ("Accepted", "True") for one in conditions)


async def test_an_attempt_that_succeeds_writes_marks_once_and_status_once(
    stage: Stage, writes: Counter[str]
) -> None:
    stage.apply(api(0))
    await stage.work(WAITS_S)
    body = found(stage)
    assert accepted(body)
    assert hash_on(body) == spec_hash(body)
    assert body["metadata"]["finalizers"] == ["finalizers.gravitee.io/apidefinitiondeletion"]
    assert writes == {"PATCH": 1, "PUT": 1}


async def test_an_attempt_that_fails_leaves_no_hash_and_the_next_success_writes_it(stage: Stage) -> None:
    stage.proxy.rules = [dict(BROKEN)]
    stage.apply(api(0))
    await stage.work(0.5)
    body = found(stage)
    assert not accepted(body)
    assert body["metadata"]["finalizers"] == ["finalizers.gravitee.io/apidefinitiondeletion"]
    assert not body["metadata"].get("annotations")
    stage.proxy.rules = []
    await stage.work(10)
    body = found(stage)
    assert accepted(body)
    assert hash_on(body) == spec_hash(body)


async def test_the_hash_that_somebody_else_left_is_put_back_after_a_failure(stage: Stage) -> None:
    theirs = api(0)
    theirs["metadata"]["annotations"] = {HASH: "of the real operator", "people": "wrote this"}
    stage.proxy.rules = [dict(BROKEN)]
    stage.apply(theirs)
    await stage.work(0.5)
    assert found(stage)["metadata"]["annotations"] == theirs["metadata"]["annotations"]


async def test_later_attempts_that_fail_write_no_marks(stage: Stage, writes: Counter[str]) -> None:
    stage.proxy.rules = [{**BROKEN, "times": 4}]
    stage.apply(api(0))
    await stage.work(0.5)
    assert writes["PATCH"] == 2  # on, and back
    await stage.work(10)
    assert sum(status == 500 for _, status in stage.proxy.puts) > 1
    assert writes["PATCH"] == 2


class Killed(BaseException):
    """The end of a process, as far as one process can play it."""


async def killed_at_the_put(stage: Stage, monkeypatch: pytest.MonkeyPatch, *, arrives: bool) -> None:
    """Let the one that stands in work until it sends something, and no further."""
    plain = ControlPlaneWriter.put

    async def put(self: ControlPlaneWriter, *arguments: Any, **named: Any) -> Any:
        if arrives:
            await plain(self, *arguments, **named)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(ControlPlaneWriter, "put", put)
        with pytest.raises(Killed):
            await stage.work(0.5)


@pytest.mark.parametrize("arrives", [False, True], ids=["before the PUT", "after the PUT"])
async def test_one_that_dies_after_the_marks_is_succeeded_by_one_that_converges(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    """Given a process killed between marks and PUT, or right after it; then one API, sent once."""

    stage.apply(api(0))
    await killed_at_the_put(stage, monkeypatch, arrives=arrives)
    assert hash_on(found(stage)) == spec_hash(found(stage))
    assert not accepted(found(stage))
    await stage.retire()
    stage.employ()
    await stage.work(WAITS_S)
    assert accepted(found(stage))
    assert await stage.is_alive(PATH)
    assert len(stage.apim.environment("DEFAULT").apis) == 1
    assert [status for path, status in stage.proxy.puts if path.endswith("/apis")] == [200]


@pytest.mark.parametrize("arrives", [False, True], ids=["before the PUT", "after the PUT"])
async def test_a_changed_spec_whose_bringer_dies_is_brought_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    """The hash speaks of the new spec by then, and the status of the old one: the status counts."""
    stage.apply(api(0))
    await stage.work(WAITS_S)
    changed = api(0)
    changed["spec"]["name"] = "Another name"
    stage.apply(changed)
    await killed_at_the_put(stage, monkeypatch, arrives=arrives)
    assert hash_on(found(stage)) == spec_hash(found(stage))
    await stage.retire()
    stage.employ()
    await stage.work(WAITS_S)
    assert await stage.direct("GET", PATH) == 200
    assert stage.answer["name"] == "Another name"
    told = {one["type"]: one for one in found(stage)["status"]["conditions"]}["Accepted"]
    assert (told["status"], told["observedGeneration"]) == ("True", found(stage)["metadata"]["generation"])
    assert [status for path, status in stage.proxy.puts if path.endswith("/apis")] == [200, 200]
