"""Which servers the environment's proxy is not for: the rules of Go's programs, kubectl's among them."""

from __future__ import annotations

import pytest

from reconciler.cluster.proxies import bypassed


@pytest.mark.parametrize(
    ("server", "no_proxy", "expected"),
    [
        ("https://localhost:6443", "", True),
        ("https://127.0.0.5", "", True),
        ("https://[::1]:6443", "", True),
        ("https://k8s.example.org", "", False),
        ("https://k8s.example.org", "*", True),
        ("https://k8s.example.org", "other.org, example.org", True),
        ("https://k8s.example.org", ".example.org", True),
        ("https://example.org", ".example.org", True),
        ("https://badexample.org", "example.org", False),
        ("https://K8S.Example.org", "k8s.example.ORG", True),
        ("https://k8s.example.org:6443", "k8s.example.org:6443", True),
        ("https://k8s.example.org:6443", "k8s.example.org:443", False),
        ("https://10.1.2.3:6443", "10.0.0.0/8", True),
        ("https://10.1.2.3:6443", "10.1.2.4", False),
        ("https://[fd00::7]", "fd00::/16", True),
    ],
)
def test_no_proxy(server: str, no_proxy: str, expected: bool) -> None:
    assert bypassed(server, no_proxy) is expected
