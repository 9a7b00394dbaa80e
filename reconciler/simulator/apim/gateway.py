"""Simulated gateways: they poll the published events as real ones do, and tell what they run (DOMAIN §5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.apim.gateway_definition import for_tags
from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.platform import Apim
from reconciler.simulator.apim.records import Event
from reconciler.simulator.apim.refusals import Refused

VERSION = "4.12.14"
_LISTED_PROBES = ("cluster", "ratelimit-repository", "management-repository", "http-server")
_HIDDEN_PROBES = ("cpu", "memory", "api-sync", "sync-process", "repositories")
_LABELS = {"managed-by": "gravitee.io", "gio-type": "apidefinitions.gravitee.io"}


@dataclass(frozen=True, slots=True)
class Deployed:
    """An API that a gateway runs.

    Attributes:
        deployed_at: milliseconds since the epoch.
        revision: the deployment's number, or the ConfigMap's resourceVersion.
        kubernetes: it came from a ConfigMap.
    """

    id: str
    definition: dict[str, Any]
    deployed_at: int
    revision: str
    environment_id: str
    environment_hrid: str | None
    organization_id: str
    kubernetes: bool = False


class Gateway:
    """One pod of a gateway.

    Args:
        apim: where it learns what to run.
        hostname: the pod's name.
        tags: its sharding tags; `!tag` excludes. Without any it takes everything.
        environments: the ids of the environments it serves; all where empty.
        organizations: the ids of the organizations it serves; all where empty.
        poll_interval_s: seconds between two polls.
        clock: seconds since the epoch; the server's own where it is left out.
        config_maps: gives the ConfigMaps of a cluster, for a gateway that reads APIs from there (alpha);
            None for one that does not.
        from_repository: whether it reads the server's events at all.
        tenant: which endpoints it selects; empty for none.
        credentials: name and password of the technical API; None for none.

    Attributes:
        deployed: what it runs, by id.
        listed_twice: ids that `/_node/apis` lists twice, as no good gateway does.
        probes: what is wrong, by probe; every other probe is healthy.
    """

    def __init__(
        self,
        apim: Apim,
        hostname: str,
        *,
        tags: Iterable[str] = (),
        environments: Iterable[str] = (),
        organizations: Iterable[str] = (),
        poll_interval_s: float = 5.0,
        clock: Callable[[], float] | None = None,
        config_maps: Callable[[], Iterable[Mapping[str, Any]]] | None = None,
        from_repository: bool = True,
        tenant: str = "",
        credentials: tuple[str, str] | None = ("admin", "adminadmin"),
    ) -> None:
        self.apim = apim
        self.hostname = hostname
        self.tags = tuple(tags)
        self.environments = frozenset(environments)
        self.organizations = frozenset(organizations)
        self.poll_interval_s = poll_interval_s
        self.clock = clock if clock is not None else apim.sources.clock
        self.config_maps = config_maps
        self.from_repository = from_repository
        self.tenant = tenant
        self.credentials = credentials
        self.id = apim.sources.draw_id()
        self.event_id = apim.sources.draw_id()
        self.started_at = apim.sources.now()
        self.heartbeat_at = self.started_at
        self.stopped_at: int | None = None
        self.deployed: dict[str, Deployed] = {}
        self.listed_twice: set[str] = set()
        self.probes: dict[str, str] = {}
        self.polls = 0
        self._read: dict[tuple[str, str], int] = {}
        self._held: set[str] | None = set()
        self._waiting: dict[str, tuple[Environment, Event]] = {}
        self._next_poll = 0.0
        if from_repository:  # else it has no way to tell the server that it is alive
            apim.gateways.append(self)

    # -- polling ---------------------------------------------------------------------------------------

    def tick(self) -> bool:
        """Poll if it is time to; returns whether it was."""
        if self.clock() < self._next_poll:
            return False
        self.poll()
        return True

    def poll(self) -> None:
        """Read what was published since the last poll, and run it."""
        now = self.clock()
        self._next_poll = now + self.poll_interval_s
        self.heartbeat_at = round(now * 1000)
        if self.from_repository:
            for environment in self._served():
                self._follow(environment)
        if self.config_maps is not None:
            self._read_config_maps(self.config_maps())
        self.polls += 1

    def hold(self, *identifiers: str) -> None:
        """Let these APIs (all, without any) stay as they are: a gateway that is behind."""
        self._held = None if not identifiers else (self._held or set()) | set(identifiers)

    def fall_behind(self, identifier: str) -> None:
        """Run the deployment before the newest one of an API, and miss the newest until `release`.

        Raises:
            LookupError: there is no earlier deployment.
        """
        self.poll()
        for environment in self._served():
            events = [
                event
                for event in environment.events
                if event.subject == identifier and event.definition is not None
            ]
            earlier = [event for event in events if event.revision != events[-1].revision]
            if earlier:
                self._apply(environment, earlier[-1])
                self._waiting[identifier] = (environment, events[-1])
                self.hold(identifier)
                return
        raise LookupError(f"API {identifier} was not deployed twice")

    def release(self) -> None:
        """End `hold`: what was missed is run at the next poll."""
        self._held = set()

    def stop(self) -> None:
        """Leave: the server lists the pod as stopped."""
        self.stopped_at = round(self.clock() * 1000)

    def matches(self, tags: Iterable[str]) -> bool:
        """Whether something with these sharding tags is for this gateway."""
        wanted = set(tags)
        excluded = {tag[1:] for tag in self.tags if tag.startswith("!")}
        included = {tag for tag in self.tags if not tag.startswith("!")}
        if not wanted or not self.tags:
            return True
        return not wanted & excluded and (not included or bool(wanted & included))

    def _served(self) -> list[Environment]:
        return [
            environment
            for organization in self.apim.organizations.values()
            if not self.organizations or organization.id in self.organizations
            for environment in organization.environments.values()
            if not self.environments or environment.id in self.environments
        ]

    def _follow(self, environment: Environment) -> None:
        place = (environment.organization.id, environment.id)
        read = self._read.get(place, 0)
        for event in environment.events[read:]:
            self._waiting[event.subject] = (environment, event)
        self._read[place] = len(environment.events)
        if self._held is None:
            return
        for identifier in [name for name in self._waiting if name not in self._held]:
            self._apply(*self._waiting.pop(identifier))

    def _apply(self, environment: Environment, event: Event) -> None:
        definition = event.definition
        if definition is None or not self.matches(definition.get("tags") or ()):
            self.deployed.pop(event.subject, None)
            return
        self.deployed[event.subject] = Deployed(
            id=event.subject,
            definition=for_tags(definition, self.matches) if "plans" in definition else definition,
            deployed_at=event.created_at,
            revision=event.revision,
            environment_id=environment.id,
            environment_hrid=environment.hrid,
            organization_id=environment.organization.id,
        )

    def _read_config_maps(self, found: Iterable[Mapping[str, Any]]) -> None:
        seen = {}
        for item in found:
            labels = item.get("metadata", {}).get("labels", {})
            if any(labels.get(name) != value for name, value in _LABELS.items()):
                continue
            data, meta = item["data"], item["metadata"]
            definition = json.loads(data["definition"])
            if self.matches(definition.get("tags") or ()):
                seen[definition["id"]] = (definition, str(meta.get("resourceVersion", "")), data)
        for identifier in [
            name for name, api in self.deployed.items() if api.kubernetes and name not in seen
        ]:
            del self.deployed[identifier]
        for identifier, (definition, revision, data) in seen.items():
            known = self.deployed.get(identifier)
            if known is None or known.revision != revision or not known.kubernetes:
                self.deployed[identifier] = Deployed(
                    id=identifier,
                    definition=definition,
                    deployed_at=round(self.clock() * 1000),
                    revision=revision,
                    environment_id=str(data.get("environmentId") or "DEFAULT"),
                    environment_hrid=None,
                    organization_id=str(data.get("organizationId") or "DEFAULT"),
                    kubernetes=True,
                )

    # -- the technical API -----------------------------------------------------------------------------

    def node(self) -> dict[str, Any]:
        """`/_node`."""
        return {
            "id": self.id,
            "name": "Gravitee.io - API Gateway",
            "metadata": {
                "node.id": self.id,
                "environments": sorted(self.environments),
                "installation": self.apim.installation_id,
                "organizations": sorted(self.organizations),
                "node.hostname": self.hostname,
            },
            "version": {
                "BUILD_ID": "${env.BUILD_ID}",
                "BUILD_NUMBER": "${env.BUILD_NUMBER}",
                "MAJOR_VERSION": VERSION,
                "REVISION": "${env.GIT_COMMIT}",
            },
        }

    def health(self, named: Iterable[str] = ()) -> tuple[bool, dict[str, Any]]:
        """`/_node/health`: whether all is well, and each probe; hidden ones only where they are named."""
        names = [name for name in named if name in _LISTED_PROBES + _HIDDEN_PROBES] or list(_LISTED_PROBES)
        probes = {name: self._probe(name) for name in names}
        return all(probe["healthy"] for probe in probes.values()), probes

    def _probe(self, name: str) -> dict[str, Any]:
        if name in self.probes:
            return {"healthy": False, "message": self.probes[name]}
        if name == "sync-process" and not self.polls:
            return {"healthy": False, "message": "Sync process is not yet done"}
        if name == "ratelimit-repository":
            return {"healthy": True, "message": "RateLimit type is none"}
        return {"healthy": True}

    def sync_state(self) -> dict[str, Any] | None:
        """`/_node/sync`; None where the gateway does not read the server's events."""
        if not self.from_repository:
            return None
        return {
            "initialDone": self.polls > 0,
            "counter": self.polls,
            "nextSyncTime": round(self._next_poll * 1000),
            "lastOnError": False,
            "lastErrorMessage": None,
            "totalOnErrors": 0,
        }

    def list_apis(self) -> list[dict[str, Any]]:
        """`/_node/apis`, in the order of a Java hash map."""
        found = []
        for identifier in hash_order(list(self.deployed)):
            definition = self.deployed[identifier].definition
            version = definition.get("apiVersion", definition.get("version", ""))
            item = {"id": identifier, "name": definition.get("name", ""), "version": version}
            found += [item, item] if identifier in self.listed_twice else [item]
        return found

    def show_api(self, identifier: str) -> dict[str, Any]:
        """`/_node/apis/{id}`.

        Raises:
            Refused: 404, since the gateway does not run it.
        """
        api = self.deployed.get(identifier)
        if api is None:
            raise Refused(404, None)
        shown: dict[str, Any] = {
            "definition": api.definition,
            "enabled": True,
            "deployedAt": api.deployed_at,
            "environmentId": api.environment_id,
            "organizationId": api.organization_id,
            "revision": api.revision,
            "definitionContext": {
                "origin": "kubernetes" if api.kubernetes else "management",
                "mode": "fully_managed",
                "syncFrom": "KUBERNETES" if api.kubernetes else "MANAGEMENT",
                "originManagement": not api.kubernetes,
                "originKubernetes": api.kubernetes,
                "syncFromKubernetes": api.kubernetes,
                "syncFromManagement": not api.kubernetes,
            },
        }
        if api.environment_hrid is not None:
            shown["environmentHrid"] = api.environment_hrid
        return shown

    def instance(self) -> dict[str, Any]:
        """The pod as Management v1 lists it."""
        shown: dict[str, Any] = {
            "event": self.event_id,
            "id": self.id,
            "hostname": self.hostname,
            "ip": "127.0.0.1",
            "port": "8082",
            "version": f"{VERSION} (build: ${{env.BUILD_ID}}) revision#${{env.GIT_COMMIT}}",
            "state": "STARTED" if self.stopped_at is None else "STOPPED",
            "started_at": self.started_at,
            "last_heartbeat_at": self.heartbeat_at,
            "operating_system_name": "Linux",
        }
        if self.tags:
            shown["tags"] = list(self.tags)
        if self.tenant:
            shown["tenant"] = self.tenant
        if self.stopped_at is not None:
            shown["stopped_at"] = self.stopped_at
        return shown


def hash_order(identifiers: list[str]) -> list[str]:
    """Texts in the order in which a Java ConcurrentHashMap goes through them as keys, put in as given."""
    size = 16
    while len(identifiers) >= size * 3 // 4:
        size *= 2
    return sorted(identifiers, key=lambda text: _spread(text) & (size - 1))


def _spread(text: str) -> int:
    value = 0
    for character in text:
        value = (31 * value + ord(character)) & 0xFFFFFFFF
    return value ^ (value >> 16)
