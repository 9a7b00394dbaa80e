"""From what a control plane answered to the failure that status and events tell, in GKO's classes.

GKO parks what was answered with 400 or 401 and tries again whatever else went wrong (DOMAIN §2.7).
"""

from __future__ import annotations

from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.outcomes import ArrivedOrNot, Done, Message, Outcome, Refused
from reconciler.rules.apim.references import Resource, name_of
from reconciler.rules.apim.standing_in.marks import secret_of_context
from reconciler.rules.apim.standing_in.told import Failure, FailureClass, refused, unanswered

_BY_REASON = {"unauthorized": 401, "forbidden": 403, "environment": 400}


def failure_of_outcome(method: str, url: str, outcome: Outcome, context: Resource) -> Failure | None:
    """Why a write failed; None where it was done.

    Args:
        method: of the request.
        url: of the request, without credentials.
        outcome: what came of it.
        context: the ManagementContext that it went through; a change of it makes another attempt worth while.
    """
    if isinstance(outcome, Done):
        return None
    texts = [str(message) for message in outcome.messages]
    if isinstance(outcome, Refused):
        if outcome.reason == "credentials":
            return _no_credentials(outcome.messages, context)
        if outcome.reason == "configuration":
            return Failure(FailureClass.ILLEGAL, "; ".join(texts), _inputs(context))
    if outcome.status is None:
        why = "; ".join(texts)
        if isinstance(outcome, ArrivedOrNot):
            why += " (it may have arrived: it is read before anything else is sent)"
        return unanswered(method, url, why)
    return _with_inputs(refused(method, url, outcome.status, texts), context)


def failure_of_error(method: str, url: str, error: ControlPlaneError, context: Resource) -> Failure:
    """Why a read failed that had to come first.

    Args:
        method: of the request that the read was for.
        url: of that request.
        error: what went wrong.
        context: the ManagementContext that it went through.
    """
    if error.reason == "credentials":
        return _no_credentials((Message(error.what),), context)
    if error.reason == "configuration":
        return Failure(FailureClass.ILLEGAL, error.sentence(), _inputs(context))
    status = error.status or _BY_REASON.get(error.reason)
    if status is None:
        return unanswered(method, url, error.what)
    if error.reason == "not-served":
        return Failure(FailureClass.REFUSED, error.sentence(), _inputs(context), status)
    return _with_inputs(refused(method, url, status, (error.what,)), context)


def _no_credentials(messages: tuple[Message, ...], context: Resource) -> Failure:
    return Failure(FailureClass.REFERENCE, "; ".join(map(str, messages)), _inputs(context))


def _with_inputs(failure: Failure, context: Resource) -> Failure:
    """A refusal of credentials or of a place ends when the context or its Secret changes."""
    return Failure(failure.cause, failure.message, _inputs(context), failure.status)


def _inputs(context: Resource) -> tuple[str, ...]:
    namespace, name = name_of(context)
    source = secret_of_context(context)
    own = f"ManagementContext/{namespace}/{name}"
    return (own, str(source)) if source is not None else (own,)
