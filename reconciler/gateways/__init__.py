"""Gateways: what every pod of every data plane says it runs, and what that means beside the control plane."""
