"""The command lines of the servers, and why each flag is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def etcd_command(binary: Path, data: Path, client_url: str, peer_url: str) -> list[str]:
    """Return the command line of a one-member etcd.

    Args:
        binary: the program.
        data: an empty folder, or one that does not exist.
        client_url: where the API server reaches it.
        peer_url: where other members would; there are none, but it wants to listen.
    """
    return [
        str(binary),
        f"--data-dir={data}",
        f"--listen-client-urls={client_url}",
        f"--advertise-client-urls={client_url}",
        f"--listen-peer-urls={peer_url}",
        f"--initial-advertise-peer-urls={peer_url}",
        f"--initial-cluster=default={peer_url}",
        # The only member elects itself after one election timeout: 0.3 s sooner than by default.
        "--heartbeat-interval=20",
        "--election-timeout=200",
        # A test's data need not survive a power cut.
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver_command(
    binary: Path, folder: Path, port: int, etcd_url: str, flags: Sequence[str]
) -> list[str]:
    """Return the command line of a kube-apiserver.

    Args:
        binary: the program.
        folder: holds server.crt, server.key, ca.crt, service-accounts.key and tokens.csv.
        port: where it listens on 127.0.0.1.
        etcd_url: the etcd it keeps its data in.
        flags: further flags.
    """
    return [
        str(binary),
        f"--etcd-servers={etcd_url}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder}",
        f"--tls-cert-file={folder / 'server.crt'}",
        f"--tls-private-key-file={folder / 'server.key'}",
        f"--client-ca-file={folder / 'ca.crt'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'service-accounts.key'}",
        f"--service-account-signing-key-file={folder / 'service-accounts.key'}",
        "--service-cluster-ip-range=10.0.0.0/24",
        # Nothing reaches the API server through the service `kubernetes`.
        "--endpoint-reconciler-type=none",
        # It holds up pods until a controller, which does not run, has made service accounts. Everything else
        # stays as in a released server, webhooks and admission policies included.
        "--disable-admission-plugins=ServiceAccount",
        *flags,
    ]


def controllers_command(
    binary: Path, folder: Path, kubeconfig: Path, port: int, controllers: Sequence[str]
) -> list[str]:
    """Return the command line of a kube-controller-manager that runs only some controllers.

    Args:
        binary: the program.
        folder: where it puts the certificate that it makes for itself.
        kubeconfig: how it reaches the API server.
        port: where it answers health checks on 127.0.0.1.
        controllers: the names of the controllers.
    """
    return [
        str(binary),
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(controllers)}",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder}",
    ]
