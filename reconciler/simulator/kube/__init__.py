"""A Kubernetes API server in memory, for the demo and for tests: real protocol, no cluster.

`SimCluster` holds the objects and is filled from Python; `SimKubeServer` serves it over HTTP. What it
answers is held against a real kube-apiserver by one contract suite (tests/contract). It deliberately
shares no code with the engine that it helps to test.

Left out, and never pretended: rules in CEL (`SimCluster.unevaluated_rules` names them), admission webhooks,
conversion between versions, controllers (a deleted namespace stays `Terminating`, owners' deletions do not
cascade), protobuf.
"""

from reconciler.simulator.kube.access import READ_ALL, Rule
from reconciler.simulator.kube.answers import Refusal
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.kube.faults import Faults
from reconciler.simulator.kube.server import SimKubeServer

__all__ = ["READ_ALL", "Faults", "Refusal", "Rule", "SimCluster", "SimKubeServer"]
