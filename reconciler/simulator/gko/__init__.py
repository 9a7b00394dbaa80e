"""A stand-in for the Gravitee Kubernetes Operator (GKO) on a simulated cluster, for the demo and for tests.

`Operator` translates the custom resources of one `SimCluster` and sends them to simulated control planes in
this process; it writes finalizers, annotations, status and events as GKO 4.12 does. `Controllers` let it
follow the cluster. Its translation is its own: nothing here is shared with the rules of the engine, which it
helps to test, except the formulas of identity. It is held against recordings of the real operator
(tests/fidelity/test_gko.py).

Left out: Ingress and Gateway API routes, admission, portals and what hangs on them, resources that keep their
UUID (made before 4.12).
"""

from reconciler.simulator.gko.operator import Operator
from reconciler.simulator.gko.watching import Controllers

__all__ = ["Controllers", "Operator"]
