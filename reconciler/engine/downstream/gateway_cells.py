"""The W cell: what was published of an API against what every pod of its gateways runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.engine.cells import NOTHING, Finding
from reconciler.engine.downstream.fleet_of_gateways import FleetOfGateways
from reconciler.engine.downstream.meanings import API_KINDS, Meaning
from reconciler.gateways.definitions import definition_changes
from reconciler.gateways.facts import DeployedApi
from reconciler.gateways.folding import Expectation, Folded, PodVerdict, fold, fold_gateways, judge_pod
from reconciler.model.changes import Change
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Verdict

if TYPE_CHECKING:
    from reconciler.engine.downstream.config_maps import ConfigMaps
    from reconciler.engine.downstream.held import Held, Published
    from reconciler.gateways.folding import PodView
    from reconciler.gateways.serving import Serving
    from reconciler.gateways.views import GatewayViews
    from reconciler.settings.model import GatewaySpec

MAX_KEPT = 50_000
"""Comparisons of definitions kept: APIs times pods, with some to spare."""


class Definition(Mapping[str, Any]):
    """A published definition that is inflated only if somebody looks into it; `event` names it.

    `control_plane` and `api_id` say whose it is. `unread`: only a list told of it so far, so it is empty.
    """

    def __init__(self, published: Published, control_plane: str) -> None:
        self.event = published.event
        self.control_plane = control_plane
        self.api_id = published.expectation.api_id
        self.unread = published.listed
        self._published = published
        self._read: Mapping[str, Any] | None = None

    def _whole(self) -> Mapping[str, Any]:
        if self._read is None:
            self._read = self._published.definition() or {}
        return self._read

    def __getitem__(self, name: str) -> Any:
        return self._whole()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())


class GatewayCells:
    """Judges the gateway hop.

    Args:
        gateways: the configured ones, each name once.
        views: what their pods were read to say.
        held: what control planes published.
        config_maps: what clusters publish in the local mode.
        key: this machine's digest key.
    """

    def __init__(
        self,
        gateways: Sequence[GatewaySpec],
        views: GatewayViews,
        held: Held,
        config_maps: ConfigMaps,
        *,
        key: bytes,
    ) -> None:
        self._views = views
        self._held = held
        self._config_maps = config_maps
        self._key = key
        self._kept: dict[tuple[object, ...], tuple[Change, ...]] = {}
        self.fleet = FleetOfGateways(gateways, views, held)

    def judge(self, key: ResourceKey, meaning: Meaning, *, stopped: bool = False) -> tuple[Finding, str]:
        """Judge one resource.

        Args:
            key: the resource.
            meaning: what it means beyond its cluster.
            stopped: whether its spec says that it should not run; asked only in the local mode.

        Returns:
            the finding, and `2/3`: how many of those that should run it do.
        """
        if key.kind not in API_KINDS and key.namespace:
            return NOTHING, ""
        folded = self.folded(key, meaning, stopped=stopped)
        if isinstance(folded, Finding):
            return folded, ""
        causes = folded.causes
        if folded.text and folded.synced < folded.total:
            causes = (f"{folded.text} in sync", *causes)
        count = sum(len(pod.changes) for pod in folded.pods)
        return Finding(folded.verdict, causes, self._since(folded, meaning), change_count=count), folded.text

    def _since(self, folded: Folded, meaning: Meaning) -> float | None:
        """Date what is behind: since something else was published."""
        if folded.verdict not in (Verdict.DRIFTED, Verdict.MISSING, Verdict.AHEAD):
            return None
        published = self._held.of(meaning.control_plane).published.get(meaning.id)
        return (published.expectation.published_at or None) if published is not None else None

    def folded(self, key: ResourceKey, meaning: Meaning, *, stopped: bool = False) -> Folded | Finding:
        """Every pod's verdict of one resource, folded; a Finding where pods need not be asked."""
        serving = self.fleet.serving(key, meaning, self._tags(meaning))
        if not serving:
            return NOTHING
        expected = self.expected(key, meaning, stopped=stopped)
        if isinstance(expected, Finding):
            return expected
        api_id = expected.api_id if expected is not None else meaning.id
        return fold_gateways([self._of_gateway(one, api_id, expected, meaning) for one in serving])

    def serving(self, key: ResourceKey, meaning: Meaning) -> tuple[GatewaySpec, ...]:
        """The gateways that may run an API."""
        return tuple(one.gateway for one in self.fleet.serving(key, meaning))

    def of_control_plane(self, control_plane: str) -> tuple[GatewaySpec, ...]:
        """The gateways that take their APIs from a control plane, or may."""
        return tuple(one.gateway for one in self.fleet.of_control_plane(control_plane))

    def views(self, gateway: str) -> tuple[PodView, ...]:
        """The pods of a gateway as last read."""
        return self._views.of(gateway)

    def expected(self, key: ResourceKey, meaning: Meaning, *, stopped: bool) -> Expectation | Finding | None:
        """What the pods should run; None where the control plane does not have the API."""
        if meaning.local:
            return self._expected_locally(key, meaning, stopped)
        if meaning.causes:
            return Finding(Verdict.UNKNOWN, meaning.causes)
        content = self._held.of(meaning.control_plane)
        published = content.published.get(meaning.id)
        if published is not None:
            asked = published.expectation
            if published.listed:
                asked = replace(asked, tags=self._tags(meaning))
            known = published.packed is not None or published.listed
            definition = Definition(published, meaning.control_plane) if known else None
            return replace(asked, definition=definition)
        if content.listed_at and meaning.id not in content.inventory:
            return None
        why = content.trouble or "what was published has not been read yet"
        return Finding(Verdict.UNKNOWN, (why,))

    def compare(
        self, published: Mapping[str, Any], deployed: DeployedApi, tags: tuple[str, ...] | None
    ) -> tuple[Change, ...]:
        """Compare a published definition with a deployed one; what was compared once is kept."""
        if not isinstance(published, Definition):
            return definition_changes(published, deployed.definition(), tags=tags, key=self._key)
        if published.unread:
            # The pod runs that revision since that instant: what it made of it is compared when it was read.
            self._held.would_compare(published.control_plane, published.api_id)
            return ()
        name = (published.event, deployed.digest, tags)
        kept = self._kept.get(name)
        if kept is None:
            kept = definition_changes(published, deployed.definition(), tags=tags, key=self._key)
            while len(self._kept) >= MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[name] = kept
        return kept

    def _of_gateway(
        self, one: Serving, api_id: str, expected: Expectation | None, meaning: Meaning
    ) -> Folded:
        """What one gateway makes of an API; Unknown where it cannot be told whether it is meant at all."""
        name = one.gateway.name
        views = self._views.of(name)
        if one.answer is None and one.by_source and any(view.facts is not None for view in views):
            return fold(name, [PodVerdict(name, "", Verdict.UNKNOWN, one.why)])
        verdicts = [
            judge_pod(self._of_pod(expected, view, meaning), api_id, view, self.compare) for view in views
        ]
        return fold(name, verdicts)

    def _of_pod(self, expected: Expectation | None, view: PodView, meaning: Meaning) -> Expectation | None:
        """A node that announced itself to an environment takes its APIs, by whatever name it knows that."""
        if expected is None or view.facts is None or meaning.local:
            return expected
        if view.facts.id not in self._held.of(meaning.control_plane).instances:
            return expected
        return replace(expected, environments=frozenset(), organizations=frozenset())

    def _tags(self, meaning: Meaning) -> tuple[str, ...]:
        """The sharding tags of an API as its control plane has them now."""
        entry = (
            self._held.of(meaning.control_plane).inventory.get(meaning.id) if meaning.control_plane else None
        )
        return entry.tags if entry is not None else ()

    def _expected_locally(self, key: ResourceKey, meaning: Meaning, stopped: bool) -> Expectation | Finding:
        failure = self._config_maps.failure(key.cluster)
        if failure:
            return Finding(Verdict.UNKNOWN, (failure,))
        asked = self._config_maps.of(key.cluster, key.namespace, key.name)
        if asked is not None:
            return asked
        if stopped and meaning.id:
            return Expectation(meaning.id, started=False, sync_from="KUBERNETES")
        if stopped:
            return NOTHING
        return Finding(
            Verdict.MISSING,
            (f"no ConfigMap {key.namespace}/{key.name} tells the gateways of it; the operator writes one",),
        )
