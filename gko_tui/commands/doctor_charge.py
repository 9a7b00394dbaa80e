"""The doctor's look at who writes to control planes, where that may be gko-reconciler (ENGINE §8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gko_tui.commands.checks import MISSING, OK, Check, failed

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.settings.model import Cluster

_WHAT = "operator"


async def check_charge(client: KubeClient, spec: Cluster) -> list[Check]:
    """Who is in charge of what, and what speaks against taking over; nothing where GKO is to be in charge."""
    if spec.operator == "gko":
        return []
    from reconciler.engine.charge.deciding import operators_of
    from reconciler.engine.charge.looking import survey
    from reconciler.engine.charge.obstacles import obstacles
    from reconciler.engine.charge.operators import LEASE, charge_of
    from reconciler.model.errors import GkoError

    try:
        instances = await operators_of(client, spec)
    except GkoError as error:
        return [failed("cluster", spec.name, _WHAT, error)]
    if not instances:
        detail = f"there is no lease {LEASE}, so nothing says where it belongs"
        return [Check("cluster", spec.name, _WHAT, MISSING, detail, "set state_namespace of this cluster")]
    surveyed = await survey(client)
    checks = []
    for one in instances:
        charge = charge_of(min(one.scope, default="default"), [one])
        scope = ", ".join(sorted(one.scope)) or "every namespace"
        detail = f"{charge.who.value} is in charge of {scope}: {charge.why}"
        checks.append(Check("cluster", spec.name, _WHAT, OK, detail))
        for against in obstacles(surveyed, one.scope):
            checks.append(
                Check("cluster", spec.name, "taking over", MISSING, against.what, against.next_step)
            )
    return checks
