"""The demo's own world: CRDs, teams and their manifests, a history in Git, clusters, incidents to find."""
