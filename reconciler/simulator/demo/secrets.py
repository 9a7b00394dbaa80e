"""The Secrets that the demo's manifests take values from; on a real platform they come from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from reconciler.simulator.demo.manifests import Spec

_INVENTED: dict[tuple[str, str], dict[str, str]] = {
    ("platform", "login"): {"client-secret": "k3-Lantern-Otter-58"},
    ("platform", "redis"): {"password": "warm-Cache-2291"},
    ("payments", "acquirer"): {"key": "acq_7f21c0d94be8"},
    ("payments", "kafka"): {
        "jaas": "org.apache.kafka.common.security.plain.PlainLoginModule required "
        'username="payment-events" password="tide-Marble-17";'
    },
    ("logistics", "customs"): {"pin": "406118"},
    ("marketing", "northern-lights"): {"api-key": "3d1f8b0e5c7a49d2b6e8f4a1c9d07352"},
    ("data", "models"): {"key": "sk-inside-5b1e77"},
    ("partners", "edi"): {"sftp": "Edi-Harbour-0925"},
}
"""(namespace, name) → its values, all invented."""


def secrets(token: str) -> Iterator[Spec]:
    """Every Secret of a cluster.

    Args:
        token: the personal access token with which GKO logs in at APIM.
    """
    yield _secret("platform", "apim-credentials", {"bearerToken": token})
    yield _secret("payments", "tills-tls", {"tls.crt": _certificate("tills.stores.example.org")})
    for (namespace, name), values in _INVENTED.items():
        yield _secret(namespace, name, values)


def _secret(namespace: str, name: str, values: dict[str, str]) -> Spec:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": {"owner": "vault"}},
        "type": "Opaque",
        "data": data,
    }


def _certificate(subject: str) -> str:
    """Something in the shape of a certificate; nobody here looks into it."""
    text = base64.b64encode(f"a certificate of the demo for {subject}, good for nothing".encode()).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n"
