"""Keeps the shared state of applications in ConfigMaps, so that several engines agree (ENGINE §2).

Every write names the resourceVersion that was read: of two engines that decide at once, one is told to look
again. What does not fit into one ConfigMap goes into further ones, the last of which are written first:
whoever stops in between leaves an object noted twice rather than not at all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from reconciler.cluster.addresses import Address, config_map
from reconciler.cluster.failures import Refused, plain
from reconciler.cluster.shared_document import SharedState, SharedStateError, from_data, to_data
from reconciler.cluster.trace import OWN_MANAGER
from reconciler.model.errors import ClusterError
from reconciler.model.keys import ResourceKey

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient

MAX_BYTES = 900_000
"""An API server takes ConfigMaps of 1 MiB; the rest is for metadata and for what others add to it."""
MAX_PARTS = 64
_KEY = "state.json"
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?")
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_VERBS = ("get", "create", "update")


class StateMoved(SharedStateError):
    """Another engine changed the state since it was read."""


@dataclass(frozen=True, slots=True)
class Part:
    """One ConfigMap of a state: its resourceVersion (empty: it does not exist yet) and its objects."""

    resource_version: str
    holds: frozenset[ResourceKey]


@dataclass(frozen=True, slots=True)
class HeldState:
    """A state as it was read, with the versions that the next write depends on."""

    state: SharedState
    parts: tuple[Part, ...]


class SharedStates:
    """The shared states in one namespace of one cluster.

    Args:
        client: the cluster.
        namespace: where the ConfigMaps are: the engine's namespace, else the application's.
        max_bytes: how large one ConfigMap may become.
    """

    def __init__(self, client: KubeClient, namespace: str, *, max_bytes: int = MAX_BYTES) -> None:
        self._client = client
        self._namespace = namespace
        self._max_bytes = max_bytes

    async def read(self, application: str) -> HeldState:
        """Read an application's state; an empty one where there is none yet.

        Raises:
            SharedStateError: it cannot be read, or is not ours to understand.
        """
        head = await self._part(application, 0)
        if head is None:
            return HeldState(SharedState(application), (Part("", frozenset()),))
        version, data = head
        state = self._parsed(application, 0, data)
        parts = [Part(version, frozenset(state.inventory))]
        announced = self._count(application, data)
        for number in range(1, MAX_PARTS):
            found = await self._part(application, number)
            if found is None and number >= announced:
                break
            if found is None:  # somebody deleted it; what it held begins anew
                parts.append(Part("", frozenset()))
                continue
            more = self._parsed(application, number, found[1])
            parts.append(Part(found[0], frozenset(more.inventory)))
            state = state.applied(more.inventory)
        return HeldState(state, tuple(parts))

    async def write(self, held: HeldState, state: SharedState) -> HeldState:
        """Write a changed state; what has not changed is not written.

        Args:
            held: what was read.
            state: what it becomes.

        Returns:
            the state with its new versions, for the next write.

        Raises:
            StateMoved: another engine was faster; read it again.
            SharedStateError: it may not be written, or nobody can tell whether it was.
        """
        before = _split(held.state, held.parts, self._max_bytes)
        after = _split(state, held.parts, self._max_bytes)
        parts = [*held.parts, *(Part("", frozenset()) for _ in range(len(after) - len(held.parts)))]
        for number, data in reversed(
            list(enumerate(after))
        ):  # what moves on is added before it is taken away
            same = number < len(before) and number < len(held.parts) and before[number] == data
            if same and parts[number].resource_version:
                continue
            if not parts[number].resource_version and number and not data["inventory"]:
                continue
            version = await self._store(state.application, number, data, parts[number].resource_version)
            parts[number] = Part(version, _keys(state, data))
        return HeldState(state, tuple(parts))

    async def update(
        self, application: str, change: Callable[[SharedState], SharedState], *, attempts: int = 5
    ) -> SharedState:
        """Read, change and write; where another engine was faster, decide again on what it left.

        Args:
            application: whose state.
            change: gives the new state; it is asked again on what another engine wrote meanwhile.
            attempts: how often to decide anew.

        Raises:
            SharedStateError: it cannot be read or written, or others kept being faster.
        """
        for _ in range(attempts):
            held = await self.read(application)
            wanted = change(held.state)
            if wanted == held.state:
                return wanted
            try:
                return (await self.write(held, wanted)).state
            except StateMoved as error:
                told = error
        raise told

    async def refusal(self) -> str:
        """Say which right is missing to decide anything here; nothing where none is.

        Raises:
            SharedStateError: the cluster does not answer.
        """
        missing = []
        for verb in _VERBS:
            attributes = {
                "group": "",
                "resource": "configmaps",
                "verb": verb,
                "namespace": self._namespace,
            }
            review = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes},
            }
            try:
                answer = await self._client.request("POST", _REVIEWS, body=review)
            except ClusterError as error:
                raise self._failure("", 0, error) from error
            if (answer.get("status") or {}).get("allowed") is not True:
                missing.append(verb)
        if not missing:
            return ""
        return f"the right to {' and '.join(missing)} configmaps in namespace {self._namespace} is missing"

    # ---------------------------------------------------------------------------------------

    def _address(self, application: str, number: int) -> Address:
        return config_map(self._namespace, part_name(application, number))

    async def _part(self, application: str, number: int) -> tuple[str, Any] | None:
        """The version and the parsed content of one ConfigMap; None where there is none."""
        address = self._address(application, number)
        try:
            body = await self._client.get(address.path)
        except Refused as error:
            if error.status == 404:
                return None
            raise self._failure(application, number, error) from error
        except ClusterError as error:
            raise self._failure(application, number, error) from error
        text = (body.get("data") or {}).get(_KEY)
        try:
            data = orjson.loads(text if isinstance(text, str) else b"")
        except orjson.JSONDecodeError as error:
            raise SharedStateError(
                f"holds no state in `{_KEY}`",
                subject=self._subject(application, number),
                next_step="rename or delete that ConfigMap: gko-tui never overwrites what is not its own",
            ) from error
        return str(body["metadata"].get("resourceVersion", "")), data

    def _parsed(self, application: str, number: int, data: Any) -> SharedState:
        subject = self._subject(application, number)
        state = from_data(data, self._client.name, subject=subject)
        if state.application != application:
            raise SharedStateError(
                f"is the state of {plain(state.application, 60)}, not of {application}",
                subject=subject,
                next_step="give one of the two applications another name",
            )
        return state

    def _count(self, application: str, data: Any) -> int:
        """How many ConfigMaps the first one speaks of."""
        count = data.get("parts", 1)
        if not isinstance(count, int) or not 1 <= count <= MAX_PARTS:
            raise SharedStateError(
                f"says that it has {plain(count, 20)} parts", subject=self._subject(application, 0)
            )
        return count

    async def _store(self, application: str, number: int, data: Mapping[str, Any], version: str) -> str:
        """Write one ConfigMap at a version (empty: create it); returns its new version."""
        address = self._address(application, number)
        metadata: dict[str, Any] = {
            "name": address.name,
            "namespace": self._namespace,
            "labels": {"app.kubernetes.io/managed-by": OWN_MANAGER},
        }
        text = orjson.dumps(data).decode()
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {_KEY: text}}
        if version:
            metadata["resourceVersion"] = version
        method, path = ("PUT", address.path) if version else ("POST", address.collection)
        try:
            answer = await self._client.request(method, path, body=body, params={"fieldManager": OWN_MANAGER})
        except Refused as error:
            if error.status == 409 or (error.status == 404 and version):
                raise StateMoved(
                    "another engine changed it meanwhile",
                    subject=self._subject(application, number),
                    next_step="look again, then decide",
                ) from error
            raise self._failure(application, number, error) from error
        except ClusterError as error:
            return await self._settled(application, number, data, error)
        return str(answer["metadata"]["resourceVersion"])

    async def _settled(
        self, application: str, number: int, data: Mapping[str, Any], error: ClusterError
    ) -> str:
        """No answer came: a second read tells whether the write arrived."""
        found = await self._part(application, number)
        if found is not None and found[1] == data:
            return found[0]
        raise self._failure(application, number, error) from error

    def _subject(self, application: str, number: int) -> str:
        name = part_name(application, number) if application else "*"
        return f"{self._client.name}: ConfigMap/{self._namespace}/{name}"

    def _failure(self, application: str, number: int, error: ClusterError) -> SharedStateError:
        told = error.told if isinstance(error, Refused) and error.told else error.what
        next_step = error.next_step
        if error.status == 403:
            next_step = f"grant {', '.join(_VERBS)} on configmaps in namespace {self._namespace}"
        return SharedStateError(told, subject=self._subject(application, number), next_step=next_step)


def part_name(application: str, number: int) -> str:
    """The name of a state's ConfigMap: readable where the application's name allows it."""
    name = application
    if _NAME.fullmatch(application) is None or ".part-" in application:
        readable = re.sub(r"[^a-z0-9]+", "-", application.lower()).strip("-")[:40]
        digest = hashlib.sha256(application.encode()).hexdigest()[:8]
        name = f"{readable}-{digest}" if readable else digest
    return f"gko-tui.{name}" + (f".part-{number}" if number else "")


def _keys(state: SharedState, data: Mapping[str, Any]) -> frozenset[ResourceKey]:
    named = {(kind, namespace, name) for kind, namespace, name, *_ in data["inventory"]}
    return frozenset(key for key in state.inventory if key[1:] in named)


def _split(state: SharedState, parts: tuple[Part, ...], max_bytes: int) -> list[dict[str, Any]]:
    """Lay a state out over ConfigMaps: what stands in one stays there, new objects go where there is room."""
    where = {key: number for number, part in enumerate(parts) for key in part.holds}
    whole = to_data(state)
    nothing = to_data(replace(SharedState(state.application), revision=""))
    laid: list[list[Any]] = [[] for _ in parts]
    base = [len(orjson.dumps({**whole, "inventory": [], "parts": MAX_PARTS}))]
    if base[0] > max_bytes:
        raise SharedStateError(
            "holds too many decisions", subject=state.application, next_step="end some pins and suspends"
        )
    sizes = [base[0], *(len(orjson.dumps(nothing)) for _ in parts[1:])]
    new = []
    for key, row in zip(sorted(state.inventory), whole["inventory"], strict=True):
        number, size = where.get(key), len(orjson.dumps(row)) + 1
        if number is None or sizes[number] + size > max_bytes:
            new.append((row, size, 0 if number is None else number + 1))
        else:
            laid[number].append(row)
            sizes[number] += size
    for row, size, first in new:
        room = (at for at in range(first, len(sizes)) if sizes[at] + size <= max_bytes)
        number = next(room, len(sizes))
        if number == len(sizes):
            laid.append([])
            sizes.append(len(orjson.dumps(nothing)))
        laid[number].append(row)
        sizes[number] += size
    if len(laid) > MAX_PARTS:
        raise SharedStateError(
            f"needs more than {MAX_PARTS} ConfigMaps",
            subject=state.application,
            next_step="split the application",
        )
    head = {**whole, "inventory": laid[0]}
    if len(laid) > 1:
        head["parts"] = len(laid)
    return [head, *({**nothing, "inventory": sorted(rows)} for rows in laid[1:])]
