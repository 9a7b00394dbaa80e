"""Takes what a resource means out of its control plane, before its finalizer goes.

That it is not there is as good. Where the context or the parent is gone too, nothing is left to delete from;
a resource that was never sent anywhere has nothing to take back.
"""

from __future__ import annotations

from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.refs import automation_path
from reconciler.engine.downstream.meanings import ref_of
from reconciler.engine.standing_in.bringing import context_of
from reconciler.engine.standing_in.looking import Looking
from reconciler.engine.standing_in.planes import Planes
from reconciler.engine.standing_in.refusals import failure_of_error, failure_of_outcome
from reconciler.rules.apim.identities import Identity, identity_of
from reconciler.rules.apim.references import Problems, Resource, Unresolved, text_at
from reconciler.rules.apim.standing_in.deleting import DeletionStep, deletion_of
from reconciler.rules.apim.standing_in.local import goes_nowhere
from reconciler.rules.apim.standing_in.told import Told, deleted, failed, unresolved


async def withdraw(obj: Resource, looking: Looking, planes: Planes, *, before: float | None = None) -> Told:
    """Delete what a resource means at its control plane.

    Args:
        obj: the object, under deletion.
        looking: its lookups.
        planes: the control planes.
        before: the instant (seconds since the epoch) at which the write must be over.
    """
    kind = text_at(obj, "kind")
    deletion = deletion_of(kind)
    if DeletionStep.REMOTE not in deletion.steps or goes_nowhere(obj):
        return deleted()
    try:
        identity = await looking.until_read(lambda: _identity(obj, looking))
        context = context_of(obj, looking)
    except Unresolved as problem:
        gone = problem.problem.cause in ("missing", "no-context")
        if gone and (deletion.missing_place_is_done or problem.problem.cause == "no-context"):
            return deleted()
        return failed(unresolved(Problems((problem.problem,)), kind), deleting=True)
    url = _url(identity)
    try:
        plane = await planes.of(context)
    except ControlPlaneError as error:
        return failed(failure_of_error("DELETE", url, error, context), deleting=True)
    outcome = await plane.writer.delete(ref_of(identity), before=before)
    failure = failure_of_outcome("DELETE", url, outcome, context)
    return deleted() if failure is None else failed(failure, deleting=True)


def _identity(obj: Resource, looking: Looking) -> Identity:
    return identity_of(obj, looking)


def _url(identity: Identity) -> str:
    place, ref = identity.place, ref_of(identity)
    root = "management" if ref.by_management else "automation"
    below = f"/apis/{identity.hrid}?closePlans=true" if ref.by_management else automation_path(ref)
    return f"{place.server}/{root}/organizations/{place.organization}/environments/{place.environment}{below}"
