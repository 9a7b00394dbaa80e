"""What must be configured of a gateway because it does not tell it: whom it serves, and its sharding tags.

A control plane lists the nodes that announced themselves, by the ids that the technical API shows, with their
tags (Management v1, `instances`). So what is configured can be checked, and what is not can be proposed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gko_tui.commands.checks import GATEWAY as PLACE
from gko_tui.commands.checks import MISSING, NOT_NEEDED, OK, Check

if TYPE_CHECKING:
    from reconciler.settings.model import GatewaySpec

TAGS, SERVES = "sharding tags", "control plane known"
Announced = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By control plane: the nodes that announced themselves there, with their sharding tags."""


@dataclass(frozen=True, slots=True)
class Servers:
    """The control planes that are known, declared or found, and who announced themselves there."""

    names: Sequence[str]
    announced: Announced

    def of(self, nodes: Sequence[str]) -> list[str]:
        """The control planes where one of these nodes announced itself."""
        return [name for name in self.names if self.announced.get(name, {}).keys() & set(nodes)]

    def tags(self, nodes: Sequence[str]) -> tuple[str, ...] | None:
        """The tags that these nodes announced; None where none of them did."""
        for name in self.of(nodes):
            for node in nodes:
                if node in self.announced[name]:
                    return self.announced[name][node]
        return None


def settings_checks(spec: GatewaySpec, nodes: Sequence[str], servers: Servers) -> Iterator[Check]:
    """Check what is configured of one gateway.

    Args:
        spec: the gateway.
        nodes: the ids of its nodes, as far as they answered.
        servers: the control planes.
    """
    if spec.mode == "repository":
        yield _serves(spec, nodes, servers)
    yield _tags(spec, nodes, servers)


def _serves(spec: GatewaySpec, nodes: Sequence[str], servers: Servers) -> Check:
    there = servers.of(nodes)
    named = spec.control_plane
    if named is None and len(servers.names) == 1:
        return Check(PLACE, spec.name, SERVES, OK, f"{servers.names[0]}, the only one")
    if named is None:
        what = "several are known, and it names none" if servers.names else "none is known"
    elif named not in servers.names:
        what = f"{named} is none of those known"
    elif there and named not in there and named in servers.announced:
        what = f"{named}, but its nodes announced themselves to {', '.join(there)} only"
    else:
        return Check(PLACE, spec.name, SERVES, OK, named)
    step = "declare a control plane, or give a cluster a ManagementContext"
    if servers.names:
        step = f"set `control_plane` of this gateway to one of: {', '.join(there or servers.names)}"
    return Check(PLACE, spec.name, SERVES, MISSING, what, step)


def _tags(spec: GatewaySpec, nodes: Sequence[str], servers: Servers) -> Check:
    told = servers.tags(nodes)
    proposal = f"set `tags: [{_quoted(told)}]` of this gateway"
    if spec.tags is None and told is None:
        detail = "not configured; an API with tags that it does not run stays Unknown there"
        return Check(PLACE, spec.name, TAGS, NOT_NEEDED, detail, "set `tags` of this gateway ([] for none)")
    if spec.tags is None:
        detail = f"not configured; it announced {_words(told)}"
        return Check(PLACE, spec.name, TAGS, NOT_NEEDED, detail, proposal)
    if told is not None and _folded(told) != _folded(spec.tags):
        detail = f"{_words(spec.tags)} configured, but it announced {_words(told)}"
        return Check(PLACE, spec.name, TAGS, MISSING, detail, proposal)
    everything = "none, so it takes everything"
    return Check(PLACE, spec.name, TAGS, OK, ", ".join(spec.tags) or everything)


def _words(tags: Sequence[str] | None) -> str:
    return ", ".join(tags or ()) or "none"


def _quoted(tags: Sequence[str] | None) -> str:
    """As YAML wants them: an exclamation mark would begin a tag of its own."""
    return ", ".join(f'"{tag}"' if tag.startswith("!") else tag for tag in tags or ())


def _folded(tags: Sequence[str]) -> frozenset[str]:
    return frozenset(tag.casefold() for tag in tags)
