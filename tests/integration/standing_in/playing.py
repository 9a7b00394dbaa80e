"""Plays a recorded scenario and tells, step by step, what came out differently than with the real operator.

Compared at the end of each step: which objects there are, whether they wait for their deletion, their
finalizers, their status (types, statuses and reasons of conditions, every field; not instants, messages, and
generations, which lag there), and which of the things that were ever sent are alive at the control plane.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.integration.standing_in.stage import Body, Stage

WIPED: Body = {}
_DROPPED = ("lastTransitionTime", "message", "observedGeneration")
_INSTANTS = ("startedAt", "endingAt")


class Play:
    """One scenario on one stage.

    Args:
        scenario: as it was recorded.
        stage: where it is played.
    """

    def __init__(self, scenario: Body, stage: Stage) -> None:
        self._steps = scenario["steps"]
        self._name = scenario["scenario"]
        self._stage = stage
        self._alive: dict[str, bool] = {}
        self._plans: dict[str, str] = {}
        self._rules: list[Body] = []
        self.differences: list[str] = []

    async def run(self) -> list[str]:
        """Play every step; every difference as `step | object | what: theirs → ours`."""
        self._stage.employ()
        for at, step in enumerate(self._steps):
            following = self._steps[at + 1]["at"] if at + 1 < len(self._steps) else step["at"] + 30
            await self._do(step)
            await self._stage.work(max(2.0, following - step["at"]))
            self._follow(step)
            await self._compare(step)
        return self.differences

    # --- what is done ----------------------------------------------------------------------

    async def _do(self, step: Body) -> None:
        stage = self._stage
        if "injected_from_here" in step:
            self._rules = step["injected_from_here"]
            stage.proxy.rules = [dict(rule) for rule in self._rules]
        for manifest in step.get("applied") or ():
            stage.apply(manifest)
        done = step.get("done")
        if isinstance(done, str):
            if "stopped" in done:
                await stage.retire()
            else:
                await stage.retire()
                stage.employ()
        for deed in done if isinstance(done, list) else [done]:
            if isinstance(deed, dict):
                await self._deed(deed)
        if "wiped" in step["step"] or "emptied" in step["step"]:
            self._wipe(step)
        elif "by hand" in step["step"] or "removed, id kept" in step["step"]:
            self._patch(step)
        for name in step.get("deleted") or ():
            stage.delete(name)

    async def _deed(self, deed: Body) -> None:
        stage = self._stage
        if deed.get("direct_to_apim") and deed["method"] != "GET":
            await stage.direct(deed["method"], deed["path"])
            self._alive[deed["path"]] = False
        for request in deed.get("requests") or ():
            await stage.direct(request["method"], request["path"], request["body"], request["query"])
            self._took(request)
        if "configmap_deleted" in deed:
            for namespace, name in stage.cluster.names("ConfigMap"):
                stage.cluster.delete("ConfigMap", namespace, name)
        if "deleted" in deed:
            stage.delete(f"ApiV4Definition/{self._name}/deleted")
        if "status_wiped" in deed:
            stage.write_status(f"ApiV4Definition/{self._name}/wiped", WIPED)

    def _wipe(self, step: Body) -> None:
        for name, recorded in step["objects"].items():
            if recorded is not None and not (recorded.get("status") or {}).get("id"):
                self._stage.write_status(name, WIPED)

    def _patch(self, step: Body) -> None:
        for name, recorded in step["objects"].items():
            now = self._stage.cluster.get(*name.split("/"))
            if recorded is None or now is None or not recorded.get("status"):
                continue
            there = {one["type"] for one in recorded["status"].get("conditions") or ()}
            status = dict(now.get("status") or {})
            status["conditions"] = [one for one in status.get("conditions") or () if one["type"] in there]
            for field in ("id", "crossId"):
                if field in recorded["status"]:
                    status.setdefault(field, recorded["status"][field])
            self._stage.write_status(name, status)

    # --- what came of it -------------------------------------------------------------------

    def _follow(self, step: Body) -> None:
        """Which things are alive at the real control plane after this step."""
        for request in step["requests"]:
            self._took(request)

    def _took(self, request: Body) -> None:
        path = request["path"].removeprefix("/automation/organizations/DEFAULT/environments/DEFAULT")
        if path == request["path"] or request["path"].startswith("/management"):
            return  # by an id that was drawn
        ok = request["status"] is not None and 200 <= request["status"] < 300 and not request.get("injected")
        late = request["status"] is None and any("delay_after" in rule for rule in self._rules)
        if request["method"] == "PUT" and (ok or late):
            uuid = "hridContainsUUID=true" in (request.get("query") or "")
            name = f"{path}/{request['body']['hrid']}" + ("?hridContainsUUID=true" if uuid else "")
            self._alive[name] = True
            if path.endswith("/subscriptions"):
                self._plans[name] = request["body"]["planHrid"]
            self._close_with_plans(name, request["body"])
        elif request["method"] == "DELETE" and (ok or request["status"] == 404):
            uuid = "hridContainsUUID=true" in (request.get("query") or "")
            self._alive[path + ("?hridContainsUUID=true" if uuid else "")] = False
            if path.startswith("/apis/") and path.count("/") == 2:
                for name in self._alive:
                    if name.startswith(f"{path}/"):
                        self._alive[name] = False

    def _close_with_plans(self, api: str, body: Body) -> None:
        """A plan that is left out is closed, and its subscriptions with it (DOMAIN §9, trap 9)."""
        plans = {plan["hrid"] for plan in body.get("plans") or ()}
        for name, plan in self._plans.items():
            if name.startswith(f"{api}/") and plan not in plans:
                self._alive[name] = False

    async def _compare(self, step: Body) -> None:
        for name, recorded in step["objects"].items():
            kind = name.split("/")[0]
            ours = self._stage.cluster.get(*name.split("/"))
            if recorded is None or ours is None:
                if (recorded is None) != (ours is None):
                    self._differ(step, name, "there", recorded is not None, ours is not None)
                continue
            for what, theirs, own in (
                ("deleting", *(bool(one["metadata"].get("deletionTimestamp")) for one in (recorded, ours))),
                ("finalizers", *(_finalizers(one) for one in (recorded, ours))),
            ):
                if theirs != own:
                    self._differ(step, name, what, theirs, own)
            theirs, own = comparable_status(kind, recorded), comparable_status(kind, ours)
            for field in sorted(theirs.keys() | own.keys()):
                if theirs.get(field) != own.get(field):
                    self._differ(step, name, f"status.{field}", theirs.get(field), own.get(field))
        for name, expected in self._alive.items():
            there = await self._stage.is_alive(name)
            if there != expected:
                self._differ(step, name, "at APIM", expected, there)

    def _differ(self, step: Body, name: str, what: str, theirs: object, ours: object) -> None:
        self.differences.append(f"{step['step']} | {name} | {what}: {theirs} → {ours}")


def comparable_status(kind: str, body: Mapping[str, Any]) -> Body:
    """A status without what differs from one run to the next."""
    status = dict(body.get("status") or {})
    conditions = status.pop("conditions", None) or []
    for one in conditions:
        status[f"condition {one['type']}"] = f"{one['status']} {one['reason']}"
    for field in _INSTANTS:
        if field in status:
            status[field] = bool(status[field])
    if kind == "ApiDefinition":  # its ids follow from a uid that is drawn
        for field in ("id", "crossId", "plans"):
            if field in status:
                status[field] = bool(status[field])
    errors = status.get("errors")
    if isinstance(errors, dict):
        status["errors"] = {level: len(said) for level, said in errors.items() if said}
    return {name: value for name, value in status.items() if value not in (None, {}, [])}


def _finalizers(body: Mapping[str, Any]) -> list[str]:
    return sorted(
        re.sub(r"^finalizers\.gravitee\.io/", "", one) for one in body["metadata"].get("finalizers") or ()
    )
