"""Emits Kubernetes events, each once: a repetition raises the count of the one that is there.

Events are told to people and lost without harm. So nothing here raises, nothing is tried twice, and what
repeats within an hour is the same event, as client-go's recorder does it. A thousand resources that change at
once would double the load on their API server with good news, so of that only so much is told: 50 at once and
5 a second from then on. Warnings are always told. (client-go's spam filter does the like for each object.)
Source: Kubernetes API reference, Event v1 (core); client-go `tools/record`.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from reconciler.model.errors import ClusterError

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient

KEPT = 4096
"""So many events are known again."""
SAME_FOR_S = 3600.0
NORMAL_BURST = 50.0
NORMAL_PER_S = 5.0
"""So many events that are no warnings are told at once, and so many a second from then on."""
_MERGE_PATCH = "application/merge-patch+json"


class _Same(NamedTuple):
    uid: str
    component: str
    type: str
    reason: str
    message: str


class Events:
    """The events of one cluster.

    Args:
        client: the cluster.
        clock: seconds since the epoch.
        instance: names this process among others that emit for the same component.

    Attributes:
        lost: how many could not be written.
        spared: how many that are no warnings were left out, for there were too many.
    """

    def __init__(self, client: KubeClient, clock: Callable[[], float], instance: str = "gko-tui") -> None:
        self._client = client
        self._clock = clock
        self._instance = instance
        self._known: OrderedDict[_Same, tuple[str, int, float]] = OrderedDict()
        self._left = NORMAL_BURST
        self._filled_at = clock()
        self.lost = 0
        self.spared = 0

    async def emit(
        self, about: Mapping[str, Any], kind: str, reason: str, message: str, component: str
    ) -> None:
        """Say something about an object.

        Args:
            about: the object.
            kind: `Normal` or `Warning`.
            reason: one word.
            message: at most 1024 bytes.
            component: who says it.
        """
        now = self._clock()
        if kind == "Normal" and not self._may_tell(now):
            self.spared += 1
            return
        metadata = about["metadata"]
        namespace = str(metadata.get("namespace") or "default")
        same = _Same(str(metadata.get("uid", "")), component, kind, reason, message)
        known = self._known.get(same)
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/events"
        try:
            if known is not None and now - known[2] < SAME_FOR_S:
                name, count, _ = known
                try:
                    await self._client.request(
                        "PATCH",
                        f"{path}/{quote(name, safe='')}",
                        body={"count": count + 1, "lastTimestamp": _instant(now)},
                        content_type=_MERGE_PATCH,
                    )
                    self._keep(same, name, count + 1, now)
                    return
                except ClusterError as error:
                    if error.status != 404:  # it may have expired, then a new one is written
                        raise
            name = f"{str(metadata['name'])[:200]}.{uuid.uuid4().hex[:16]}"
            body = self._event(about, same, namespace, name, now)
            await self._client.request("POST", path, body=body)
            self._keep(same, name, 1, now)
        except ClusterError:
            self.lost += 1

    def _may_tell(self, now: float) -> bool:
        """Whether one more event that is no warning may be told now; it is counted then."""
        earned = max(0.0, now - self._filled_at) * NORMAL_PER_S
        self._left, self._filled_at = min(NORMAL_BURST, self._left + earned), now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    def _keep(self, same: _Same, name: str, count: int, now: float) -> None:
        self._known[same] = (name, count, now)
        self._known.move_to_end(same)
        while len(self._known) > KEPT:
            self._known.popitem(last=False)

    def _event(
        self, about: Mapping[str, Any], same: _Same, namespace: str, name: str, now: float
    ) -> dict[str, Any]:
        metadata = about["metadata"]
        involved = {
            field: metadata[field]
            for field in ("name", "namespace", "uid", "resourceVersion")
            if metadata.get(field)
        }
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "involvedObject": {
                "apiVersion": about.get("apiVersion", ""),
                "kind": about.get("kind", ""),
                **involved,
            },
            "type": same.type,
            "reason": same.reason,
            "message": same.message,
            "source": {"component": same.component},
            "reportingComponent": same.component,
            "reportingInstance": self._instance,
            "firstTimestamp": _instant(now),
            "lastTimestamp": _instant(now),
            "count": 1,
        }


def _instant(now: float) -> str:
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
