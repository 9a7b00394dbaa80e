"""Writes to one control plane: one thing put, checked or deleted, by its HRID (its id if older than 4.12).

Nobody but a plan calls this, and only where normalised states differ: a PUT that changes nothing still
redeploys the API on every gateway (DOMAIN §9, trap 5). Deletes and subscriptions are never sent with a dry
run, which APIM ignores and acts on (trap 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import orjson

from reconciler.control_plane.automation import AutomationApi
from reconciler.control_plane.client import ControlPlaneClient
from reconciler.control_plane.judging_answers import outcome_of_check, outcome_of_delete, outcome_of_put
from reconciler.control_plane.management import ManagementApi
from reconciler.control_plane.outcomes import Done, Message, Outcome, Refused, Retry
from reconciler.control_plane.packing import PackedState
from reconciler.control_plane.refs import API_V2, COLLECTIONS, SUBSCRIPTION, StateRef, automation_path
from reconciler.control_plane.sending import Sender
from reconciler.rules.apim.templates import FromTemplate

Uuids = Iterable[tuple[str, str]]
"""The query parameters that say which HRIDs are ids, as `rules.apim.bodies.Body.uuids` has them."""
POLICY_GROUP = "SharedPolicyGroup"
_SHORTEST_HIDDEN = 4
"""Shorter texts from Secrets (`1`, `on`) are in every other word: hiding them would hide the message."""
_NO_JSON = "its body holds a value that JSON has no form for, or one that was hidden for showing"


def can_be_checked(kind: str) -> bool:
    """Whether a dry run of this kind changes nothing; of a subscription it really subscribes."""
    return kind != SUBSCRIPTION and (kind == API_V2 or kind in COLLECTIONS)


@dataclass(frozen=True, slots=True)
class _Put:
    """A PUT, ready to be sent; `hide` are the texts that no message about it may show."""

    path: str
    params: Mapping[str, object]
    content: bytes = field(repr=False)
    hide: tuple[str, ...] = field(repr=False)


class ControlPlaneWriter:
    """Writes to one environment of one APIM. Every call is sent at most once.

    After `ArrivedOrNot`, and after being cancelled, the caller reads the thing before anything else; after
    every call it tells the observer (`touched`).

    Args:
        client: the connection.
    """

    def __init__(self, client: ControlPlaneClient) -> None:
        self._client = client
        self._sender = Sender(client)
        paths = client.target.paths
        self._automation = client.target.in_environment(paths.automation)
        self._management = client.target.in_environment(paths.management)

    async def put(
        self,
        ref: StateRef,
        content: Mapping[str, Any],
        *,
        uuids: Uuids | None = None,
        hide: Iterable[str] = (),
        before: float | None = None,
    ) -> Outcome:
        """Create or update one thing.

        Args:
            ref: what it is; `ApiDefinition` goes through Management v1 `import-crd` by its id.
            content: the whole body, as `rules.apim.body_for` makes it.
            uuids: which HRIDs are ids; None: as the ref says.
            hide: texts that no message may show; text from templates is hidden anyway.
            before: the instant (seconds since the epoch) at which it must be over, answered or not.

        Raises:
            ValueError: the body is another thing's.
        """
        put = self._prepared(ref, content, uuids, hide)
        if isinstance(put, Refused):
            return put
        told = await self._sender.send("PUT", put.path, put.params, put.content, before=before)
        return outcome_of_put(told, put.path, self._client.name, put.hide)

    async def check(
        self,
        ref: StateRef,
        content: Mapping[str, Any],
        *,
        uuids: Uuids | None = None,
        hide: Iterable[str] = (),
        before: float | None = None,
    ) -> Done | Refused | Retry:
        """Ask for a dry run: shallow, as it finds clashing paths and unknown groups, not bad policies.

        The arguments are those of `put`.

        Raises:
            ValueError: the body is another thing's, or its kind has no dry run (`can_be_checked`).
        """
        if not can_be_checked(ref.kind):
            raise ValueError(f"a dry run of {ref.kind} would be acted on")
        put = self._prepared(ref, content, uuids, hide)
        if isinstance(put, Refused):
            return put
        params = {**put.params, "dryRun": True}
        told = await self._sender.send("PUT", put.path, params, put.content, before=before)
        return outcome_of_check(told, put.path, self._client.name, put.hide)

    async def delete(self, ref: StateRef, *, before: float | None = None) -> Outcome:
        """Delete one thing; that it is not there is as good. Never asked for as a dry run, which deletes.

        An API's plans are closed with it, and their subscriptions. An Application stays, as ARCHIVED.

        Args:
            ref: what it is.
            before: the instant (seconds since the epoch) at which it must be over, answered or not.
        """
        if ref.by_management:
            path = f"{self._management}/apis/{quote(ref.hrid, safe='')}"
            params: dict[str, object] = {"closePlans": True}
        else:
            own = automation_path(ref)
            if own is None:
                return _unwritable(ref)
            path, params = self._automation + own, _flags(ref)
        told = await self._sender.send("DELETE", path, params, None, before=before)
        return outcome_of_delete(told, path, self._client.name)

    async def read(self, ref: StateRef) -> PackedState | None:
        """Read one thing as it is now: before it is written, and after nobody knows whether that arrived.

        Raises:
            ControlPlaneError: no usable answer came: it is still not known.
        """
        if ref.by_management:
            return await ManagementApi(self._client).whole(ref.hrid)
        return await AutomationApi(self._client).state(ref)

    # ---------------------------------------------------------------------------------------

    def _prepared(
        self, ref: StateRef, content: Mapping[str, Any], uuids: Uuids | None, hide: Iterable[str]
    ) -> _Put | Refused:
        named = "id" if ref.kind == API_V2 else "hrid"
        stated = content.get(named)
        if ref.kind == POLICY_GROUP and ref.uuid and stated == content.get("crossId"):
            stated = ref.hrid  # a legacy group is written by the id of all environments, and read by its own
        if stated != ref.hrid:
            raise ValueError(f"the body for {ref.kind} {ref.hrid} is another thing's")
        params: dict[str, object] = {}
        if ref.kind == API_V2:
            path = f"{self._management}/apis/import-crd"
        else:
            own = automation_path(ref)
            if own is None:
                return _unwritable(ref)
            path = self._automation + own.rpartition("/")[0]
            params = _flags(ref) if uuids is None else dict(uuids)
        try:
            data = orjson.dumps(content)
        except orjson.JSONEncodeError:  # its text may quote what must not be shown
            return Refused("invalid", (Message(_NO_JSON),), next_step="correct the resource")
        return _Put(path, params, data, _hidden(content, hide))


def _flags(ref: StateRef) -> dict[str, object]:
    """The parameters that say which HRIDs are ids, where the kind's operations know them (DOMAIN §4.2)."""
    flags: dict[str, object] = {}
    if ref.kind == SUBSCRIPTION and ref.parent_uuid:
        flags["hridContainsApiUUID"] = True
    if ref.uuid and COLLECTIONS[ref.kind].legacy:
        flags["hridContainsUUID"] = True
    return flags


def _unwritable(ref: StateRef) -> Refused:
    what = f"{ref.kind} {ref.hrid} cannot be written: APIM's Automation API has no such kind"
    return Refused("not-served", (Message(what),))


def _hidden(content: Mapping[str, Any], hide: Iterable[str]) -> tuple[str, ...]:
    """What no message may show, the longest first, so that no part of one is left over."""
    found = {text for text in (*hide, *_from_templates(content)) if len(text) >= _SHORTEST_HIDDEN}
    return tuple(sorted(found, key=lambda text: (-len(text), text)))


def _from_templates(value: object) -> Iterator[str]:
    if isinstance(value, FromTemplate):
        yield str(value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _from_templates(item)
    elif isinstance(value, list):
        for item in value:
            yield from _from_templates(item)
