"""From the answer to a write to its outcome: what is refused for good, what is tried again, what is unknown.

Forms of answers: DOMAIN §4.2 and §9 (traps 4, 9, 10). APIM's messages are kept whole, made printable, without
the values that were sent from Secrets and without the value that a violation quotes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from reconciler.control_plane.failures import CHECK_URL, status_failure
from reconciler.control_plane.outcomes import ArrivedOrNot, Done, Message, Outcome, Refused, Retry
from reconciler.control_plane.sending import Answer, NotSent, Unanswered
from reconciler.rules.text import printable

NEEDS_SOMEBODY_S = 15.0
"""At least so long until the next try, where only somebody's doing can help."""
HIDDEN = "‹hidden›"
_MOST_MESSAGES = 1000
_LONGEST = 16 * 1024
_FOR_GOOD = frozenset({"credentials", "configuration"})
_CORRECT = "correct the resource; it is sent again when it changes"
_RIGHTS = "give this user the right to write it in APIM (its permissions on ENVIRONMENT_* and API_*)"


def outcome_of_put(told: Answer | NotSent | Unanswered, path: str, name: str, hide: Iterable[str]) -> Outcome:
    """Say how a PUT ended.

    Args:
        told: what came of it.
        path: what was asked, below the server's URL.
        name: the control plane's.
        hide: texts that no message may show.
    """
    if not isinstance(told, Answer):
        return _unanswered(told)
    if 200 <= told.status < 300:
        body = _json(told.content)
        if not isinstance(body, dict):
            what = Message(f"answered {told.status} with something that is no state")
            return ArrivedOrNot("protocol", (what,), told.status)
        severe, warnings = _errors(body, tuple(hide))
        return Done(body, severe, warnings)
    return _failed(told, path, name, tuple(hide))


def outcome_of_check(
    told: Answer | NotSent | Unanswered, path: str, name: str, hide: Iterable[str]
) -> Done | Refused | Retry:
    """Say how a dry run ended: severe errors are a refusal, and nothing can have been changed."""
    outcome = outcome_of_put(told, path, name, hide)
    if isinstance(outcome, ArrivedOrNot):
        return Retry(outcome.reason, outcome.messages, status=outcome.status)
    if isinstance(outcome, Done) and outcome.severe:
        return Refused("invalid", outcome.severe, outcome.warnings, _CORRECT, 200)
    return outcome


def outcome_of_delete(told: Answer | NotSent | Unanswered, path: str, name: str) -> Outcome:
    """Say how a DELETE ended. That there is nothing to delete is as good; an unknown path is not."""
    if not isinstance(told, Answer):
        return _unanswered(told)
    if told.status == 204:
        return Done()
    if 200 <= told.status < 300:
        return ArrivedOrNot("protocol", (Message(f"answered a delete with {told.status}"),), told.status)
    body = _json(told.content)
    if told.status == 404 and isinstance(body, dict) and body.get("technicalCode"):
        return Done(absent_before=True)
    return _failed(told, path, name, ())


# -----------------------------------------------------------------------------------------------


def _unanswered(told: NotSent | Unanswered) -> Outcome:
    error = told.error
    messages = (Message(error.what),)
    if isinstance(told, Unanswered):
        return ArrivedOrNot(error.reason, messages, error.status)
    if error.reason in _FOR_GOOD:
        return Refused(error.reason, messages, next_step=error.next_step)
    after = NEEDS_SOMEBODY_S if error.reason == "tls" else 0.0
    return Retry(
        error.reason, messages, after=max(after, error.retry_after or 0.0), next_step=error.next_step
    )


def _failed(told: Answer, path: str, name: str, hide: tuple[str, ...]) -> Outcome:  # noqa: PLR0911 - a table
    status = told.status
    error = status_failure(
        name,
        path,
        status,
        told.content,
        told.headers.get("content-type", "").lower(),
        location=told.headers.get("location", ""),
        retry_after=told.retry_after,
    )
    messages = _messages(told, hide) or (Message(error.what),)
    if status == 401:
        return Refused("unauthorized", (Message(error.what),), next_step=error.next_step, status=status)
    if status == 403:
        return Refused("forbidden", messages, next_step=_RIGHTS, status=status)
    if error.reason == "environment":
        return Refused("environment", messages, next_step=error.next_step, status=status)
    if 300 <= status < 400 or error.reason == "html":
        return Retry(error.reason, messages, after=NEEDS_SOMEBODY_S, next_step=error.next_step, status=status)
    if status == 404 and error.code:
        return Retry("reference", messages, next_step="what it refers to must be there first", status=status)
    if status in (404, 405, 501):
        return _unserved(path, status)
    if status in (408, 409, 425):
        return Retry("conflict", messages, read_first=True, status=status)
    if status in (429, 503):
        return Retry(
            "busy", messages, after=told.retry_after or 0.0, next_step=error.next_step, status=status
        )
    if status in (502, 504):
        return ArrivedOrNot("server", messages, status)  # what a proxy says that lost sight of it
    if status >= 500:
        return Retry("server", messages, read_first=True, next_step="look at APIM's log", status=status)
    return Refused("invalid", messages, next_step=_CORRECT, status=status)


def _unserved(path: str, status: int) -> Refused:
    kind = "Automation API" if "/automation/" in path else "Management API"
    what = Message(f"this server's {kind} does not serve {printable(path)} ({status})")
    newer = "upgrade APIM to 4.12 or later, or switch the API on (http.api.automation.enabled)"
    return Refused("not-served", (what,), next_step=f"{newer}; {CHECK_URL}", status=status)


def _messages(told: Answer, hide: tuple[str, ...]) -> tuple[Message, ...]:
    """Everything that a refusal says, with the fields that it is about; never the values that it quotes."""
    body = _json(told.content)
    if not isinstance(body, dict):
        plain = "text/plain" in told.headers.get("content-type", "").lower()
        text = _clean(told.content.decode("utf-8", "replace"), hide) if plain else ""
        return (Message(text),) if text else ()
    details = body.get("details")
    found = [
        Message(_clean(detail["message"], hide), _clean(detail.get("location") or "", hide))
        for detail in (details if isinstance(details, list) else [])
        if isinstance(detail, dict) and isinstance(detail.get("message"), str)
    ]
    head = body.get("message")
    if isinstance(head, str) and head and not any(message.text == _clean(head, hide) for message in found):
        found.insert(0, Message(_clean(head, hide)))
    return _bounded(found)


def _errors(
    body: Mapping[str, Any], hide: tuple[str, ...]
) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """The severe errors and the warnings of an answer, whole."""
    errors = body.get("errors")
    told: Mapping[str, Any] = errors if isinstance(errors, dict) else {}

    def of(name: str) -> tuple[Message, ...]:
        texts = told.get(name)
        return _bounded(
            [Message(_clean(str(text), hide)) for text in (texts if isinstance(texts, list) else [])]
        )

    return of("severe"), of("warning")


def _bounded(found: list[Message]) -> tuple[Message, ...]:
    """All of them; of more than any server has reason to send, their number is told."""
    if len(found) <= _MOST_MESSAGES:
        return tuple(found)
    return (*found[:_MOST_MESSAGES], Message(f"and {len(found) - _MOST_MESSAGES} more"))


def _clean(text: object, hide: tuple[str, ...]) -> str:
    """Untrusted text, printable, without what must not be shown."""
    told = str(text).strip()
    for secret in hide:
        told = told.replace(secret, HIDDEN)
    told = printable(told, keep_newlines=True)
    return told if len(told) <= _LONGEST else f"{told[:_LONGEST]}… ({len(told)} characters)"


def _json(content: bytes) -> Any:
    with contextlib.suppress(orjson.JSONDecodeError):
        return orjson.loads(content)
    return None
