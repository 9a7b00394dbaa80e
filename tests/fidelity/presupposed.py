"""State that a recording presupposes from calls that were not recorded, by the recording's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.simulator.apim import Apim, Gateway
from tests.fidelity.recordings import UNRECORDED, Exchange

PERSONAL_TOKEN = "a-personal-access-token"


class World:
    """The simulated platform of one replay.

    Args:
        apim: the control plane, empty but for `DEFAULT` and its users.
        gateway: the only gateway.
        exchanges: the recordings by name.
        environment: the environment that is called DEFAULT in the recordings.
        renamed: a name as this replay has it.
    """

    def __init__(
        self,
        apim: Apim,
        gateway: Gateway,
        exchanges: dict[str, Exchange],
        environment: str,
        renamed: Callable[[str], str],
    ) -> None:
        self.apim = apim
        self.gateway = gateway
        self.exchanges = exchanges
        self.environment = environment
        self.renamed = renamed

    def put_again(self, name: str) -> None:
        """Write an API's body of a recording once more."""
        self.apim.put_api(self.environment, self.exchanges[name].body)

    def subscribe_again(self, name: str, api: str) -> None:
        """Write a subscription's body of a recording once more."""
        self.apim.put(self.environment, "subscriptions", self.exchanges[name].body, parent=self.renamed(api))


def prepare(world: World) -> None:
    """What the recorded server had before the first call."""
    environment = world.apim.environment(world.environment)
    # A user without rights, of the same in-memory provider as the administrator.
    world.apim.add_user("user", "password")
    # A new installation's portal comes with guides that no automation wrote.
    environment.unmanaged_paths.add("/guides")
    # The plugins of that distribution, as it lists them itself.
    plugins = environment.organization.plugins
    plugins.policies = world.exchanges["19a-v2-plugins-policies"].answer
    plugins.endpoints = world.exchanges["19b-v2-plugins-endpoints"].answer


def _gateway_polls(world: World) -> None:
    """A gateway polls every 5 s, and the recorder waited for it."""
    world.gateway.poll()


def _second_life(world: World) -> None:
    """Between 14 and 22: the APIs of group 07 were deleted, the petstore was made once more, and another API
    was tried out that only lists show: stopped, with a virtual host, two endpoints and a health check."""
    for api in list(world.apim.environment(world.environment).apis.values()):
        if api.hrid is not None and api.name.startswith(world.renamed("bad ")):
            world.apim.delete_api(world.environment, api.hrid)
    world.apim.put_api(world.environment, _tried_out(world))
    world.apim.put_api(world.environment, _tried_out(world))
    world.put_again("03-api-put")


def _tried_out(world: World) -> dict[str, Any]:
    """The body of that API, made from how the first list shows it: writing what was read changes nothing."""
    listed = world.exchanges["22a-list-final"].answer["data"]
    shown = next(item for item in listed if item["lifecycleState"] == "UNPUBLISHED")
    names = (
        "name description type lifecycleState state listeners endpointGroups analytics failover flows "
        "flowExecution labels tags"
    )
    body = {name: shown[name] for name in names.split()}
    return {**body, "hrid": world.renamed(UNRECORDED), "version": shown["apiVersion"]}


def _subscribed_again(world: World) -> None:
    """14a2 closed the subscription; in 21f it is open once more, with another beginning and no end."""
    world.subscribe_again("09b-sub-put", "orders")


def _restored(world: World) -> None:
    """28b edited the petstore by hand; from 06g on it says again what automation wrote."""
    world.put_again("03-api-put")


def _written_once_more(world: World) -> None:
    """31 compares two identical writes, of which the second is recorded."""
    world.put_again("03-api-put")


def _application_with_key(world: World) -> None:
    """09m subscribes an application that nobody else uses."""
    body = {"hrid": world.renamed("key-app"), "name": world.renamed("Key App"), "description": "own key"}
    world.apim.put(world.environment, "applications", body)


def _table_scan(world: World) -> None:
    """By 32c PostgreSQL had gathered statistics: what has no order comes as it was written, unsorted."""
    world.apim.environment(world.environment).sorts_sets = False


def _token_issued(world: World) -> None:
    """29a made a token, whose text no later recording shows."""
    world.apim.issue_token("admin", PERSONAL_TOKEN)


def _recorder_at_work(world: World) -> None:
    """The recorder sent more than it recorded, and not in the order of the recordings' names.

    12d counts all logins so far, its own included, and shows that two key-less plans were tried after
    everything that is unknown.
    """
    world.apim.user("admin").connections.count = 122
    environment = world.apim.environment(world.environment)

    def api_of(name: str) -> str:
        return environment.id_of(world.exchanges[name].body["hrid"])

    late, last = api_of("07-invalid-two-keyless-real"), api_of("07-invalid-unknown-member-real")
    (event,) = (event for event in environment.events if event.subject == late)
    environment.events.remove(event)
    places = [at for at, event in enumerate(environment.events) if event.subject == last]
    environment.events.insert(places[-1] + 1, event)


BEFORE: dict[str, Callable[[World], None]] = {
    "12d-v1-events": _recorder_at_work,
    "13c-gw-when-stopped": _gateway_polls,
    "20b-gw-node": _gateway_polls,
    "22a-list-final": _second_life,
    "21f-put-removing-subscribed-plan-dryrun": _subscribed_again,
    "06g-search-manage-only": _restored,
    "09m-sub-with-apikey-put": _application_with_key,
    "29b-environments-no-org-bearer": _token_issued,
    "31a-put-identical": _written_once_more,
    "31b-gw-after-identical": _gateway_polls,
    "32a-partial-first": _table_scan,
}
"""What is done before a recording is replayed."""

WRONG_PASSWORD = ("15a-wrong-password", "15c-wrong-password-v2")
TOKEN = ("29b-environments-no-org-bearer", "29c-automation-bearer")
WRONG_TOKEN = ("29d-bad-bearer",)
CONTENT_TYPES = {"15f-unsupported-media": "application/x-yaml"}
"""What the recordings do not show of a request: its credentials and its content type."""
