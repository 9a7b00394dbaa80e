"""Writes one object: server-side apply, removal of leaves, owners handed over, deletion. Never blindly twice.

Each write is preceded by a read that checks what the plan saw, and carries that resourceVersion; what
creates carries one that no object has, which checks as much without a read. Where a write was sent and no
clear answer came, a second read tells whether it arrived; it is not sent again.
Source: Kubernetes documentation, "Server-Side Apply" and "API concepts" (dry run, preconditions).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.cluster.failures import Refused
from reconciler.cluster.field_owners import conflicts_in, handed_over
from reconciler.cluster.json_pointers import removal, value_at
from reconciler.cluster.preconditions import moved
from reconciler.cluster.trace import OWN_MANAGER
from reconciler.cluster.written import (
    PLAN_AGAIN,
    Written,
    conflict,
    did,
    not_as_planned,
    refusal,
    unknown,
    version,
)
from reconciler.model.changes import ABSENT, KeyPath
from reconciler.model.errors import ClusterError
from reconciler.model.steps import Did, OwnerClass, Precondition

if TYPE_CHECKING:
    from reconciler.cluster.addresses import Address
    from reconciler.cluster.client import KubeClient

APPLY = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
_OF_NOTHING = "1"
"""A resourceVersion that no object has: etcd's first write is its second revision. An apply that carries it
creates, or is refused with 409 where there is an object; what is not there has no version to differ from."""
_NEVER_SENT = ("ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol")
"""What httpx raises when not one byte of a request has left."""


class ObjectWriter:
    """Writes objects of one cluster.

    Args:
        client: the cluster.
        people: globs of the field managers that are people's tools, to say of a conflict whose it is.
    """

    def __init__(self, client: KubeClient, people: Sequence[str] = ()) -> None:
        self._client = client
        self._people = tuple(people)

    async def read(self, address: Address) -> dict[str, Any] | None:
        """Read an object; None where there is none.

        Raises:
            ClusterError: it cannot be read.
        """
        try:
            return await self._client.get(address.path)
        except ClusterError as error:
            if isinstance(error, Refused) and error.status == 404:
                return None
            raise

    async def apply(
        self,
        address: Address,
        body: Mapping[str, Any],
        expected: Precondition | None,
        *,
        take_from: Collection[str] = (),
        dry_run: bool = False,
    ) -> Written:
        """Apply a configuration as `gko-tui`, first without force.

        Args:
            address: where.
            body: the configuration, without what a server sets.
            expected: the version that the plan saw; None: there was no object.
            take_from: the field managers that the plan overrules; a field of anybody else is a conflict.
            dry_run: ask what would happen; nothing is stored.

        Returns:
            created, configured or unchanged with the object; or why not.
        """
        if expected is None:
            return await self._create(address, body, dry_run=dry_run)
        return await self._configure(address, body, expected, take_from, dry_run=dry_run)

    async def remove(
        self, address: Address, paths: Iterable[KeyPath], expected: Precondition, *, dry_run: bool = False
    ) -> Written:
        """Take leaves away that only the cluster has: a JSON Patch that tests each value and the version.

        Args:
            address: where.
            paths: field names and positions, none inside another.
            expected: the version that the plan saw.
            dry_run: ask what would happen; nothing is stored.
        """
        paths = tuple(paths)
        found = await self._checked(address, expected)
        if isinstance(found, Written):
            return found
        assert found is not None
        patch = removal(found, paths)
        if patch is None:
            return Written(Did.UNCHANGED, found, dry_run=dry_run)
        return await self._patch(address, found, patch, dry_run, lambda now: _all_gone(found, now, paths))

    async def migrate_owners(
        self, address: Address, managers: Iterable[str], expected: Precondition, *, dry_run: bool = False
    ) -> Written:
        """Take over the book-keeping of what other tools applied; no value of the object changes.

        Args:
            address: where.
            managers: the field managers that are taken over.
            expected: the version that the plan saw.
            dry_run: ask what would happen; nothing is stored.
        """
        managers = tuple(managers)
        found = await self._checked(address, expected)
        if isinstance(found, Written):
            return found
        assert found is not None
        fields = handed_over(found["metadata"].get("managedFields"), managers)
        if fields is None:
            return Written(Did.UNCHANGED, found, dry_run=dry_run)
        patch: list[dict[str, Any]] = [
            {"op": "test", "path": "/metadata/resourceVersion", "value": version(found)},
            {"op": "replace", "path": "/metadata/managedFields", "value": fields},
        ]
        return await self._patch(
            address,
            found,
            patch,
            dry_run,
            lambda now: handed_over(now["metadata"].get("managedFields"), managers) is None,
        )

    async def delete(self, address: Address, expected: Precondition, *, dry_run: bool = False) -> Written:
        """Delete exactly the object that the plan saw, at the version just read.

        Args:
            address: where.
            expected: the version that the plan saw.
            dry_run: ask what would happen; nothing is deleted.

        Returns:
            deleted, with the object as it waits for its finalizers or None once it is gone.
        """
        found = await self._checked(address, expected, gone_is_fine=True)
        if isinstance(found, Written):
            return found
        if found is None:
            return Written(Did.UNCHANGED, None, dry_run=dry_run)
        if found["metadata"].get("deletionTimestamp"):
            return Written(Did.UNCHANGED, found, dry_run=dry_run)
        answer = await self._send("DELETE", address.path, _options(found, dry_run), "application/json", {})
        if isinstance(answer, ClusterError):
            return await self._after_delete(address, found["metadata"]["uid"], answer)
        left = answer if answer.get("kind") == address.kind and "metadata" in answer else None
        return Written(Did.DELETED, left, dry_run=dry_run)

    # ---------------------------------------------------------------------------------------

    async def _create(self, address: Address, body: Mapping[str, Any], *, dry_run: bool) -> Written:
        """Apply where nothing is: one request that the server refuses where there is something."""
        sent = {**body, "metadata": {**body["metadata"], "resourceVersion": _OF_NOTHING}}
        answer = await self._apply(address, sent, force=False, dry_run=dry_run)
        if isinstance(answer, Refused):
            found = await self._checked(address, None) if answer.status == 409 else None
            return found if isinstance(found, Written) else refusal(answer)
        if isinstance(answer, ClusterError):
            return await self._after_apply(address, sent, None, answer, dry_run=dry_run)
        return Written(did(None, answer), answer, dry_run=dry_run)

    async def _configure(
        self,
        address: Address,
        body: Mapping[str, Any],
        expected: Precondition,
        take_from: Collection[str],
        *,
        dry_run: bool,
    ) -> Written:
        found = await self._checked(address, expected)
        if isinstance(found, Written):
            return found
        sent = _bound(body, found)
        answer = await self._apply(address, sent, force=False, dry_run=dry_run)
        if isinstance(answer, Refused):
            owners = conflicts_in(answer, self._people)
            if not owners:
                return refusal(answer)
            if not all(one.manager in take_from or one.owner is OwnerClass.OURS for one in owners):
                return conflict(address, owners)
            answer = await self._apply(address, sent, force=True, dry_run=dry_run)
        if isinstance(answer, Refused):
            return refusal(answer)
        if isinstance(answer, ClusterError):
            return await self._after_apply(address, sent, found, answer, dry_run=dry_run)
        return Written(did(found, answer), answer, dry_run=dry_run)

    async def _checked(
        self, address: Address, expected: Precondition | None, *, gone_is_fine: bool = False
    ) -> dict[str, Any] | Written | None:
        """Read the object and hold it against what the plan saw; a `Written` says why nothing is sent."""
        try:
            found = await self.read(address)
        except ClusterError as error:
            return Written(
                Did.FAILED, cause="unreachable", message=error.sentence(), next_step=error.next_step
            )
        if found is None and gone_is_fine:
            return None
        why = moved(address, expected, found)
        if why:
            return Written(Did.FAILED, found, "moved", why, PLAN_AGAIN)
        return found

    async def _apply(
        self, address: Address, body: dict[str, Any], *, force: bool, dry_run: bool
    ) -> dict[str, Any] | ClusterError:
        params = {
            "fieldManager": OWN_MANAGER,
            "fieldValidation": "Strict",
            "force": force,
            "dryRun": "All" if dry_run else None,
        }
        return await self._send("PATCH", address.path, body, APPLY, params)

    async def _patch(
        self, address: Address, found: dict[str, Any], patch: list[dict[str, Any]], dry_run: bool, done: Any
    ) -> Written:
        params = {"fieldManager": OWN_MANAGER, "dryRun": "All" if dry_run else None}
        answer = await self._send("PATCH", address.path, patch, JSON_PATCH, params)
        if isinstance(answer, Refused):
            return await self._after_refused_patch(address, found, answer)
        if isinstance(answer, ClusterError):
            return await self._settled(address, found, answer, done)
        return Written(did(found, answer), answer, dry_run=dry_run)

    async def _send(
        self, method: str, path: str, body: object, content_type: str, params: Mapping[str, object]
    ) -> dict[str, Any] | ClusterError:
        """Send a write once. What refused it comes back as `Refused`, else it may have arrived."""
        try:
            return await self._client.request(
                method, path, body=body, content_type=content_type, params=params
            )
        except Refused as error:
            if error.status is not None and error.status >= 500 and not _told_why(error):
                return ClusterError(
                    error.what, subject=error.subject, next_step=error.next_step, status=error.status
                )
            return error
        except ClusterError as error:
            if _was_never_sent(error):
                return Refused(
                    error.what, subject=error.subject, next_step=error.next_step, reason=error.reason
                )
            return error

    async def _after_refused_patch(self, address: Address, found: dict[str, Any], error: Refused) -> Written:
        """A test that fails says nothing: a second read tells whether the object moved."""
        if error.status not in (409, 422):
            return refusal(error)
        try:
            now = await self.read(address)
        except ClusterError:
            return refusal(error)
        if now is None or now["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
            why = f"{address} changed while it was being written"
            return Written(Did.FAILED, now, "moved", why, PLAN_AGAIN)
        return refusal(error)

    async def _after_apply(
        self,
        address: Address,
        body: dict[str, Any],
        before: dict[str, Any] | None,
        error: ClusterError,
        *,
        dry_run: bool,
    ) -> Written:
        """Whether an apply without answer arrived: if so, applying it again (dry) would change nothing."""
        if dry_run:
            return Written(Did.FAILED, before, "unreachable", error.sentence(), error.next_step, dry_run=True)
        try:
            now = await self.read(address)
        except ClusterError:
            return unknown(error)
        if now is None or version(now) == version(before):
            return unknown(error, now)
        again = {**body, "metadata": {**body["metadata"]}}
        for name in ("resourceVersion", "uid"):
            again["metadata"].pop(name, None)
        would = await self._apply(address, again, force=False, dry_run=True)
        if isinstance(would, dict) and _content(would) == _content(now) and _owns(now):
            return Written(did(before, now), now)
        return unknown(error, now)

    async def _after_delete(self, address: Address, uid: str, error: ClusterError) -> Written:
        """What came of a deletion that was refused or not answered."""
        if isinstance(error, Refused):
            return Written(Did.DELETED) if error.status == 404 else not_as_planned(address, error)
        try:
            now = await self.read(address)
        except ClusterError:
            return unknown(error)
        if now is None or now["metadata"].get("uid") != uid:
            return Written(Did.DELETED, None)
        if now["metadata"].get("deletionTimestamp"):
            return Written(Did.DELETED, now)
        return unknown(error, now)

    async def _settled(
        self, address: Address, found: dict[str, Any], error: ClusterError, done: Any
    ) -> Written:
        """Whether a patch without answer arrived: what it was for is then true of the object."""
        try:
            now = await self.read(address)
        except ClusterError:
            return unknown(error)
        if now is not None and done(now):
            return Written(did(found, now), now)
        return unknown(error, now)


def _bound(body: Mapping[str, Any], found: Mapping[str, Any] | None) -> dict[str, Any]:
    """A configuration tied to the object that was read: it fails if that one moves or is made anew."""
    metadata = dict(body["metadata"])
    if found is not None:
        metadata["uid"] = found["metadata"]["uid"]
        metadata["resourceVersion"] = found["metadata"]["resourceVersion"]
    return {**body, "metadata": metadata}


def _options(found: Mapping[str, Any], dry_run: bool) -> dict[str, Any]:
    """What makes a deletion mean this object, at this version."""
    metadata = found["metadata"]
    options: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]},
        "propagationPolicy": "Background",
    }
    return {**options, "dryRun": ["All"]} if dry_run else options


def _all_gone(before: Mapping[str, Any], now: Mapping[str, Any], paths: Iterable[KeyPath]) -> bool:
    """Whether none of the values stands where it stood; a default may have taken its place."""
    return version(before) != version(now) and all(
        value_at(now, path) is ABSENT or value_at(now, path) != value_at(before, path) for path in paths
    )


def _content(body: Mapping[str, Any]) -> dict[str, Any]:
    """All of an object but what counts its writes."""
    counted = ("managedFields", "resourceVersion", "generation")
    metadata = {name: value for name, value in body["metadata"].items() if name not in counted}
    return {**body, "metadata": metadata}


def _owns(body: Mapping[str, Any]) -> bool:
    fields = body["metadata"].get("managedFields") or ()
    return any(one.get("manager") == OWN_MANAGER and one.get("operation") == "Apply" for one in fields)


def _told_why(error: Refused) -> bool:
    """Whether a 5xx is the server's judgement on the request (a field its schema lacks), not a breakdown."""
    return error.status == 500 and error.told.startswith("failed to create typed patch object")


def _was_never_sent(error: ClusterError) -> bool:
    return error.reason == "tls" or type(error.__cause__).__name__ in _NEVER_SENT
