"""The simulated server held against the real one: the same random writes must lead to the same objects.

The other tests of the suite say what is known to matter. This one looks for what nobody thought of: owners
after long histories of applies, updates, patches and status writes by several managers.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.contract.conftest import Peer
from tests.contract.widgets import API_VERSION, Widgets, causes, widget

pytestmark = pytest.mark.peers

Write = Callable[[Widgets], httpx.Response]


class Writers:
    """Several managers that write to one object whatever comes to their minds."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def _some(self, names: str, make: Callable[[], Any], share: float = 0.5) -> dict[str, Any]:
        return {name: make() for name in names if self._chance.random() < share}

    def _plan(self) -> dict[str, Any]:
        status = {"status": self._chance.choice("AB")} if self._chance.random() < 0.4 else {}
        return {"name": self._chance.choice("NM"), **status}

    def _member(self, name: str) -> dict[str, Any]:
        source = {"source": "local"} if self._chance.random() < 0.3 else {}
        role = {"role": self._chance.choice("UV")} if self._chance.random() < 0.5 else {}
        note = {"note": self._chance.choice("UV")} if self._chance.random() < 0.5 else {}
        return {"name": name, **source, **role, **note}

    def spec(self) -> dict[str, Any]:
        """Make up a spec."""
        pick, chance = self._chance.choice, self._chance
        parts: dict[str, tuple[float, Callable[[], Any]]] = {
            "size": (0.4, lambda: chance.randint(1, 5)),
            "path": (0.3, lambda: pick(["/a", "/b"])),
            "maybe": (0.2, lambda: pick([None, "x"])),
            "labels": (0.4, lambda: self._some("ab", lambda: pick("12"))),
            "plans": (0.5, lambda: self._some("pqr", self._plan)),
            "tags": (0.5, lambda: chance.sample("abcd", chance.randint(0, 4))),
            "plain": (0.4, lambda: [pick("xyz") for _ in range(chance.randint(1, 3))]),
            "members": (0.6, lambda: [self._member(n) for n in chance.sample("xyz", chance.randint(0, 3))]),
            "free": (
                0.4,
                lambda: pick(
                    [{}, {"a": 1}, {"a": "s"}, {"a": {"b": 1, "d": {}}}, {"l": [{"k": 1}], "a": {}}]
                ),
            ),
            "frozen": (0.3, lambda: self._some("ab", lambda: pick("12"))),
            "nested": (0.4, lambda: pick([{}, {"deep": {}}, {"deep": {"y": "1"}}, {"deep": {"x": "1"}}])),
        }
        made = {"colour": pick(["red", "green", "blue"])}
        return made | {name: make() for name, (share, make) in parts.items() if chance.random() < share}

    def metadata(self) -> dict[str, Any]:
        """Make up labels and annotations."""
        pick = self._chance.choice
        kinds = self._some("la", lambda: self._some("mn", lambda: pick("12")), 0.35)
        words = {"l": "labels", "a": "annotations"}
        return {words[kind]: value for kind, value in kinds.items()}

    def _with_nulls(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            name: None if self._chance.random() < 0.2 else self._with_nulls(item)
            for name, item in value.items()
        }

    def write(self, name: str) -> tuple[str, Write]:
        """Make up a write; return what it is, for the report, and how to carry it out."""
        kind = self._chance.choices(["apply", "merge", "status", "replace"], [45, 25, 10, 20])[0]
        manager = self._chance.choice(["m1", "m2", "m3"])
        body = widget(name, self.spec(), **self.metadata())
        force = {"force": "true"} if self._chance.random() < 0.6 else {}
        if kind == "apply":
            return f"apply {manager} {force} {body}", lambda w: w.apply(manager, body, **force)
        if kind == "merge":
            patch = self._with_nulls({"spec": self.spec(), "metadata": self.metadata()})
            return f"merge {manager} {patch}", lambda w: w.merge(name, patch, fieldManager=manager)
        if kind == "status":
            types = self._chance.sample("XY", self._chance.randint(0, 2))
            conditions = [{"type": t, "status": self._chance.choice("TF")} for t in types]
            status = {"status": {"phase": self._chance.choice("ab"), "conditions": conditions}}
            config = {"apiVersion": API_VERSION, "kind": "Widget", "metadata": {"name": name}, **status}
            if force:
                return f"apply status {manager} {status}", lambda w: w.apply(
                    manager, config, sub="/status", **force
                )
            return f"merge status {manager} {status}", lambda w: w.merge(
                name, status, sub="/status", fieldManager=manager
            )
        return f"replace {manager} {body}", lambda w: _replaced(w, body, manager)


def _replaced(widgets: Widgets, body: dict[str, Any], manager: str) -> httpx.Response:
    found = widgets.get(body["metadata"]["name"])
    if found.status_code == 404:
        return widgets.create(body, fieldManager=manager)
    revision = found.json()["metadata"]["resourceVersion"]
    metadata = {**body["metadata"], "resourceVersion": revision}
    return widgets.replace({**body, "metadata": metadata}, fieldManager=manager)


def _told(answer: httpx.Response) -> str:
    """Return what an answer says, without what must differ between two servers."""
    body = answer.json()
    if body["kind"] == "Status":
        listed = sorted(causes(answer))
        return json.dumps([answer.status_code, body.get("reason"), listed or body["message"]], indent=1)
    metadata = body.pop("metadata")
    owned = [
        [
            entry["manager"],
            entry["operation"],
            entry.get("subresource", ""),
            "time" in entry,
            entry["fieldsV1"],
        ]
        for entry in metadata.get("managedFields", [])
    ]
    kept = {name: metadata[name] for name in ("labels", "annotations", "generation") if name in metadata}
    said = [answer.status_code, kept, body, sorted(owned, key=lambda entry: entry[:3])]
    return json.dumps(said, sort_keys=True, indent=1)


@pytest.mark.parametrize("seed", range(6))
def test_the_same_writes_lead_to_the_same_objects(both: tuple[Peer, Peer], seed: int) -> None:
    simulated, real = (Widgets(each.client, "default") for each in both)
    writers = Writers(seed)
    for number in range(4):
        name = f"side-{seed}-{number}"
        history = []
        for _ in range(8):
            text, write = writers.write(name)
            history.append(text)
            assert _told(write(simulated)) == _told(write(real)), "\n".join(history)
        for each in (simulated, real):
            each.delete(name)
