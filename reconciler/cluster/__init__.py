"""Kubernetes: how to get in, which kinds are served, their objects listed and watched.

Light on import: httpx, YAML and the `kubernetes` package are loaded when a cluster is opened, not before.
"""
