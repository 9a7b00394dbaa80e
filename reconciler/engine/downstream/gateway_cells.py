"""The W cell: what was published of an API against what every pod of its gateways runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.engine.cells import NOTHING, Finding
from reconciler.engine.downstream.meanings import API_KINDS, Meaning
from reconciler.gateways.definitions import definition_changes
from reconciler.gateways.facts import DeployedApi
from reconciler.gateways.folding import Expectation, Folded, fold, fold_gateways, judge_pod
from reconciler.model.changes import Change
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Verdict

if TYPE_CHECKING:
    from reconciler.engine.downstream.config_maps import ConfigMaps
    from reconciler.engine.downstream.held import Held, Published
    from reconciler.gateways.folding import PodView
    from reconciler.gateways.views import GatewayViews
    from reconciler.settings.model import GatewaySpec

MAX_KEPT = 50_000
"""Comparisons of definitions kept: APIs times pods, with some to spare."""


class Definition(Mapping[str, Any]):
    """A published definition that is inflated only if somebody looks into it; `event` names it."""

    def __init__(self, published: Published) -> None:
        self.event = published.event
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
        self._gateways = tuple(gateways)
        self._views = views
        self._held = held
        self._config_maps = config_maps
        self._key = key
        self._kept: dict[tuple[object, ...], tuple[Change, ...]] = {}
        self.control_planes: Callable[[], Sequence[str]] = lambda: ()
        """The names of the control planes that are known; a gateway that names none serves the only one."""

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
        return Finding(folded.verdict, causes, change_count=count), folded.text

    def folded(self, key: ResourceKey, meaning: Meaning, *, stopped: bool = False) -> Folded | Finding:
        """Every pod's verdict of one resource, folded; a Finding where pods need not be asked."""
        serving = self.serving(key, meaning)
        if not serving:
            return NOTHING
        expected = self.expected(key, meaning, stopped=stopped)
        if isinstance(expected, Finding):
            return expected
        api_id = expected.api_id if expected is not None else meaning.id
        return fold_gateways(
            [
                fold(
                    spec.name,
                    [judge_pod(expected, api_id, view, self.compare) for view in self._views.of(spec.name)],
                )
                for spec in serving
            ]
        )

    def serving(self, key: ResourceKey, meaning: Meaning) -> tuple[GatewaySpec, ...]:
        """The gateways that may run an API."""
        if meaning.local:
            return tuple(
                spec
                for spec in self._gateways
                if spec.mode == "kubernetes"
                and spec.cluster in (None, key.cluster)
                and (not spec.namespaces or key.namespace in spec.namespaces)
            )
        if not meaning.control_plane:
            every = tuple(spec for spec in self._gateways if spec.mode != "kubernetes")
            return every if meaning.causes else ()
        return self.of_control_plane(meaning.control_plane)

    def of_control_plane(self, control_plane: str) -> tuple[GatewaySpec, ...]:
        """The gateways that take their APIs from a control plane."""
        only = tuple(self.control_planes()) == (control_plane,)
        return tuple(
            spec
            for spec in self._gateways
            if spec.mode != "kubernetes"
            and (spec.control_plane == control_plane or (spec.control_plane is None and only))
        )

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
            return replace(asked, definition=Definition(published)) if published.packed else asked
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
        name = (published.event, deployed.digest, tags)
        kept = self._kept.get(name)
        if kept is None:
            kept = definition_changes(published, deployed.definition(), tags=tags, key=self._key)
            while len(self._kept) >= MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[name] = kept
        return kept

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
