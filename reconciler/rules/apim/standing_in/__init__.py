"""What an operator leaves on a cluster: the pure half of standing in for GKO (ENGINE §8, DOMAIN §2 and §10).

Others read these marks: `kubectl wait`, Argo CD's health checks, GKO itself when it takes over again. So
names and shapes are GKO's; where GKO leaks, parks or redeploys for nothing, ours does the right thing.
"""
