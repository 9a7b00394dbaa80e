"""What the server answers when it says no: `Status` bodies in the wording of the real API server.

Clients decide by code, reason, details and causes, and people read the message, so all of them are kept.
Recorded from kube-apiserver v1.36.3; tests/contract holds this and a real server to the same suite.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model.errors import GkoError


class Refusal(GkoError):
    """A request is answered with a Status instead of what was asked for.

    Args:
        code: the HTTP status.
        reason: the machine-readable reason, such as `NotFound`; empty where the real server gives none.
        message: the sentence for people.
        details: the Status' details; None leaves them out.
        continue_token: lets an expired list go on, without its consistency.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        continue_token: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.continue_token = continue_token

    def body(self) -> dict[str, Any]:
        """Return the Status object."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continue_token} if self.continue_token else {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = dict(self.details)
        status["code"] = self.code
        return status


class NoSuchPath(GkoError):
    """Nothing is served at the path: the real server answers with plain text, not with a Status."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault of one field; `reason` is the cause's reason, `text` what is said of it."""

    field: str
    reason: str
    text: str


def shown(value: Any) -> str:
    """Return a value as it is quoted inside messages."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def required(field: str, detail: str = "") -> FieldError:
    """A field that must be there is not."""
    return FieldError(
        field, "FieldValueRequired", f"Required value: {detail}" if detail else "Required value"
    )


def bad_value(field: str, value: Any, detail: str) -> FieldError:
    """A field's value does not satisfy a rule."""
    return FieldError(field, "FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}")


def bad_type(field: str, found: str, detail: str) -> FieldError:
    """A field's value is of another type; `found` names that type (or quotes a badly formatted string)."""
    return FieldError(field, "FieldValueTypeInvalid", f"Invalid value: {shown(found)}: {detail}")


def unsupported(field: str, value: Any, choices: Iterable[str]) -> FieldError:
    """A field's value is none of those allowed."""
    listed = ", ".join(shown(choice) for choice in choices)
    return FieldError(
        field, "FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {listed}"
    )


def too_long(field: str, limit: int) -> FieldError:
    """A string is longer than allowed."""
    return FieldError(field, "FieldValueTooLong", f"Too long: may not be more than {limit} bytes")


def too_many(field: str, count: int, limit: int) -> FieldError:
    """A list or an object has more entries than allowed."""
    return FieldError(field, "FieldValueTooMany", f"Too many: {count}: must have at most {limit} items")


def duplicate(field: str, value: Any) -> FieldError:
    """An entry appears twice where each may appear once."""
    return FieldError(field, "FieldValueDuplicate", f"Duplicate value: {shown(value)}")


def forbidden_field(field: str, detail: str) -> FieldError:
    """A field may not be set like this."""
    return FieldError(field, "FieldValueForbidden", f"Forbidden: {detail}")


def invalid(kind: str, group: str, name: str, faults: Iterable[FieldError]) -> Refusal:
    """422: the object is understood and not acceptable; one cause for each fault."""
    listed = list(faults)
    texts = list(dict.fromkeys(f"{fault.field}: {fault.text}" for fault in listed))
    joined = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details: dict[str, Any] = {"name": name} if name else {}
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details["causes"] = [
        {"reason": fault.reason, "message": fault.text, "field": fault.field} for fault in listed
    ]
    what = f"{kind}.{group}" if group else kind
    return Refusal(422, "Invalid", f'{what} "{name}" is invalid: {joined}', details=details)


def bad_options(kind: str, *faults: FieldError) -> Refusal:
    """422: the query parameters are not acceptable; `kind` is `CreateOptions`, `ListOptions`…"""
    return invalid(kind, "meta.k8s.io", "", faults)


def _about(group: str, resource: str, name: str) -> dict[str, Any]:
    about: dict[str, Any] = {"name": name} if name else {}
    if group:
        about["group"] = group
    about["kind"] = resource
    return about


def _qualified(group: str, resource: str) -> str:
    return f"{resource}.{group}" if group else resource


def not_found(group: str, resource: str, name: str) -> Refusal:
    """404: there is no such object."""
    message = f'{_qualified(group, resource)} "{name}" not found'
    return Refusal(404, "NotFound", message, details=_about(group, resource, name))


def already_exists(group: str, resource: str, name: str) -> Refusal:
    """409: an object of that name exists."""
    message = f'{_qualified(group, resource)} "{name}" already exists'
    return Refusal(409, "AlreadyExists", message, details=_about(group, resource, name))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(group: str, resource: str, name: str, why: str = MODIFIED) -> Refusal:
    """409: a precondition does not hold."""
    message = f'Operation cannot be fulfilled on {_qualified(group, resource)} "{name}": {why}'
    return Refusal(409, "Conflict", message, details=_about(group, resource, name))


def forbidden(group: str, resource: str, name: str, why: str) -> Refusal:
    """403: this user may not do this."""
    named = f'{_qualified(group, resource)} "{name}"' if name else _qualified(group, resource)
    return Refusal(403, "Forbidden", f"{named} is forbidden: {why}", details=_about(group, resource, name))


def forbidden_path(why: str) -> Refusal:
    """403 for a path that is not a resource."""
    return Refusal(403, "Forbidden", f"forbidden: {why}", details={})


def unauthorized() -> Refusal:
    """401: the credentials are not known, or not any more."""
    return Refusal(401, "Unauthorized", "Unauthorized")


def bad_request(message: str) -> Refusal:
    """400."""
    return Refusal(400, "BadRequest", message)


def server_error(message: str) -> Refusal:
    """500 without a reason: how the real server reports faults that it has no word for."""
    return Refusal(500, "", message)


def patch_failed() -> Refusal:
    """422: a JSON patch cannot be carried out, a failed `test` included; the real server says no more."""
    return Refusal(
        422, "Invalid", "the server rejected our request due to an error in our request", details={}
    )


def unsupported_media(*accepted: str) -> Refusal:
    """415: the body is of a type that is not read here."""
    message = "the body of the request was in an unknown format - accepted media types include: "
    message += ", ".join(accepted)
    return Refusal(415, "UnsupportedMediaType", message)


def not_allowed(verb: str, group: str, resource: str) -> Refusal:
    """405."""
    message = f'{verb} is not supported on resources of kind "{_qualified(group, resource)}"'
    return Refusal(405, "MethodNotAllowed", message, details=_about(group, resource, ""))


def version_too_large(asked: int, current: int) -> Refusal:
    """504: a resourceVersion from the future (or from another cluster)."""
    return Refusal(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {asked}, current: {current}",
        details={
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
    )


def expired(message: str, continue_token: str = "") -> Refusal:
    """410: what was asked for is no longer remembered."""
    return Refusal(410, "Expired", message, continue_token=continue_token)
