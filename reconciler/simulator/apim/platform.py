"""A simulated APIM: its organizations, users and tokens, and the doors for whoever seeds it.

apim = Apim(clock)
apim.put_api("DEFAULT", body)                      # as GKO and our engine write
apim.edit_api("DEFAULT", identifier, labels=["x"])  # as a person does in the Console

Everything is in memory and belongs to one thread at a time: hold `lock` where several touch it.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reconciler.simulator.apim import (
    apis,
    applications,
    console,
    dictionaries,
    groups,
    portals,
    shared_policy_groups,
    subscriptions,
    v2_apis,
    v2_views,
)
from reconciler.simulator.apim.json_values import copied
from reconciler.simulator.apim.organization import Environment, Organization, Sources
from reconciler.simulator.apim.records import Api, Subscription, User
from reconciler.simulator.apim.refusals import unknown_environment

if TYPE_CHECKING:
    from reconciler.simulator.apim.gateway import Gateway

ADMIN = "admin"


class Apim:
    """A control plane in memory, with the organization and the environment `DEFAULT` and the user `admin`.

    Args:
        clock: seconds since the epoch.
        draw_id: makes a random UUID.

    Attributes:
        organizations: by id.
        passwords: by user name.
        tokens: user names by personal access token.
        installation_id: what gateways and the server call this installation.
        gateways: those that announced themselves, in that order.
        lock: to be held by whoever touches the server from another thread.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        *,
        draw_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self.sources = Sources(clock, draw_id)
        self.organizations: dict[str, Organization] = {}
        self.passwords: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.gateways: list[Gateway] = []
        self.installation_id = draw_id()
        self.lock = threading.RLock()
        self.add_organization("DEFAULT")
        self.add_environment("DEFAULT", name="Default environment", description="Default environment")
        self.add_user(ADMIN, ADMIN, administrator=True)

    # -- what there is ----------------------------------------------------------------------------------

    def add_organization(self, identifier: str) -> Organization:
        """Make an organization; users and plugins are its own."""
        organization = Organization(identifier, self.sources)
        for other in self.organizations.values():
            organization.users.update(other.users)
        self.organizations[identifier] = organization
        return organization

    def add_environment(
        self,
        identifier: str,
        *,
        organization: str = "DEFAULT",
        name: str = "",
        description: str = "",
        hrid: str = "",
        tags: tuple[str, ...] = (),
    ) -> Environment:
        """Make an environment.

        Args:
            hrid: what gateways call it.
            tags: the sharding tags that APIs may carry.
        """
        owner = self.organizations[organization]
        environment = Environment(
            identifier,
            name or identifier,
            description or name or identifier,
            hrid or identifier.lower(),
            owner,
        )
        environment.tags.update(tags)
        owner.environments[identifier] = environment
        return environment

    def add_user(
        self, name: str, password: str, *, administrator: bool = False, source: str = "memory"
    ) -> User:
        """Make a user of all organizations, who may log in with this password.

        Args:
            source: the identity provider that knows them.
        """
        user = User(self.sources.draw_id(), name, source, administrator, created_at=self.sources.now())
        for organization in self.organizations.values():
            organization.users[name] = user
        self.passwords[name] = password
        return user

    def issue_token(self, name: str, token: str | None = None) -> str:
        """Give a user a personal access token."""
        token = token if token is not None else self.sources.draw_id()
        self.tokens[token] = name
        return token

    def environment(self, name: str) -> Environment:
        """An environment by its id, or by `<organization>/<environment>`.

        Raises:
            Refused: there is none.
        """
        organization, slash, identifier = name.rpartition("/")
        for candidate in self.organizations.values():
            if (not slash or candidate.id == organization) and identifier in candidate.environments:
                return candidate.environments[identifier]
        raise unknown_environment()

    def user(self, name: str) -> User:
        """The user of this name.

        Raises:
            KeyError: there is none.
        """
        return next(iter(self.organizations.values())).users[name]

    @contextmanager
    def at(self, instant: float) -> Iterator[None]:
        """Let the clock stand at an instant (seconds since the epoch), to seed what happened then."""
        before = self.sources.clock
        self.sources.clock = lambda: instant
        try:
            yield
        finally:
            self.sources.clock = before

    # -- as automation writes ----------------------------------------------------------------------------

    def put_api(self, environment: str, body: dict[str, Any], *, user: str = ADMIN) -> dict[str, Any]:
        """`PUT …/apis`.

        Raises:
            Refused: what the real server refuses.
        """
        return apis.put(self.environment(environment), body, self.user(user))

    def put_v2_api(self, environment: str, body: dict[str, Any], *, user: str = ADMIN) -> dict[str, Any]:
        """`PUT …/apis/import-crd` of Management v1: an API of definition version 2."""
        return v2_apis.import_crd(self.environment(environment), body, self.user(user))

    def get_api(self, environment: str, hrid: str) -> dict[str, Any]:
        """`GET …/apis/{hrid}`."""
        return apis.get(self.environment(environment), hrid)

    def delete_api(self, environment: str, hrid: str, *, user: str = ADMIN) -> None:
        """`DELETE …/apis/{hrid}`."""
        apis.delete(self.environment(environment), hrid, self.user(user))

    def put(
        self, environment: str, kind: str, body: dict[str, Any], *, parent: str = "", user: str = ADMIN
    ) -> dict[str, Any]:
        """PUT any other resource of the Automation API.

        Args:
            kind: the collection's name: `applications`, `groups`, `dictionaries`, `shared-policy-groups`,
                `portals`, `subscriptions`, `portal-listings`, `portal-documentations`, `api-documentations`.
            parent: the HRID of the API or portal it belongs to.

        Raises:
            Refused: what the real server refuses.
            KeyError: there is no such kind.
        """
        where, who = self.environment(environment), self.user(user)
        if kind in portals.PARTS:
            return portals.put_part(where, kind, parent, body)
        writers: dict[str, Callable[[], dict[str, Any]]] = {
            "applications": lambda: applications.put(where, body, who),
            "groups": lambda: groups.put(where, body),
            "dictionaries": lambda: dictionaries.put(where, body),
            "shared-policy-groups": lambda: shared_policy_groups.put(where, body),
            "portals": lambda: portals.put(where, body),
            "subscriptions": lambda: subscriptions.put(where, parent, body, who),
        }
        return writers[kind]()

    def delete(self, environment: str, kind: str, name: str, *, parent: str = "", user: str = ADMIN) -> None:
        """DELETE a resource of the Automation API, or an API of version 2.

        Args:
            kind: the collection's name as for `put`, `apis` or `v2-apis`.
            name: its HRID; the id of an API of version 2.
            parent: the HRID of the API or portal it belongs to.

        Raises:
            Refused: there is none.
            KeyError: there is no such kind.
        """
        where, who = self.environment(environment), self.user(user)
        removers: dict[str, Callable[[], None]] = {
            "apis": lambda: apis.delete(where, name, who),
            "v2-apis": lambda: apis.remove(where, console.api_of(where, name), who),
            "applications": lambda: applications.delete(where, name),
            "groups": lambda: groups.delete(where, name),
            "dictionaries": lambda: dictionaries.delete(where, name),
            "shared-policy-groups": lambda: shared_policy_groups.delete(where, name),
            "subscriptions": lambda: subscriptions.delete(where, parent, name),
        }
        removers[kind]()

    # -- as people write ---------------------------------------------------------------------------------

    def make_console_api(
        self,
        environment: str,
        body: dict[str, Any],
        *,
        plans: tuple[dict[str, Any], ...] = (),
        started: bool = True,
        owner: str = ADMIN,
    ) -> Api:
        """Make an API as the Console does, publish its plans, and start it.

        Args:
            body: in the form of Management v2.
            plans: in the form of Management v2.
        """
        where, who = self.environment(environment), self.user(owner)
        api = console.create_api(where, body, who)
        for plan in plans:
            console.publish_plan(where, api, console.create_plan(where, api, plan).id)
        if started:
            console.start_api(where, api.id, who)
        return api

    def edit_api(self, environment: str, identifier: str, *, user: str = ADMIN, **changes: Any) -> Api:
        """Change fields of an API by hand: Management v2's GET, the changes, its PUT."""
        where = self.environment(environment)
        shown = v2_views.api_view(where, console.api_of(where, identifier), "", owner=False, deployment=False)
        return console.update_api(where, identifier, {**shown, **changes}, self.user(user))

    def edit_plan(
        self, environment: str, identifier: str, plan: str, *, user: str = ADMIN, **changes: Any
    ) -> None:
        """Change fields of a plan by hand; nothing moves the API's `updatedAt`."""
        where = self.environment(environment)
        api = console.api_of(where, identifier)
        body = copied(console.plan_of(api, plan).body)
        console.update_plan(where, api, plan, {**body, **changes}, self.user(user))

    def edit_page(self, environment: str, identifier: str, page: str, **changes: Any) -> None:
        """Change fields of a page by hand; nothing moves the API's `updatedAt`."""
        where = self.environment(environment)
        console.update_page(where, console.api_of(where, identifier), page, changes)

    def deploy(self, environment: str, identifier: str, *, label: str = "", user: str = ADMIN) -> None:
        """Publish by hand what is saved."""
        console.deploy_api(self.environment(environment), identifier, self.user(user), label)

    def start(self, environment: str, identifier: str, *, user: str = ADMIN) -> None:
        """Start an API by hand."""
        console.start_api(self.environment(environment), identifier, self.user(user))

    def stop(self, environment: str, identifier: str, *, user: str = ADMIN) -> None:
        """Stop an API by hand."""
        console.stop_api(self.environment(environment), identifier, self.user(user))

    def detach(self, environment: str, identifier: str, *, user: str = ADMIN) -> None:
        """Break the glass: take an API away from automation."""
        console.detach_api(self.environment(environment), identifier, self.user(user))

    # -- what is there -----------------------------------------------------------------------------------

    def api(self, environment: str, identifier: str) -> Api:
        """The record of an API.

        Raises:
            Refused: there is none.
        """
        return console.api_of(self.environment(environment), identifier)

    def subscriptions(self, environment: str) -> tuple[Subscription, ...]:
        """The subscriptions of an environment."""
        return tuple(self.environment(environment).subscriptions.values())
