"""What APIM answers when it refuses, in the forms its three APIs use (recorded from a 4.12.14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Refused(Exception):
    """A request that is answered with something else than 2xx.

    Attributes:
        status: the HTTP status.
        body: the JSON to send; a text is sent as text/plain; None sends no body.
    """

    def __init__(self, status: int, body: dict[str, Any] | str | None) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


def error(
    status: int,
    message: str,
    code: str = "",
    *,
    parameters: dict[str, Any] | None = None,
    details: Sequence[dict[str, Any]] = (),
) -> Refused:
    """The error body of the Automation API and of Management v2."""
    body: dict[str, Any] = {"httpStatus": status, "message": message}
    if code:
        body["technicalCode"] = code
    if parameters is not None:
        body["parameters"] = parameters
    return Refused(status, {**body, "details": list(details)})


def unknown_hrid(hrid: str) -> Refused:
    """Nothing has this HRID."""
    return error(404, f"HRID [{hrid}] cannot be found.", "hrid.notFound", parameters={})


def unknown_id(kind: str, identifier: str) -> Refused:
    """Nothing of a kind (`Api`, `Plan`, `Application`…) has this id."""
    word = kind.lower()
    return error(
        404, f"{kind} [{identifier}] cannot be found.", f"{word}.notFound", parameters={word: identifier}
    )


def invalid(message: str) -> Refused:
    """A business rule is broken."""
    return error(400, message, "invalid", parameters={})


def refused_import(severe: Sequence[str]) -> Refused:
    """A real write meets what a dry run lists as severe."""
    return invalid(f"Unable to import because of errors [{', '.join(severe)}]")


def violations(found: Sequence[tuple[str, str]]) -> Refused:
    """Fields break the schema; `found` holds (location, message)."""
    details = [
        {"message": message, "invalidValue": {"present": True}, "location": location}
        for location, message in found
    ]
    return error(400, "Validation error", parameters={}, details=details)


def unexpected_value(location: str, value: str) -> Refused:
    """An enumeration does not have this value."""
    message = f"Unexpected value '{value}'"
    return error(
        400, message, "invalidValue", parameters={}, details=[{"message": message, "location": location}]
    )


def unexpected(message: str) -> Refused:
    """What the real server did not foresee: a 500 with the Java exception's text."""
    return error(500, message, "unexpected")


FORBIDDEN = "You do not have sufficient rights to access this resource"


def forbidden() -> Refused:
    """The user may not do that."""
    return error(403, FORBIDDEN, "forbidden")


def unknown_environment() -> Refused:
    """The organization or the environment does not exist: 400, and not 404."""
    return Refused(400, {"httpStatus": 400, "message": "Invalid organization or environment"})
