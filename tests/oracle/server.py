"""The real API server as an oracle: what would a forced server-side apply by gko-tui do?"""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from typing import Any

import httpx

from tests.oracle.examples import GROUP, Kind

OURS = "gko-tui"
OTHER = "someone-else"
_NOT_VALUES = frozenset({"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid"})


class Answer(Enum):
    """What a dry run says."""

    REFUSED = "refused"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, with the server's sentence where it refused."""

    answer: Answer
    sentence: str = ""


class Oracle:
    """One namespace of a real cluster.

    Args:
        client: an administrator's client.
        namespace: an existing namespace of its own.
        kinds: the kinds in service.
        creator: who makes the objects. What gko-tui made, it takes away again when Git no longer states it;
            of another's object it only changes what Git states.
    """

    def __init__(self, client: httpx.Client, namespace: str, kinds: dict[str, Kind], creator: str) -> None:
        self.creator = creator
        self._client = client
        self._namespace = namespace
        self._kinds = kinds

    def create(self, manifest: dict[str, Any]) -> dict[str, Any] | None:
        """Create an object; None where the server refuses it."""
        if self.creator == OURS:
            answer = self._apply(manifest, manifest["metadata"]["name"])
        else:
            query = {"fieldManager": self.creator, "fieldValidation": "Strict"}
            answer = self._client.post(self._url(manifest["kind"]), json=manifest, params=query)
        return answer.json() if answer.status_code == httpx.codes.CREATED else None

    def patched(self, live: dict[str, Any], patch: dict[str, Any], manager: str) -> dict[str, Any]:
        """Merge-patch an object for real, as a person does behind Git's back, and return it."""
        answer = self._client.patch(
            self._url(live["kind"], live["metadata"]["name"]),
            content=json.dumps(patch),
            params={"fieldManager": manager},
            headers={"Content-Type": "application/merge-patch+json"},
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def ask(self, manifest: dict[str, Any], live: dict[str, Any]) -> Said:
        """Ask whether applying a manifest would change an object."""
        answer = self._apply(manifest, live["metadata"]["name"], dryRun="All")
        if answer.status_code != httpx.codes.OK:
            return Said(Answer.REFUSED, answer.json().get("message", ""))
        changed = _values(answer.json()) != _values(live)
        return Said(Answer.CHANGED if changed else Answer.UNCHANGED)

    def ask_all(self, pairs: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> list[Said]:
        """Ask about many, a few at a time."""
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda pair: self.ask(*pair), pairs))

    def _apply(self, manifest: dict[str, Any], name: str, **query: str) -> httpx.Response:
        return self._client.patch(
            self._url(manifest["kind"], name),
            content=json.dumps(manifest),
            params={"fieldManager": OURS, "force": "true", **query},
            headers={"Content-Type": "application/apply-patch+yaml"},
        )

    def _url(self, kind: str, name: str = "") -> str:
        plural = self._kinds[kind].plural
        return f"/apis/{GROUP}/namespaces/{self._namespace}/{plural}" + (f"/{name}" if name else "")


def _values(body: dict[str, Any]) -> str:
    metadata = {name: value for name, value in body["metadata"].items() if name not in _NOT_VALUES}
    return json.dumps({**body, "metadata": metadata}, sort_keys=True)
