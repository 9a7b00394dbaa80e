"""One Lease of coordination.k8s.io: read, taken, renewed and given back, never against a live holder.

Instants are arguments. A holder's renewTime is another machine's clock, so a lease counts as expired only
when this process has watched it unchanged for its whole duration (as client-go's leader election does).
Every write carries the resourceVersion that was read: of two who try, one succeeds.
Source: Kubernetes documentation, "Leases"; client-go `tools/leaderelection`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler.model.errors import ClusterError

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient

DURATION_S, RENEW_WITHIN_S, RETRY_S = 15, 10.0, 2.0
"""How long a lease holds, within how long it has to be renewed, how often one tries (ENGINE §10)."""
_API = "/apis/coordination.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class Held:
    """A lease as it was read. `holder` is empty where nobody has it."""

    holder: str
    duration_s: int
    renewed: str
    transitions: int
    resource_version: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of trying to hold a lease.

    Attributes:
        held: it is ours now.
        holder: whose it is, as far as that was seen.
        wait_s: seconds until it could be ours, if its holder stays silent.
    """

    held: bool
    holder: str = ""
    wait_s: float = 0.0


class Lease:
    """One lease, as one who wants it.

    Args:
        client: the cluster.
        namespace: where it stands.
        name: what it is called.
        identity: who we are; two processes must not have the same.
        duration_s: for how many seconds it holds without being renewed.
    """

    def __init__(
        self, client: KubeClient, namespace: str, name: str, identity: str, *, duration_s: int = DURATION_S
    ) -> None:
        self._client = client
        self.namespace = namespace
        self.name = name
        self.identity = identity
        self.duration_s = duration_s
        self._seen: tuple[str, str] = ("", "")
        self._seen_at = 0.0
        self.renewed_at: float | None = None
        """When we last renewed it, by the clock of whoever calls; None while it is not ours."""

    async def get(self) -> Held | None:
        """Read it; None where there is none.

        Raises:
            ClusterError: it cannot be read.
        """
        try:
            body = await self._client.get(self._path)
        except ClusterError as error:
            if error.status == 404:
                return None
            raise
        return _held(body)

    async def acquire(self, now: float) -> Attempt:
        """Take it where nobody has it, or its holder was silent for as long as it holds; else wait.

        Args:
            now: seconds since the epoch, of a clock that counts sleep.

        Raises:
            ClusterError: the cluster refused, or did not answer. It may be ours then: `acquire` tells.
        """
        found = await self.get()
        if found is None:
            return await self._create(now)
        if found.holder not in ("", self.identity):
            wait = self._silence_left(found, now)
            if wait > 0:
                self.renewed_at = None
                return Attempt(False, found.holder, wait)
        return await self._write(found, now)

    async def renew(self, now: float) -> Attempt:
        """Prolong it; lost where somebody else has it by now.

        Raises:
            ClusterError: the cluster refused, or did not answer.
        """
        found = await self.get()
        if found is None or found.holder != self.identity:
            self.renewed_at = None
            return Attempt(False, found.holder if found is not None else "")
        return await self._write(found, now)

    async def release(self, now: float) -> None:
        """Give it back so that the next one need not wait; nothing where it is not ours.

        Raises:
            ClusterError: the cluster refused, or did not answer; it then runs out by itself.
        """
        found = await self.get()
        self.renewed_at = None
        if found is None or found.holder != self.identity:
            return
        body = self._body(found.body, "", 1, found.transitions, now)
        try:
            await self._client.request("PUT", self._path, body=body)
        except ClusterError as error:
            if error.status not in (404, 409):
                raise

    def may_write(self, now: float) -> bool:
        """Whether a write may begin: not later than ten seconds after the last renewal (ENGINE §10)."""
        within = min(RENEW_WITHIN_S, self.duration_s * RENEW_WITHIN_S / DURATION_S)
        return self.renewed_at is not None and 0 <= now - self.renewed_at < within

    def over_at(self) -> float:
        """Until when a write must have ended, answered or not: as long as the lease holds; 0 without it."""
        return self.renewed_at + self.duration_s if self.renewed_at is not None else 0.0

    # ---------------------------------------------------------------------------------------

    @property
    def _path(self) -> str:
        return f"{self._collection}/{quote(self.name, safe='')}"

    @property
    def _collection(self) -> str:
        return f"{_API}/namespaces/{quote(self.namespace, safe='')}/leases"

    def _silence_left(self, found: Held, now: float) -> float:
        seen = (found.resource_version, found.renewed)
        if seen != self._seen:
            self._seen, self._seen_at = seen, now
        return max(0.0, self._seen_at + found.duration_s - now)

    async def _create(self, now: float) -> Attempt:
        body = self._body({}, self.identity, self.duration_s, 0, now)
        try:
            await self._client.request("POST", self._collection, body=body)
        except ClusterError as error:
            if error.status == 409:
                return Attempt(False, "", RETRY_S)
            raise
        self.renewed_at = now
        return Attempt(True, self.identity)

    async def _write(self, found: Held, now: float) -> Attempt:
        transitions = found.transitions + (found.holder != self.identity)
        body = self._body(found.body, self.identity, self.duration_s, transitions, now)
        try:
            await self._client.request("PUT", self._path, body=body)
        except ClusterError as error:
            if error.status == 409:
                self.renewed_at = None
                return Attempt(False, found.holder, RETRY_S)
            raise
        self.renewed_at = now
        return Attempt(True, self.identity)

    def _body(
        self, found: Mapping[str, Any], holder: str, duration_s: int, transitions: int, now: float
    ) -> dict[str, Any]:
        before = found.get("spec") or {}
        taken = before.get("acquireTime") if before.get("holderIdentity") == holder else None
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self.name, "namespace": self.namespace, **dict(found.get("metadata") or {})},
            "spec": {
                **before,
                "holderIdentity": holder,
                "leaseDurationSeconds": duration_s,
                "leaseTransitions": transitions,
                "acquireTime": taken or _micro(now),
                "renewTime": _micro(now),
            },
        }


def holder_of(body: Mapping[str, Any]) -> str:
    """Who holds a lease; empty where nobody does."""
    return str((body.get("spec") or {}).get("holderIdentity") or "")


def _held(body: Mapping[str, Any]) -> Held:
    spec = body.get("spec") or {}
    return Held(
        holder_of(body),
        int(spec.get("leaseDurationSeconds") or DURATION_S),
        str(spec.get("renewTime") or ""),
        int(spec.get("leaseTransitions") or 0),
        str((body.get("metadata") or {}).get("resourceVersion", "")),
        body,
    )


def _micro(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
