"""From what a client sent to an object that can be stored: of the right type, pruned, with its defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.simulator.kube import answers
from reconciler.simulator.kube.builtin_rules import settled
from reconciler.simulator.kube.object_meta import tidy
from reconciler.simulator.kube.pruning import Pruner, with_defaults
from reconciler.simulator.kube.targets import Target, WriteOptions
from reconciler.simulator.kube.trees import ABSENT, Json


def check_type(target: Target, body: Json) -> None:
    """Make sure that a body is of the kind and version that its path names.

    Raises:
        Refusal: 400 for another version, 422 for another kind.
    """
    resource = target.resource
    expected = resource.api_version(target.version)
    api_version = body.get("apiVersion") or expected
    if api_version != expected:
        raise answers.bad_request(
            f"the API version in the data ({api_version}) does not match "
            f"the expected API version ({expected})"
        )
    kind = body.get("kind") or resource.kind
    if kind != resource.kind:
        fault = answers.bad_value("kind", kind, f"must be {resource.kind}")
        metadata = body.get("metadata")
        name = metadata.get("name", "") if isinstance(metadata, dict) else ""
        raise answers.invalid(kind, resource.group, name, [fault])


def check_apply_type(target: Target, config: Json) -> None:
    """The same for a configuration that is to be applied, which must name its type.

    Raises:
        Refusal: 400.
    """
    given = config if isinstance(config, dict) else {}
    api_version, kind = given.get("apiVersion") or "", given.get("kind") or ""
    if (api_version, kind) != (target.resource.api_version(target.version), target.resource.kind):
        group_version = api_version if "/" in api_version else f"/{api_version}"
        raise answers.bad_request(f"invalid object type: {group_version}, Kind={kind}")


def read_metadata(
    target: Target, body: Json, unknown: list[str], *, needs_name: bool = True
) -> dict[str, Any]:
    """Return the metadata of a body, held against its path.

    Args:
        target: what is written to.
        body: as sent, or as a patch left it.
        unknown: receives the paths of fields that are not known.
        needs_name: where the path has a name, the body must have it too.

    Raises:
        Refusal: 400.
    """
    try:
        metadata = tidy(body.get("metadata"), unknown)
    except ValueError as problem:
        kind = target.resource.kind
        raise answers.bad_request(
            f'{kind} in version "{target.version}" cannot be handled as a {kind}: {problem}'
        ) from problem
    _check_address(target, metadata, needs_name=needs_name)
    return metadata


def _check_address(target: Target, metadata: dict[str, Any], *, needs_name: bool) -> None:
    """Make sure that a body's name and namespace are those of its path."""
    name = metadata.get("name", "")
    if target.name and not name and needs_name:
        raise answers.bad_request(
            f"the name of the object ({target.name} based on URL) was undeterminable: name must be provided"
        )
    if target.name and name and name != target.name:
        raise answers.bad_request(
            f"the name of the object ({name}) does not match the name on the URL ({target.name})"
        )
    if metadata.get("namespace", target.namespace) != target.namespace:
        raise answers.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )


def decoded(
    target: Target, body: dict[str, Any], old: Json, *, keeps_null: bool = False
) -> tuple[dict[str, Any], list[str]]:
    """Return the object without unknown fields and with defaults, and the paths of what was unknown.

    Args:
        target: what is written to.
        body: as sent, or as a patch left it.
        old: the stored object, or ABSENT.
        keeps_null: see `Pruner`.

    Raises:
        Refusal: 400.
    """
    resource = target.resource
    shape = resource.shapes[target.version]
    pruner = Pruner(keeps_null=keeps_null)
    metadata = read_metadata(target, body, pruner.unknown)
    rest = {name: value for name, value in body.items() if name != "metadata"}
    pruned = pruner.prune(rest, shape, old)
    made = {
        **with_defaults(pruned, shape, old),
        "apiVersion": resource.api_version(resource.storage),
        "kind": resource.kind,
        "metadata": dict(metadata),
    }
    if not resource.custom:
        made = settled(resource, target.version, made, new=old is ABSENT)
    return made, pruner.unknown


def unknown_field_warnings(target: Target, unknown: Sequence[str], options: WriteOptions) -> list[str]:
    """Return the warnings for unknown and for duplicate fields.

    Raises:
        Refusal: 400 where they are to be refused.
    """
    found = [f'duplicate field "{path}"' for path in options.duplicates]
    found += [f'unknown field "{path}"' for path in unknown]
    if found and options.validation == "Strict":
        kind = target.resource.kind
        raise answers.bad_request(
            f'{kind} in version "{target.version}" cannot be handled as a {kind}: '
            f"strict decoding error: {', '.join(found)}"
        )
    return found if options.validation == "Warn" else []


def refuse_unknown_in_patch(body: Json, unknown: Sequence[str], options: WriteOptions) -> None:
    """Refuse a patch that brings unknown fields where those are to be refused.

    Raises:
        Refusal: 422, with the patched object in its text as the real server has it.
    """
    if unknown and options.validation == "Strict":
        found = ", ".join(f'unknown field "{path}"' for path in unknown)
        text = answers.shown(answers.shown(body))
        fault = answers.FieldError(
            "patch", "FieldValueInvalid", f"Invalid value: {text}: strict decoding error: {found}"
        )
        raise answers.invalid("", "", "", [fault])
