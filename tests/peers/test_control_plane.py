"""The real control plane itself: it starts, answers, keeps people apart, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import yaml

from tests.peers.control_plane import KubeControlPlane
from tests.peers.fixtures import OwnCluster, RealClusters
from tests.peers.kubeconfig import write_kubeconfig
from tests.peers.processes import ServerFailed, wait_until_gone
from tests.peers.recipes import RECIPES

pytestmark = pytest.mark.peers

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_NAMESPACES = "/api/v1/namespaces"


def test_it_is_the_real_server_in_the_version_that_go_mod_names(real_cluster: KubeControlPlane) -> None:
    answer = real_cluster.client().get("/version").json()

    version = RECIPES["kube-apiserver"].version()
    assert answer["gitVersion"] == version
    assert version.startswith(f"v{answer['emulationMajor']}.{answer['emulationMinor']}.")


def test_admin_may_list_crds_and_the_namespace_default_is_there(real_cluster: KubeControlPlane) -> None:
    assert real_cluster.client().get(_CRDS).status_code == 200
    assert real_cluster.client().get(f"{_NAMESPACES}/default").status_code == 200


def test_nobody_is_known_but_may_do_nothing(real_cluster: KubeControlPlane) -> None:
    answer = real_cluster.client("nobody").get(_CRDS)

    assert answer.status_code == 403
    assert 'User "nobody" cannot list' in answer.json()["message"]


def test_a_wrong_token_is_not_known(real_cluster: KubeControlPlane) -> None:
    answer = real_cluster.client().get(_CRDS, headers={"Authorization": "Bearer wrong"})

    assert answer.status_code == 401


def test_viewer_may_read_and_not_write(real_cluster: KubeControlPlane) -> None:
    viewer = real_cluster.client("viewer")

    assert viewer.get(_CRDS).status_code == 200
    assert viewer.post(_NAMESPACES, json={"metadata": {"name": "viewers-own"}}).status_code == 403


def test_limited_may_do_what_it_was_granted_where_it_was_granted(
    real_cluster: KubeControlPlane, real_namespace: str
) -> None:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}]

    real_cluster.grant("limited", rules, namespace=real_namespace)

    limited = real_cluster.client("limited")
    assert _eventually(lambda: limited.get(f"{_NAMESPACES}/{real_namespace}/configmaps").status_code == 200)
    assert limited.get(f"{_NAMESPACES}/default/configmaps").status_code == 403


def test_a_client_certificate_names_the_user_as_its_token_does(real_cluster: KubeControlPlane) -> None:
    pair = real_cluster.client_certificate("viewer")
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}

    with _client_with_certificate(real_cluster, pair.certificate, pair.key) as client:
        answer = client.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json=review)

    user = answer.json()["status"]["userInfo"]
    assert user["username"] == "viewer"
    assert "gko-tui:viewers" in user["groups"]


def test_the_crds_of_gravitee_come_into_service(
    gravitee_cluster: KubeControlPlane, gravitee_crds: Path
) -> None:
    # given that the fixture applied them, applying them again only waits for what is there already
    served = gravitee_cluster.apply_crds([gravitee_crds])

    assert len(served) == len(list(gravitee_crds.glob("*.yaml")))
    assert {resource.group for resource in served} == {"gravitee.io"}
    for resource in served:
        # Other tests of the session may have put objects there.
        assert gravitee_cluster.client().get(resource.list_path).json()["kind"].endswith("List")


def test_a_kubeconfig_holds_all_that_is_needed(real_cluster: KubeControlPlane, tmp_path: Path) -> None:
    path = real_cluster.kubeconfig(tmp_path / "kubeconfig", user="viewer", context="prod", namespace="team-a")

    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content["current-context"] == "prod"
    assert content["contexts"][0]["context"]["namespace"] == "team-a"
    assert content["clusters"][0]["cluster"]["server"] == real_cluster.url
    assert content["users"][0]["user"] == {"token": real_cluster.token_for("viewer")}
    assert path.stat().st_mode & 0o077 == 0
    assert yaml.safe_load(real_cluster.kubeconfig(context="prod"))["current-context"] == "prod"


@pytest.mark.parametrize("credential", ["token", "certificate"])
def test_kubectl_gets_in_with_the_kubeconfig(
    real_cluster: KubeControlPlane, tmp_path: Path, peer: Callable[[str], Path], credential: str
) -> None:
    kubectl = peer("kubectl")
    path = real_cluster.kubeconfig(
        tmp_path / "kubeconfig", credential="token" if credential == "token" else "certificate"
    )

    command = [
        str(kubectl),
        f"--kubeconfig={path}",
        f"--cache-dir={tmp_path}",
        "get",
        "namespaces",
        "-o",
        "name",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "namespace/default" in done.stdout.splitlines()


def test_two_clusters_run_beside_each_other(real_clusters: RealClusters, tmp_path: Path) -> None:
    first, second = real_clusters(2)

    first.create_namespace("only-in-the-first")

    assert first.client().get(f"{_NAMESPACES}/only-in-the-first").status_code == 200
    assert second.client().get(f"{_NAMESPACES}/only-in-the-first").status_code == 404
    assert second.client().get(_CRDS, headers=_bearer(first.admin_token)).status_code == 401
    path = write_kubeconfig(tmp_path / "kubeconfig", [first.context(), second.context()])
    contexts = yaml.safe_load(path.read_text(encoding="utf-8"))["contexts"]
    assert [context["name"] for context in contexts] == [first.name, second.name]


@pytest.mark.slow
def test_a_restart_keeps_the_address_and_the_data_and_reads_new_users(own_cluster: OwnCluster) -> None:
    cluster = own_cluster(users={"carol": ["team-a"]})
    assert cluster.client("carol").get(_CRDS).status_code == 403
    cluster.create_namespace("kept")
    url = cluster.url
    cluster.add_user("dave")

    cluster.restart_apiserver(crash=True)

    assert cluster.url == url
    assert cluster.client().get(f"{_NAMESPACES}/kept").status_code == 200
    assert cluster.client("dave").get(_CRDS).status_code == 403


@pytest.mark.slow
def test_a_server_that_is_down_refuses_and_one_that_is_frozen_is_silent(own_cluster: OwnCluster) -> None:
    cluster = own_cluster()
    client = cluster.client()

    with cluster.frozen(), pytest.raises(httpx.ReadTimeout):
        client.get(_NAMESPACES, timeout=0.3)
    assert client.get(_NAMESPACES).status_code == 200

    cluster.stop_apiserver()
    with pytest.raises(httpx.ConnectError):
        client.get(_NAMESPACES)
    cluster.start_apiserver()
    assert client.get(_NAMESPACES).status_code == 200


@pytest.mark.slow
def test_with_controllers_a_deleted_namespace_goes_away(
    own_cluster: OwnCluster, peer: Callable[[str], Path]
) -> None:
    peer("kube-controller-manager")
    cluster = own_cluster()
    path = f"{_NAMESPACES}/{cluster.create_namespace('short-lived')}"
    cluster.client().delete(path).raise_for_status()
    assert cluster.client().get(path).json()["status"]["phase"] == "Terminating"

    cluster.start_controllers()

    assert _eventually(lambda: cluster.client().get(path).status_code == 404, timeout=30)


@pytest.mark.slow
def test_stop_leaves_no_process_and_no_folder(peer: Callable[[str], Path]) -> None:
    peer("etcd"), peer("kube-apiserver")
    with KubeControlPlane("stopped") as cluster:
        pids = [*cluster.server_pids.values(), *cluster.keeper_pids.values()]
        folder = cluster.folder
        assert len(pids) == 4

    assert wait_until_gone(pids, timeout=0) == []
    assert not folder.exists()
    assert cluster.server_pids == {}


@pytest.mark.slow
def test_a_start_that_fails_says_why_and_leaves_no_process(own_cluster: OwnCluster, tmp_path: Path) -> None:
    folder = tmp_path / "broken"

    with pytest.raises(ServerFailed, match="unknown flag: --no-such-flag"):
        own_cluster("broken", folder=folder, apiserver_flags=["--no-such-flag"])

    assert _processes_that_mention(folder) == []


@pytest.mark.slow
def test_servers_end_with_the_process_that_started_them_however_it_ends(
    real_cluster: KubeControlPlane, tmp_path: Path
) -> None:
    # given a process of its own that starts a cluster and then hangs
    program = (
        "import sys, time, pathlib\n"
        "from tests.peers.control_plane import KubeControlPlane\n"
        "cluster = KubeControlPlane(folder=pathlib.Path(sys.argv[1])).start()\n"
        "print(*cluster.server_pids.values(), *cluster.keeper_pids.values(), flush=True)\n"
        "time.sleep(600)\n"
    )
    repository = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", program, str(tmp_path / "orphaned")]
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pids = [int(word) for word in starter.stdout.readline().split()]

        # when it is killed in the one way that no handler sees
        os.kill(starter.pid, signal.SIGKILL)

    # then its servers and their keepers end, and other clusters go on
    assert len(pids) == 4
    assert wait_until_gone(pids, timeout=15) == []
    assert list((tmp_path / "orphaned").glob("etcd-*")) == []
    assert real_cluster.client().get(_NAMESPACES).status_code == 200


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a parent's death is signalled on Linux only")
def test_a_server_ends_with_its_keeper(own_cluster: OwnCluster) -> None:
    cluster = own_cluster()

    os.kill(cluster.keeper_pids["kube-apiserver"], signal.SIGKILL)

    assert wait_until_gone([cluster.server_pids["kube-apiserver"]]) == []


def _eventually(condition: Callable[[], bool], timeout: float = 5.0) -> bool:
    """RBAC and controllers act on what they watch, a moment after it was written."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _client_with_certificate(cluster: KubeControlPlane, certificate: Path, key: Path) -> httpx.Client:
    import ssl

    tls = ssl.create_default_context(cafile=str(cluster.ca_file))
    tls.load_cert_chain(certificate, key)
    return httpx.Client(base_url=cluster.url, verify=tls, trust_env=False)


def _processes_that_mention(folder: Path) -> list[list[str]]:
    import psutil

    return [
        process.info["cmdline"]
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in word for word in process.info["cmdline"] or ())
    ]
