"""The record of a take-over, in a ConfigMap beside the lease it is about, where every engine finds it.

It changes only under the resourceVersion that was read: of two who decide at once, one is told to look again.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.cluster.addresses import config_map
from reconciler.engine.charge.operators import Record
from reconciler.model.errors import ClusterError

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient

NAME = "gko-tui-take-over"
_KEY = "take-over.json"
_FORMAT = 1
_MANAGER = "gko-tui"


async def read_record(client: KubeClient, namespace: str) -> Record | None:
    """The record in a namespace; None where there is none.

    Raises:
        ClusterError: it cannot be read, or was not written by this program.
    """
    address = config_map(namespace, NAME)
    try:
        body = await client.get(address.path)
    except ClusterError as error:
        if error.status == 404:
            return None
        raise
    version = str(body["metadata"].get("resourceVersion", ""))
    try:
        data = json.loads((body.get("data") or {})[_KEY])
        if data["format"] != _FORMAT:
            raise ValueError
        return Record(
            str(data["owner"]), str(data["reason"]), float(data["at"]), bool(data["handing_back"]), version
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ClusterError(
            "holds no take-over that this version understands",
            subject=f"{client.name}: {address}",
            next_step="look at it with kubectl; if nobody uses it, delete it",
        ) from error


async def write_record(client: KubeClient, namespace: str, record: Record) -> Record:
    """Write a record where it was read; one without a version is made anew.

    Returns:
        the record with its new version.

    Raises:
        ClusterError: somebody else was faster (status 409), or it may not be written.
    """
    address = config_map(namespace, NAME)
    metadata: dict[str, Any] = {
        "name": NAME,
        "namespace": namespace,
        "labels": {"app.kubernetes.io/managed-by": _MANAGER},
    }
    if record.version:
        metadata["resourceVersion"] = record.version
    data = {
        "format": _FORMAT,
        "owner": record.owner,
        "reason": record.reason,
        "at": record.at,
        "handing_back": record.handing_back,
    }
    answer = await client.request(
        "PUT" if record.version else "POST",
        address.path if record.version else address.collection,
        body={
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata,
            "data": {_KEY: json.dumps(data)},
        },
        params={"fieldManager": _MANAGER},
    )
    return replace(record, version=str(answer["metadata"]["resourceVersion"]))


async def delete_record(client: KubeClient, namespace: str, record: Record) -> None:
    """Delete a record as it was read; nothing where it is gone.

    Raises:
        ClusterError: it was changed meanwhile (status 409), or may not be deleted.
    """
    precondition = {"resourceVersion": record.version}
    try:
        await client.request(
            "DELETE",
            config_map(namespace, NAME).path,
            body={"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": precondition},
        )
    except ClusterError as error:
        if error.status != 404:
            raise
