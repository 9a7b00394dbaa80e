"""Who owns which field: `metadata.managedFields`, kept for every write as the real server keeps it.

An Update (PUT, POST, any patch) gives its manager what it changed and takes that from all others. An
Apply gives its manager what its configuration states, removes what the manager's last configuration
stated and nobody else owns, and fails where it would change what others own, unless forced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.simulator.kube.answers import Refusal, bad_request, server_error, shown
from reconciler.simulator.kube.fieldsets import (
    FieldSet,
    difference,
    intersection,
    paths,
    union,
    without,
)
from reconciler.simulator.kube.path_elements import readable
from reconciler.simulator.kube.shape import Shape
from reconciler.simulator.kube.trees import Json
from reconciler.simulator.kube.typed import (
    NotTyped,
    check_typed,
    compare,
    field_set,
    merge,
    remove,
    with_named_parents,
)

APPLY, UPDATE = "Apply", "Update"
BEFORE_FIRST_APPLY = "before-first-apply"
_ANCIENT, _MOST_UPDATERS = "ancient-changes", 10

_SERVER_METADATA = (
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
    "name", "namespace", "resourceVersion", "selfLink", "uid",
)  # fmt: skip
_NOBODYS: FieldSet = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {".": {}, **{f"f:{name}": {} for name in _SERVER_METADATA}},
}
"""Fields that are never owned."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of managedFields; `time` is as written, empty where there is none."""

    manager: str
    operation: str
    api_version: str
    fields: FieldSet
    time: str = ""
    subresource: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What makes two entries the same owner; an applier stays itself across versions."""
        version = "" if self.operation == APPLY else self.api_version
        return (self.manager, self.operation, version, self.subresource)

    def written(self) -> dict[str, Any]:
        """Return the entry as it stands in managedFields."""
        entry: dict[str, Any] = {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "time": self.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.fields,
            "subresource": self.subresource,
        }
        return {key: value for key, value in entry.items() if value or key == "fieldsV1"}


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, through which door, and when.

    `exempt` holds fields that this door resets, such as the status behind the main one: nobody gains them.
    """

    manager: str
    api_version: str
    time: str
    subresource: str = ""
    exempt: FieldSet | None = None

    def gains(self, fields: FieldSet) -> FieldSet:
        """Return what of these fields the writer can own."""
        owned = difference(fields, _NOBODYS)
        return without(owned, self.exempt) if self.exempt else owned


def read_entries(managed_fields: object) -> list[Entry]:
    """Read managedFields; malformed ones count as none, as on the real server."""
    if not isinstance(managed_fields, list):
        return []
    entries = []
    for each in managed_fields:
        if not isinstance(each, dict) or each.get("operation") not in (APPLY, UPDATE):
            return []
        fields = each.get("fieldsV1")
        if not each.get("apiVersion") or each.get("fieldsType") != "FieldsV1" or not isinstance(fields, dict):
            return []
        entries.append(
            Entry(
                manager=each.get("manager", ""),
                operation=each["operation"],
                api_version=each["apiVersion"],
                fields=fields,
                time=each.get("time") or "",
                subresource=each.get("subresource", ""),
            )
        )
    return entries


def write_entries(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return managedFields in the order in which the real server writes them."""
    ordered = sorted(entries, key=lambda e: (e.operation, e.time, e.manager, e.api_version, e.subresource))
    return [entry.written() for entry in ordered]


def _tracked(body: Json) -> Json:
    """Return an object without the metadata that only the server writes."""
    metadata = body.get("metadata")
    if not isinstance(metadata, dict):
        return body
    kept = {name: value for name, value in metadata.items() if name not in _SERVER_METADATA}
    return {**body, "metadata": kept}


def after_update(old: Json, new: Json, shape: Shape, entries: Sequence[Entry], writer: Writer) -> list[Entry]:
    """Return the owners after an Update.

    Args:
        old: the stored object, `{}` for a new one.
        new: the object as it will be stored.
        entries: the owners so far.
        writer: who updates.
    """
    change = compare(_tracked(old), _tracked(new), shape)
    taken = union(change.added, change.modified)
    lost = union(taken, change.removed)
    rest = (
        [replace(entry, fields=difference(entry.fields, lost)) for entry in entries]
        if lost
        else list(entries)
    )
    gained = writer.gains(taken)
    if gained:
        mine = Entry(writer.manager, UPDATE, writer.api_version, gained, writer.time, writer.subresource)
        previous = next((entry for entry in rest if entry.identity == mine.identity), None)
        if previous is not None:
            rest.remove(previous)
            mine = replace(mine, fields=union(gained, previous.fields))
        rest.append(mine)
    return _capped([entry for entry in rest if entry.fields])


def _capped(entries: list[Entry]) -> list[Entry]:
    """Fold the oldest updaters into one, so that an object of many writers does not grow without end."""
    updaters = sorted((e for e in entries if e.operation == UPDATE), key=lambda e: (e.time, e.identity))
    surplus = len(updaters) - _MOST_UPDATERS
    if surplus <= 0:
        return entries
    folded = updaters[: surplus + 1]
    fields: FieldSet = {}
    for entry in folded:
        fields = union(fields, entry.fields)
    kept = [entry for entry in entries if entry not in folded]
    return [*kept, Entry(_ANCIENT, UPDATE, folded[-1].api_version, fields, folded[-1].time)]


@dataclass(frozen=True, slots=True)
class Applied:
    """What an Apply makes of an object; `body` is the stored object itself where nothing changes."""

    body: Json
    entries: list[Entry]


def after_apply(
    live: Json, config: Json, shape: Shape, entries: Sequence[Entry], writer: Writer, *, force: bool
) -> Applied:
    """Return the object and its owners after a server-side Apply.

    Args:
        live: the stored object, `{}` where there is none.
        config: what is applied.
        entries: the owners so far.
        writer: who applies.
        force: take fields from others instead of failing.

    Raises:
        Refusal: 409 with one cause for each field owned by another; 500 where the configuration does not
            fit the schema (that is the code of the real server, too).
    """
    name = (config.get("metadata") or {}).get("name", "")
    try:
        check_typed({k: v for k, v in config.items() if k not in ("apiVersion", "kind")}, shape)
    except NotTyped as problem:
        kind = f"{config.get('apiVersion')}, Kind={config.get('kind')}"
        raise server_error(f"failed to create typed patch object (/{name}; {kind}): {problem}") from problem
    if live and not entries:
        first = replace(writer, manager=BEFORE_FIRST_APPLY, time=writer.time)
        entries = after_update({}, live, shape, (), first)
    mine = Entry(writer.manager, APPLY, writer.api_version, {}, subresource=writer.subresource)
    previous = next((entry for entry in entries if entry.identity == mine.identity), None)
    others = [entry for entry in entries if entry is not previous]
    stated = writer.gains(field_set(_tracked(config), shape))
    merged = merge(_tracked(live), _tracked(config), shape)
    if previous is not None:
        merged = _without_abandoned(merged, shape, previous.fields, stated, others)
    change = compare(_tracked(live), merged, shape)
    touched = union(change.modified, change.added)
    changed = bool(touched or change.removed)
    if writer.exempt:
        touched = without(touched, writer.exempt)
    clashes = [(entry, clash) for entry in others if (clash := intersection(entry.fields, touched))]
    if clashes and not force:
        raise _apply_conflict(clashes)
    lost = union(touched, change.removed)
    kept = [replace(entry, fields=difference(entry.fields, lost)) for entry in others]
    time = writer.time if changed else previous.time if previous is not None else ""
    kept.append(replace(mine, fields=stated, time=time))
    return Applied(merged if changed else live, [entry for entry in kept if entry.fields])


def _without_abandoned(
    merged: Json, shape: Shape, last: FieldSet, stated: FieldSet, others: Sequence[Entry]
) -> Json:
    """Remove what the applier stated last time, does not state now, and nobody else owns."""
    if not difference(last, stated):
        return merged
    owned = stated
    for entry in others:
        owned = union(owned, entry.fields)
    owned = with_named_parents(owned, shape)
    before = with_named_parents(last, shape)
    everything = with_named_parents(field_set(merged, shape), shape)

    def left(value: Json) -> FieldSet:
        return with_named_parents(field_set(value, shape), shape)

    stripped = left(remove(merged, shape, before))
    restored = remove(merged, shape, difference(everything, union(stripped, owned)))
    # What went only because it lay inside something removed stays, unless the applier had stated it.
    return remove(merged, shape, intersection(difference(everything, left(restored)), before))


def _apply_conflict(clashes: Sequence[tuple[Entry, FieldSet]]) -> Refusal:
    causes = []
    lines: list[str] = []
    single = ""
    for entry, fields in sorted(clashes, key=lambda clash: clash[0].identity):
        owner = shown(entry.manager)
        if entry.subresource:
            owner += f" with subresource {shown(entry.subresource)}"
        if entry.operation == UPDATE:
            owner += f" using {entry.api_version}"
        lines.append(f"conflicts with {owner}:")
        for path in paths(fields):
            where = "".join(readable(element) for element in path)
            single = f"conflict with {owner}: {where}"
            lines.append(f"- {where}")
            causes.append(
                {"reason": "FieldManagerConflict", "message": f"conflict with {owner}", "field": where}
            )
    if len(causes) == 1:
        message = f"Apply failed with 1 conflict: {single}"
    else:
        message = f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines)
    return Refusal(409, "Conflict", message, details={"causes": causes})


def refuse_managed_fields(metadata: Mapping[str, Any]) -> None:
    """Refuse a configuration that states owners itself.

    Raises:
        Refusal: 400.
    """
    if metadata.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
