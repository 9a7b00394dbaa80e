"""The two hops beyond the cluster: what a control plane holds of a resource, and what its gateways run.

`Downstream` is what the engine uses. The parts: `clients` and `material` read what references need from
clusters, `targets` finds the control planes, `meanings` says which object in which control plane a resource
means, `held` and `running` keep what was read, `control_plane_cells` and `gateway_cells` judge it.
"""
