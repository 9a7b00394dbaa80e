"""The operations of the Automation API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.simulator.apim import (
    apis,
    applications,
    dictionaries,
    groups,
    portals,
    shared_policy_groups,
    subscriptions,
)
from reconciler.simulator.apim.serving.calls import Answer, Call, Route

_ROOT = "/automation/organizations/{org}/environments/{env}"
_MODES = ("hridContainsUUID", "hridContainsApiUUID", "hridContainsAppUUID")


def automation_routes() -> list[Route]:
    """Every operation of the Automation API that is modelled: all but those of Gamma modules."""
    routes = [
        *_collection("apis", _put_api, _get_api, _delete_api),
        *_collection("applications", _put_application, _get_application, _delete_application),
        *_collection("groups", _put_group, _get_group, _delete_group),
        *_collection("dictionaries", _put_dictionary, _get_dictionary, _delete_dictionary),
        *_collection("shared-policy-groups", _put_policies, _get_policies, _delete_policies),
        *_collection("portals", _put_portal, _get_portal, _delete_portal),
        *_collection(
            "apis/{parent}/subscriptions", _put_subscription, _get_subscription, _delete_subscription
        ),
    ]
    for owner, collection in (
        ("portals", "listings"),
        ("portals", "documentations"),
        ("apis", "documentations"),
    ):
        kind = f"{owner[:-1]}-{collection}"
        routes += _collection(f"{owner}/{{parent}}/{collection}", *_part(kind))
    return routes


def _collection(
    name: str,
    put: Callable[[Call], dict[str, Any]],
    get: Callable[[Call], dict[str, Any]],
    delete: Callable[[Call], None],
) -> list[Route]:
    def deleted(call: Call) -> Answer:
        delete(call)
        return Answer(204)

    return [
        Route("PUT", f"{_ROOT}/{name}", lambda call: Answer(200, put(call)), "write"),
        Route("GET", f"{_ROOT}/{name}/{{hrid}}", lambda call: Answer(200, get(call))),
        Route("DELETE", f"{_ROOT}/{name}/{{hrid}}", deleted, "write"),
    ]


def _uuid(call: Call) -> bool:
    return call.flag("hridContainsUUID")


def _put_api(call: Call) -> dict[str, Any]:
    return apis.put(call.environment, call.json(), call.user, dry_run=call.flag("dryRun"), uuid=_uuid(call))


def _get_api(call: Call) -> dict[str, Any]:
    return apis.get(call.environment, call.names["hrid"], uuid=_uuid(call))


def _delete_api(call: Call) -> None:
    apis.delete(call.environment, call.names["hrid"], call.user, uuid=_uuid(call))


def _put_application(call: Call) -> dict[str, Any]:
    return applications.put(
        call.environment, call.json(), call.user, dry_run=call.flag("dryRun"), uuid=_uuid(call)
    )


def _get_application(call: Call) -> dict[str, Any]:
    return applications.get(call.environment, call.names["hrid"])


def _delete_application(call: Call) -> None:
    applications.delete(call.environment, call.names["hrid"])


def _put_group(call: Call) -> dict[str, Any]:
    return groups.put(call.environment, call.json(), dry_run=call.flag("dryRun"), uuid=_uuid(call))


def _get_group(call: Call) -> dict[str, Any]:
    return groups.get(call.environment, call.names["hrid"])


def _delete_group(call: Call) -> None:
    groups.delete(call.environment, call.names["hrid"])


def _put_dictionary(call: Call) -> dict[str, Any]:
    return dictionaries.put(call.environment, call.json(), dry_run=call.flag("dryRun"))


def _get_dictionary(call: Call) -> dict[str, Any]:
    return dictionaries.get(call.environment, call.names["hrid"])


def _delete_dictionary(call: Call) -> None:
    dictionaries.delete(call.environment, call.names["hrid"])


def _put_policies(call: Call) -> dict[str, Any]:
    return shared_policy_groups.put(
        call.environment, call.json(), dry_run=call.flag("dryRun"), uuid=_uuid(call)
    )


def _get_policies(call: Call) -> dict[str, Any]:
    return shared_policy_groups.get(call.environment, call.names["hrid"], uuid=_uuid(call))


def _delete_policies(call: Call) -> None:
    shared_policy_groups.delete(call.environment, call.names["hrid"], uuid=_uuid(call))


def _put_portal(call: Call) -> dict[str, Any]:
    return portals.put(call.environment, call.json(), dry_run=call.flag("dryRun"))


def _get_portal(call: Call) -> dict[str, Any]:
    return portals.get(call.environment, call.names["hrid"])


def _delete_portal(call: Call) -> None:
    portals.delete(call.environment, call.names["hrid"])


def _put_subscription(call: Call) -> dict[str, Any]:
    modes = frozenset(name for name in _MODES if call.flag(name))
    return subscriptions.put(call.environment, call.names["parent"], call.json(), call.user, modes)


def _get_subscription(call: Call) -> dict[str, Any]:
    return subscriptions.get(call.environment, call.names["parent"], call.names["hrid"], uuid=_uuid(call))


def _delete_subscription(call: Call) -> None:
    subscriptions.delete(call.environment, call.names["parent"], call.names["hrid"], uuid=_uuid(call))


def _part(
    kind: str,
) -> tuple[Callable[[Call], dict[str, Any]], Callable[[Call], dict[str, Any]], Callable[[Call], None]]:
    def put(call: Call) -> dict[str, Any]:
        dry_run = call.flag("dryRun")
        return portals.put_part(call.environment, kind, call.names["parent"], call.json(), dry_run=dry_run)

    def get(call: Call) -> dict[str, Any]:
        return portals.get_part(call.environment, kind, call.names["parent"], call.names["hrid"])

    def delete(call: Call) -> None:
        portals.delete_part(call.environment, kind, call.names["parent"], call.names["hrid"])

    return put, get, delete
