"""Which gateways there are, whom each of them serves, and which of those that poll nobody has configured.

What the configuration does not say, a gateway's nodes have announced to the control planes that they poll:
the ids there are those of the technical API (DOMAIN §4.4, recorded exchanges 17b and 20b).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler.gateways.serving import ApiPlace, Serving, serving
from reconciler.model.rows import Problem
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    from reconciler.control_plane.management_v1 import Instance
    from reconciler.engine.downstream.held import Held, HeldContent
    from reconciler.engine.downstream.meanings import Meaning
    from reconciler.gateways.views import GatewayViews
    from reconciler.model.keys import ResourceKey
    from reconciler.settings.model import GatewaySpec

SETTLED_S = 30.0
"""A gateway that started more recently is not missed yet: its pod may be about to be found."""
SILENT_S = 60.0
"""A gateway sends a heartbeat every 5 s; one that is so far behind the others is gone."""
_NAMED = 5


class FleetOfGateways:
    """Knows the configured gateways and those that announced themselves.

    Args:
        gateways: the configured ones, each name once.
        views: what their pods were read to say.
        held: what control planes told.
    """

    def __init__(self, gateways: Sequence[GatewaySpec], views: GatewayViews, held: Held) -> None:
        self._gateways = tuple(gateways)
        self._views = views
        self._held = held
        self._met: set[str] = set()
        """Every node that a configured gateway ever had: one that has just gone is not a stranger."""
        self._warned: set[str] = set()
        self.control_planes: Callable[[], Sequence[str]] = lambda: ()
        """The names of the control planes that are known."""
        self.publish: Callable[[str, Iterable[Problem]], None] = lambda _origin, _problems: None
        """Told, on the event loop, what is wrong, by where it was found."""
        views.announced_tags = self.announced_tags
        views.answers_otherwise = self._answers_otherwise
        held.gateways_told = self.look_for_strangers

    # --- whom they serve -------------------------------------------------------------------

    def serving(self, key: ResourceKey, meaning: Meaning, tags: tuple[str, ...] = ()) -> tuple[Serving, ...]:
        """Say of each gateway whether it should run an API; without those that it does not concern.

        Args:
            key: the resource.
            meaning: what it means beyond its cluster.
            tags: its sharding tags.
        """
        if meaning.local:
            place = ApiPlace(tags=tags, cluster=key.cluster, namespace=key.namespace, local=True)
            return self._concerned(place)
        if not meaning.control_plane:
            every = (Serving(spec, answer=True) for spec in self._gateways if spec.mode == "repository")
            return tuple(every) if meaning.causes else ()
        return self.of_control_plane(meaning.control_plane, tags)

    def of_control_plane(self, control_plane: str, tags: tuple[str, ...] = ()) -> tuple[Serving, ...]:
        """Say of each gateway whether it takes its APIs from a control plane, as `serving` does."""
        content = self._held.of(control_plane)
        place = ApiPlace(
            control_plane,
            environments=frozenset({content.environment} if content.environment else ()),
            announced=self._announced(content),
            elsewhere=frozenset(self._elsewhere(control_plane)),
            tags=tags,
        )
        return self._concerned(place)

    def announced_tags(self, node: str) -> tuple[str, ...] | None:
        """The sharding tags that a node announced; None where it did not, or that was not read."""
        for name in self._held.names():
            found = self._held.of(name).instances.get(node)
            if found is not None:
                return found.tags
        return None

    # --- whom nobody has configured --------------------------------------------------------

    def look_for_strangers(self) -> None:
        """Publish a warning for each control plane that is polled by gateways which nobody has configured."""
        for spec in self._gateways:
            self._met |= {node.id for node in self._views.nodes(spec.name)}
        known = set(self._held.names())
        for name in known | self._warned:
            self.publish(f"gateways of {name}", self._problems(name) if name in known else ())
        self._warned = known

    def strangers(self, control_plane: str) -> tuple[Instance, ...]:
        """The gateways that poll a control plane and that no entry of the configuration covers.

        None as long as a configured gateway that may be among them has not been read.
        """
        unread = (
            view.listed is None
            for spec in self._gateways
            if spec.mode == "repository" and spec.control_plane in (None, control_plane)
            for view in self._views.of(spec.name)
        )
        if any(unread):
            return ()
        pods = {view.pod for spec in self._gateways for view in self._views.of(spec.name)} - {""}
        return tuple(
            one
            for one in _alive(self._held.of(control_plane))
            if one.id not in self._met and one.hostname not in pods
        )

    # ---------------------------------------------------------------------------------------

    def _concerned(self, place: ApiPlace) -> tuple[Serving, ...]:
        said = serving(place, self._gateways, self._views.nodes, self.control_planes())
        return tuple(one for one in said if not (one.answer is False and one.by_source))

    def _announced(self, content: HeldContent) -> Mapping[str, tuple[str, ...]] | None:
        return {one.id: one.tags for one in content.instances.values()} if content.instances_at else None

    def _elsewhere(self, control_plane: str) -> Iterator[str]:
        for name in self._held.names():
            if name != control_plane:
                yield from self._held.of(name).instances

    def _answers_otherwise(self, gateway: str) -> None:
        del gateway  # any API may be concerned, those of ConfigMaps too
        self._held.gateways_moved("")
        self.look_for_strangers()

    def _problems(self, control_plane: str) -> Iterator[Problem]:
        found = self.strangers(control_plane)
        if not found:
            return
        hosts = sorted(one.hostname or one.ip or one.id for one in found)
        named = ", ".join(hosts[:_NAMED]) + (
            f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else ""
        )
        one = len(found) == 1
        what = f"{len(found)} gateway{'' if one else 's'} poll{'s' if one else ''} it that "
        yield Problem(
            Place.CONTROL_PLANE,
            control_plane,
            control_plane,
            f"{what}{'is' if one else 'are'} not configured: {named}",
            f"add {'it' if one else 'them'} below `gateways`",
            severity="warning",
        )


def _alive(content: HeldContent) -> Iterator[Instance]:
    """Those that run and have done so for a while, by the clock of the one that was heard of last."""
    now = max((one.last_heartbeat_at for one in content.instances.values()), default=0.0)
    for one in content.instances.values():
        settled = now - one.started_at >= SETTLED_S
        if one.state == "STARTED" and settled and now - one.last_heartbeat_at <= SILENT_S:
            yield one
