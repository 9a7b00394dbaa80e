"""Creating, updating, applying and deleting objects: the steps that every write goes through.

A write is decoded (unknown fields dropped, defaults filled in), held against the stored object
(preconditions, fields that nobody may change, status behind its own door), given its field owners,
validated, and stored under the next revision; one that changes nothing is not stored at all.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from reconciler.simulator.kube import answers
from reconciler.simulator.kube.builtin import NAMESPACES
from reconciler.simulator.kube.builtin_rules import builtin_faults
from reconciler.simulator.kube.decoding import (
    check_apply_type,
    check_type,
    decoded,
    read_metadata,
    refuse_unknown_in_patch,
    unknown_field_warnings,
)
from reconciler.simulator.kube.fieldsets import FieldSet
from reconciler.simulator.kube.naming import metadata_faults, new_finalizer_faults
from reconciler.simulator.kube.ownership import (
    Entry,
    Writer,
    after_apply,
    after_update,
    read_entries,
    refuse_managed_fields,
    write_entries,
)
from reconciler.simulator.kube.resources import Resource
from reconciler.simulator.kube.storage import Store, Stored
from reconciler.simulator.kube.targets import Outcome, Target, WriteOptions
from reconciler.simulator.kube.timestamps import timestamp
from reconciler.simulator.kube.trees import ABSENT, Json, graft
from reconciler.simulator.kube.validation import validate

STATUS = "status"
_NAME_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_KEPT_METADATA = (
    "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "name", "namespace",
    "uid",
)  # fmt: skip


class Writes:
    """The writing side of a cluster.

    Args:
        store: where objects are kept.
        chance: the source of uids and generated names.
    """

    def __init__(self, store: Store, chance: random.Random) -> None:
        self._store = store
        self._chance = chance

    # -- the verbs ----------------------------------------------------------------------------------

    def create(self, target: Target, body: Json, options: WriteOptions) -> Outcome:
        """Store a new object.

        Raises:
            Refusal: 400, 403, 404 (no such namespace), 409 (exists), 422.
        """
        check_type(target, body)
        made, unknown = decoded(target, body, ABSENT)
        warnings = unknown_field_warnings(target, unknown, options)
        if made["metadata"].get("resourceVersion"):
            raise answers.server_error("resourceVersion should not be set on objects to be created")
        return Outcome(self._create(target, made, options, None), created=True, warnings=warnings)

    def replace(self, target: Target, body: Json, options: WriteOptions) -> Outcome:
        """Store an object in place of the one of its name (PUT).

        Raises:
            Refusal: 400, 404, 409 (it was modified, or is another of the same name), 422.
        """
        check_type(target, body)
        read_metadata(target, body, [])
        stored = self._store.table(target.resource.name).objects.get(target.key)
        if stored is None and target.resource.creates_on_update:
            return self.create(target, body, options)
        return self._update(target, lambda _old: body, options, is_patch=False)

    def patch(self, target: Target, change: Callable[[Json], Json], options: WriteOptions) -> Outcome:
        """Store what a patch makes of an object.

        Args:
            change: returns the patched object; it must not change its argument.

        Raises:
            Refusal: 400, 404, 409, 422, or what `change` raises.
        """
        return self._update(target, change, options, is_patch=True)

    def apply(self, target: Target, config: Json, options: WriteOptions) -> Outcome:
        """Server-side apply a configuration.

        Raises:
            Refusal: 400, 404, 409 (other managers own fields of it; or a precondition), 422, 500.
        """
        check_apply_type(target, config)
        stored = self._store.table(target.resource.name).objects.get(target.key)
        metadata = read_metadata(target, config, [], needs_name=stored is None)
        refuse_managed_fields(metadata)
        shape = target.resource.shapes[target.version]
        if stored is None:
            return self._apply_new(target, config, options)
        old = stored.body
        wanted = metadata.get("resourceVersion")
        if wanted and wanted != old["metadata"]["resourceVersion"]:
            raise target.refusal(answers.conflict)
        entries = read_entries(old["metadata"].get("managedFields"))
        applied = after_apply(old, config, shape, entries, self._writer(target, options), force=options.force)
        body = applied.body
        if body is not old:
            kept = {name: old["metadata"][name] for name in _KEPT_METADATA if name in old["metadata"]}
            body = {**body, "metadata": {**(body.get("metadata") or {}), **kept}}
        made, _ = decoded(target, body, old, keeps_null=True)
        return Outcome(self._store_update(target, stored, made, options, applied.entries))

    def _apply_new(self, target: Target, config: dict[str, Any], options: WriteOptions) -> Outcome:
        if target.subresource:
            raise target.refusal(answers.not_found)
        if uid := (config.get("metadata") or {}).get("uid"):
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise target.refusal(answers.conflict, why)
        shape = target.resource.shapes[target.version]
        applied = after_apply({}, config, shape, (), self._writer(target, options), force=options.force)
        body = {**applied.body, "metadata": {**(applied.body.get("metadata") or {}), "name": target.name}}
        made, _ = decoded(target, body, ABSENT, keeps_null=True)
        return Outcome(self._create(target, made, options, applied.entries), created=True)

    # -- creating -----------------------------------------------------------------------------------

    def _create(
        self, target: Target, body: dict[str, Any], options: WriteOptions, owners: Sequence[Entry] | None
    ) -> dict[str, Any]:
        resource = target.resource
        metadata = dict(body["metadata"])
        if not metadata.get("name") and (prefix := metadata.get("generateName")):
            letters = "".join(self._chance.choice(_NAME_LETTERS) for _ in range(5))
            metadata["name"] = f"{prefix[:58]}{letters}"
        for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"):
            metadata.pop(name, None)
        if target.namespace:
            metadata["namespace"] = target.namespace
        metadata["uid"] = str(uuid.UUID(int=self._chance.getrandbits(128), version=4))
        metadata["creationTimestamp"] = timestamp(options.at)
        if resource.counts_generations:
            metadata["generation"] = 1
        entries = read_entries(metadata.pop("managedFields", None))
        body = {**body, "metadata": metadata}
        if resource.status and resource.custom:
            body.pop(STATUS, None)
        self._check_namespace(target, metadata.get("name", ""))
        shape = resource.shapes[target.version]
        if owners is None:
            blank = dict(resource.blank)
            owners = after_update(blank, body, shape, entries, self._writer(target, options))
        if owners:
            metadata["managedFields"] = write_entries(owners)
        self._check(target, body, ABSENT)
        named = Target(resource, target.version, target.namespace, metadata["name"])
        if named.key in self._store.table(resource.name).objects:
            raise named.refusal(answers.already_exists)
        if options.dry_run:
            return body
        return self._store.put(resource.name, named.key, body).body

    def _check_namespace(self, target: Target, name: str) -> None:
        """Make sure that the namespace exists and takes new objects."""
        if not target.resource.namespaced:
            return
        namespace = self._store.table(NAMESPACES).objects.get(target.namespace)
        if namespace is None:
            raise answers.not_found("", NAMESPACES, target.namespace)
        if namespace.body["metadata"].get("deletionTimestamp"):
            why = (
                f"unable to create new content in namespace {target.namespace} because it is being terminated"
            )
            raise answers.forbidden(target.resource.group, target.resource.plural, name, why)

    # -- updating -----------------------------------------------------------------------------------

    def _update(
        self, target: Target, change: Callable[[Json], Json], options: WriteOptions, *, is_patch: bool
    ) -> Outcome:
        stored = self.existing(target)
        body = change(stored.body)
        if is_patch:
            check_type(target, body)
        made, unknown = decoded(target, body, stored.body)
        if is_patch:
            refuse_unknown_in_patch(body, unknown, options)
        warnings = unknown_field_warnings(target, unknown, options)
        self._check_preconditions(target, stored, made["metadata"], is_patch=is_patch)
        return Outcome(self._store_update(target, stored, made, options, None), warnings=warnings)

    def existing(self, target: Target) -> Stored:
        """Return the stored object.

        Raises:
            Refusal: 404.
        """
        stored = self._store.table(target.resource.name).objects.get(target.key)
        if stored is None:
            raise target.refusal(answers.not_found)
        return stored

    def _check_preconditions(
        self, target: Target, stored: Stored, metadata: dict[str, Any], *, is_patch: bool
    ) -> None:
        revision, uid = metadata.get("resourceVersion", ""), metadata.get("uid", "")
        resource, own_uid = target.resource, stored.body["metadata"]["uid"]
        if not revision:
            if not is_patch and not resource.unconditional:
                fault = answers.bad_value("metadata.resourceVersion", 0, "must be specified for an update")
                raise answers.invalid(resource.plural, resource.group, target.name, [fault])
        elif not revision.isdecimal():
            raise answers.server_error(f'strconv.ParseUint: parsing "{revision}": invalid syntax')
        if uid and uid != own_uid:
            if is_patch:
                fault = answers.bad_value("metadata.uid", uid, "field is immutable")
                raise answers.invalid(resource.kind, resource.group, target.name, [fault, fault])
            key = "/".join(
                part for part in ("/registry", resource.group, resource.plural, target.key) if part
            )
            why = (
                f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, "
                f"AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, "
                f"UID in object meta: {own_uid}"
            )
            raise target.refusal(answers.conflict, why)
        if revision and int(revision) != stored.revision:
            raise target.refusal(answers.conflict)

    def _store_update(
        self,
        target: Target,
        stored: Stored,
        body: dict[str, Any],
        options: WriteOptions,
        owners: Sequence[Entry] | None,
    ) -> dict[str, Any]:
        resource, old = target.resource, stored.body
        sent_owners = body["metadata"].get("managedFields")
        body = self._through_door(target, old, body)
        if owners is None:
            known = read_entries(old["metadata"].get("managedFields"))
            if target.subresource:
                entries = known
            else:
                entries = [] if sent_owners == [{}] else read_entries(sent_owners) or known
            # An object whose owners were reset is not tracked again until somebody applies it.
            shape = resource.shapes[target.version]
            owners = after_update(old, body, shape, entries, self._writer(target, options)) if entries else ()
        metadata = body["metadata"]
        if owners:
            metadata["managedFields"] = write_entries(owners)
        if resource.counts_generations and self._asks_for_more(resource, old, body):
            metadata["generation"] = old["metadata"].get("generation", 0) + 1
        body = graft(old, body)
        if body is old:
            return old
        self._check(target, body, old)
        if metadata.get("deletionTimestamp") and not self._holds(resource, body):
            return body if options.dry_run else self._store.remove(resource.name, target.key, body).body
        return body if options.dry_run else self._store.put(resource.name, target.key, body).body

    def _through_door(self, target: Target, old: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """Return what of an update gets through: the status behind its own door, all else by the main one."""
        metadata = {
            name: value
            for name, value in (old if target.subresource else body)["metadata"].items()
            if name not in (*_KEPT_METADATA, "managedFields")
        }
        metadata |= {name: old["metadata"][name] for name in _KEPT_METADATA if name in old["metadata"]}
        metadata["resourceVersion"] = old["metadata"]["resourceVersion"]
        source, other = (old, body) if target.subresource == STATUS else (body, old)
        through = {name: graft(old.get(name), value) for name, value in source.items() if name != STATUS}
        if target.resource.status and STATUS in other:
            through[STATUS] = graft(old.get(STATUS), other[STATUS])
        elif not target.resource.status and STATUS in body:
            through[STATUS] = graft(old.get(STATUS), body[STATUS])
        through["metadata"] = metadata
        return {
            name: graft(old.get(name, ABSENT), value) for name, value in through.items() if name != "metadata"
        } | {"metadata": metadata}

    def _asks_for_more(self, resource: Resource, old: dict[str, Any], body: dict[str, Any]) -> bool:
        """Whether the desired state changed, so that the generation grows."""
        ignored = {"metadata", STATUS} if resource.status else {"metadata"}
        return any(
            old.get(name, ABSENT) is not body.get(name, ABSENT)
            for name in (old.keys() | body.keys()) - ignored
        )

    @staticmethod
    def _holds(resource: Resource, body: dict[str, Any]) -> bool:
        """Whether something keeps an object that is being deleted."""
        namespace_held = resource.name == NAMESPACES and (body.get("spec") or {}).get("finalizers")
        return bool(body["metadata"].get("finalizers") or namespace_held)

    def _check(self, target: Target, body: dict[str, Any], old: Json) -> None:
        resource = target.resource
        metadata = body["metadata"]
        before = {} if old is ABSENT else old["metadata"]
        faults = metadata_faults(metadata, short_name=resource.name == NAMESPACES)
        faults += new_finalizer_faults(before, metadata)
        rest = {name: value for name, value in body.items() if name != "metadata"}
        faults += validate(rest, resource.shapes[resource.storage], old)
        if not resource.custom and not faults:
            faults += builtin_faults(resource, body, old)
        if faults:
            raise answers.invalid(resource.kind, resource.group, metadata.get("name", ""), faults)

    def _writer(self, target: Target, options: WriteOptions) -> Writer:
        exempt: FieldSet | None = None
        if target.resource.status:
            fields = target.resource.shapes[target.version].fields
            own = {STATUS} if not target.subresource else fields.keys() - {STATUS}
            exempt = {f"f:{name}": {} for name in own}
        api_version = target.resource.api_version(target.version)
        return Writer(options.manager, api_version, timestamp(options.at), target.subresource, exempt)

    # -- deleting -----------------------------------------------------------------------------------

    def delete(
        self, target: Target, options: WriteOptions, *, uid: str = "", revision: str = ""
    ) -> tuple[dict[str, Any], bool]:
        """Delete an object, or mark it where finalizers hold it.

        Args:
            uid: only the object of this uid; empty means any.
            revision: only at this resourceVersion; empty means any.

        Returns:
            the object's last state, and whether it is gone.

        Raises:
            Refusal: 403, 404, 409 (a precondition does not hold).
        """
        resource = target.resource
        stored = self.existing(target)
        metadata = stored.body["metadata"]
        for word, wanted, have, then in (
            ("UID", uid, metadata["uid"], "The object might have been deleted and then recreated"),
            ("ResourceVersion", revision, metadata["resourceVersion"], "The object might have been modified"),
        ):
            if wanted and wanted != have:
                why = (
                    f"the {word} in the precondition ({wanted}) does not match "
                    f"the {word} in record ({have}). {then}"
                )
                raise answers.conflict(resource.group, resource.kind, target.name, why)
        if resource.name == NAMESPACES and target.name in ("default", "kube-system", "kube-public"):
            raise target.refusal(answers.forbidden, "this namespace may not be deleted")
        if not self._holds(resource, stored.body):
            gone = stored if options.dry_run else self._store.remove(resource.name, target.key)
            return gone.body, True
        if metadata.get("deletionTimestamp"):
            return stored.body, False
        marked = {**metadata, "deletionTimestamp": timestamp(options.at)}
        if resource.custom:
            marked["deletionGracePeriodSeconds"] = 0
        if "generation" in marked:
            marked["generation"] += 1
        body = {**stored.body, "metadata": marked}
        if resource.name == NAMESPACES:
            body[STATUS] = {**body.get(STATUS, {}), "phase": "Terminating"}
        return (body if options.dry_run else self._store.put(resource.name, target.key, body).body), False
