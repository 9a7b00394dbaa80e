"""What a gateway's technical API tells, as plain values: light to import, cheap to keep.

Facts of the wire: DOMAIN §5 and the recorded gateway exchanges. A deployed definition is kept compressed: a
thousand APIs on ten pods are ten thousand of them.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from reconciler.rules.text import printable

TECHNICAL_PORT = 18082
MAX_DEPTH = 100
"""Levels of nesting that a definition may have; real ones have some ten."""
_MAX_TEXT = 500


class ByteStream(Protocol):
    """A connection to a pod's port, whatever carries it."""

    async def read(self, max_bytes: int) -> bytes:
        """Return some bytes, or none at the end.

        Raises:
            GkoError: the connection, or the port behind it, failed.
        """

    async def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            GkoError: the connection failed.
        """

    async def aclose(self) -> None:
        """Close it; harmless when it is closed already."""


Dialer = Callable[[str, str, str, int], Awaitable[ByteStream]]
"""Opens a connection to a pod: (cluster, namespace, pod, port). Raises GkoError naming what is in the way."""

PodLister = Callable[[str, str, str], Awaitable[list[dict[str, Any]]]]
"""Lists pods as the API server gives them: (cluster, namespace, label selector). Raises GkoError."""


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What one gateway process says of itself (`/_node`).

    `tags` are its sharding tags (`!x` excludes); None where it does not tell them. `environments` and
    `organizations` restrict what it takes; empty means all.
    """

    id: str
    version: str = ""
    name: str = ""
    hostname: str = ""
    installation: str = ""
    tags: tuple[str, ...] | None = None
    environments: tuple[str, ...] = ()
    organizations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """The probes of a node: name to message, for those that failed."""

    failed: Mapping[str, str] = field(default_factory=dict)

    @property
    def healthy(self) -> bool:
        """Whether no probe failed."""
        return not self.failed


@dataclass(frozen=True, slots=True)
class SyncFacts:
    """How a node's synchronisation goes (`/_node/sync`; of one that reads ConfigMaps only its first round).

    `next_at` and `last_error_at` are seconds since the epoch; None where there is none. `failing`: the last
    round failed, whenever that was.
    """

    initial_done: bool
    counter: int = 0
    next_at: float | None = None
    last_error_at: float | None = None
    last_error: str = ""
    failing: bool = False


@dataclass(frozen=True, slots=True)
class ListedApi:
    """One line of `/_node/apis`."""

    id: str
    name: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class DeployedApi:
    """One API as one pod runs it.

    `revision` is the publish event's deployment number, or the ConfigMap's resourceVersion (DOMAIN §0.10).
    `deployed_at` is seconds since the epoch, None where it was not told. `packed` is the definition,
    compressed; it may hold credentials, so it is not part of the repr and never leaves memory.
    """

    id: str
    name: str = ""
    revision: str = ""
    deployed_at: float | None = None
    enabled: bool = True
    environment_id: str = ""
    environment_hrid: str = ""
    organization_id: str = ""
    sync_from: str = ""
    packed: bytes = field(default=b"", repr=False)
    digest: bytes = field(default=b"", repr=False)
    """Of the answer as it came, to see cheaply that nothing changed."""

    def definition(self) -> dict[str, Any]:
        """Inflate the definition; empty where the pod gave none."""
        if not self.packed:
            return {}
        body: dict[str, Any] = orjson.loads(zlib.decompress(self.packed))
        return body


def node_facts(body: Mapping[str, Any]) -> NodeFacts:
    """Read the body of `/_node`; what is missing stays empty."""
    raw = body.get("metadata")
    metadata: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    version = body.get("version")
    told = version.get("MAJOR_VERSION") if isinstance(version, dict) else version
    tags = metadata.get("tags", body.get("tags"))
    return NodeFacts(
        id=_text(body.get("id") or metadata.get("node.id")),
        version=_text(told),
        name=_text(body.get("name")),
        hostname=_text(metadata.get("node.hostname")),
        installation=_text(metadata.get("installation")),
        tags=None if tags is None else _names(tags),
        environments=_names(metadata.get("environments")),
        organizations=_names(metadata.get("organizations")),
    )


def health_of(body: Mapping[str, Any]) -> Health:
    """Read the body of `/_node/health`: one object a probe, with `healthy` and perhaps a `message`."""
    return Health(
        {
            str(probe): _text(result.get("message"))
            for probe, result in body.items()
            if isinstance(result, dict) and result.get("healthy") is False
        }
    )


def sync_facts(body: Mapping[str, Any]) -> SyncFacts:
    """Read the body of `/_node/sync`. `lastOnError` is an instant or a truth value: no recording shows it."""
    counter = body.get("counter")
    return SyncFacts(
        initial_done=body.get("initialDone") is True,
        counter=counter if isinstance(counter, int) else 0,
        next_at=_seconds(body.get("nextSyncTime")),
        last_error_at=_seconds(body.get("lastOnError")),
        last_error=_text(body.get("lastErrorMessage")),
        failing=body.get("lastOnError") is True,
    )


def deployed_api(api_id: str, body: Mapping[str, Any], content: bytes) -> DeployedApi:
    """Read the body of `/_node/apis/{id}`.

    Args:
        api_id: the id that was asked for.
        body: the parsed answer.
        content: the answer as it came.
    """
    definition = body.get("definition")
    context = body.get("definitionContext")
    packed = zlib.compress(orjson.dumps(definition), 1) if isinstance(definition, dict) else b""
    name = definition.get("name") if isinstance(definition, dict) else body.get("name")
    return DeployedApi(
        id=api_id,
        name=_text(name),
        revision=_text(body.get("revision")),
        deployed_at=_seconds(body.get("deployedAt")),
        enabled=body.get("enabled") is not False,
        environment_id=_text(body.get("environmentId")),
        environment_hrid=_text(body.get("environmentHrid")),
        organization_id=_text(body.get("organizationId")),
        sync_from=_text(context.get("syncFrom")).upper() if isinstance(context, dict) else "",
        packed=packed,
        digest=hashlib.blake2b(content, digest_size=16).digest(),
    )


def too_deep(value: object) -> bool:
    """Whether a value is nested deeper than `MAX_DEPTH`: no definition, and a danger to whatever walks it."""
    level: list[object] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for outer in level
            for item in (
                outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ()
            )
            if isinstance(item, (dict, list))
        ]
        if not level:
            return False
    return True


def _text(value: object) -> str:
    """A short text that is safe to show, for a gateway may answer anything."""
    if value is None or isinstance(value, (dict, list, bool)):
        return ""
    return printable(str(value)[:_MAX_TEXT])


def _names(value: object) -> tuple[str, ...]:
    """A list of names, or one text with commas, as gravitee.yml allows both."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(text for part in parts if (text := _text(part).strip()))


def _seconds(value: object) -> float | None:
    """Epoch milliseconds as seconds; None where there is no instant (the node writes -1 or 0 for never)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
        return None
    return value / 1000
