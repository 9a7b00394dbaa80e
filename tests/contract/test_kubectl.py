"""kubectl, as people use it, against both servers: what it prints and whose name it leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.simulator.kube.access import MASTERS, User
from tests.contract.conftest import REAL, SIMULATED, ServedCluster, serve
from tests.contract.widgets import API_VERSION, definition, widget
from tests.peers.fixtures import require_peer

pytestmark = pytest.mark.peers

Kubectl = Callable[..., str]


@pytest.fixture(scope="module", params=[SIMULATED, REAL])
def kubeconfig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a kubeconfig for each of the two servers in turn."""
    path = tmp_path_factory.mktemp("kubectl") / "config"
    if request.param == REAL:
        plane = request.getfixturevalue("real_cluster")
        serve(plane.client(), definition())
        yield plane.kubeconfig(path)
        return
    with ServedCluster() as served:
        # kubectl sends no token over plain HTTP.
        served.cluster.tokens.anonymous = User("dev", (MASTERS,))
        served.cluster.add_crd(definition())
        parts = served.server.kubeconfig_entry()
        lists = {f"{part}s": [parts[part]] for part in ("cluster", "user", "context")}
        name = parts["context"]["name"]
        config = {"apiVersion": "v1", "kind": "Config", "current-context": name, **lists}
        path.write_text(json.dumps(config), encoding="utf-8")
        yield path


@pytest.fixture
def kubectl(kubeconfig: Path, tmp_path: Path) -> Kubectl:
    """Give `kubectl(*arguments, stdin="", editor="")`, which returns what it printed."""

    binary = require_peer("kubectl")

    def run(*arguments: str, stdin: str = "", editor: str = "", code: int = 0) -> str:
        done = subprocess.run(
            [str(binary), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path), "KUBE_EDITOR": editor},
        )
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr

    return run


@pytest.fixture
def space(kubectl: Kubectl) -> str:
    """Give a namespace, made by kubectl."""
    name = f"kubectl-{uuid.uuid4().hex[:8]}"
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    assert kubectl("apply", "-f", "-", stdin=json.dumps(manifest)) == f"namespace/{name} created\n"
    return name


def managers(kubectl: Kubectl, space: str) -> list[str]:
    path = "jsonpath={.metadata.managedFields[*].manager}"
    return kubectl("get", "widget", "one", "-n", space, "-o", path).split()


def test_kubectl_applies_on_the_server(kubectl: Kubectl, space: str) -> None:
    text = json.dumps(widget("one", {"colour": "red", "plans": {"p": {"name": "P"}}}))
    printed = kubectl("apply", "--server-side", "-n", space, "-f", "-", stdin=text)
    assert printed == "widget.contract.example.dev/one serverside-applied\n"
    kubectl("patch", "wi", "one", "-n", space, "--type=merge", "-p", '{"spec":{"colour":"blue"}}')
    refused = kubectl("apply", "--server-side", "-n", space, "-f", "-", stdin=text, code=1)
    assert 'conflict with "kubectl-patch" using contract.example.dev/v1: .spec.colour' in refused
    kubectl("apply", "--server-side", "--force-conflicts", "-n", space, "-f", "-", stdin=text)
    colour = kubectl("get", "wi", "one", "-n", space, "-o", "jsonpath={.spec.colour}")
    assert (colour, managers(kubectl, space)) == ("red", ["kubectl"])


def test_kubectl_applies_on_its_own_side(kubectl: Kubectl, space: str) -> None:
    text = json.dumps(widget("one", {"colour": "red", "size": 4}))
    first = kubectl("apply", "-n", space, "-f", "-", stdin=text)
    again = kubectl("apply", "-n", space, "-f", "-", stdin=text)
    changed = kubectl("apply", "-n", space, "-f", "-", stdin=text.replace("4", "5"))
    printed = [line.rpartition(" ")[2].strip() for line in (first, again, changed)]
    assert printed == ["created", "unchanged", "configured"]
    assert managers(kubectl, space) == ["kubectl-client-side-apply"]


def test_kubectl_edits_and_patches_under_its_own_names(kubectl: Kubectl, space: str) -> None:
    kubectl("apply", "--server-side", "-n", space, "-f", "-", stdin=json.dumps(widget("one")))
    edited = kubectl("edit", "widget", "one", "-n", space, editor="sed -i s/red/blue/")
    assert edited == "widget.contract.example.dev/one edited\n"
    kubectl("patch", "widget", "one", "-n", space, "--type=merge", "-p", '{"spec":{"size":7}}')
    step = '[{"op":"replace","path":"/spec/on","value":false}]'
    kubectl("patch", "widget", "one", "-n", space, "--type=json", "-p", step)
    kubectl("label", "widget", "one", "-n", space, "seen=yes")
    spec = json.loads(kubectl("get", "widget", "one", "-n", space, "-o", "json"))["spec"]
    assert spec == {"colour": "blue", "size": 7, "on": False}
    assert set(managers(kubectl, space)) == {"kubectl-edit", "kubectl-patch", "kubectl-label"}


def test_kubectl_is_told_of_unknown_fields(kubectl: Kubectl, space: str) -> None:
    text = json.dumps(widget("one", {"colour": "red", "ghost": 1}))
    assert 'unknown field "spec.ghost"' in kubectl("apply", "-n", space, "-f", "-", stdin=text, code=1)


def test_kubectl_shows_differences(kubectl: Kubectl, space: str) -> None:
    kubectl("apply", "--server-side", "-n", space, "-f", "-", stdin=json.dumps(widget("one")))
    text = json.dumps(widget("one", {"colour": "blue"}))
    kubectl("diff", "--server-side", "-n", space, "-f", "-", stdin=text, code=1)
    kubectl("diff", "--server-side", "-n", space, "-f", "-", stdin=json.dumps(widget("one")))


def test_kubectl_lists_explains_and_deletes(kubectl: Kubectl, space: str) -> None:
    for name in ("one", "two"):
        kubectl("apply", "-n", space, "-f", "-", stdin=json.dumps(widget(name)))
    lines = kubectl("get", "widgets", "-n", space).splitlines()
    assert [line.split()[0] for line in lines] == ["NAME", "one", "two"]
    assert kubectl("get", "wi", "-A", "-o", "name").count("widget.contract.example.dev/") >= 2
    assert API_VERSION in kubectl("api-resources")
    assert "size <integer>" in kubectl("explain", "widget.spec.size")
    deleted = kubectl("delete", "widget", "one", "-n", space)
    assert deleted.startswith('widget.contract.example.dev "one" deleted')
    assert "NotFound" in kubectl("get", "widget", "one", "-n", space, code=1)


def test_kubectl_changes_secrets(kubectl: Kubectl, space: str) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}}
    kubectl("apply", "-n", space, "-f", "-", stdin=json.dumps(secret))
    kubectl("patch", "secret", "s", "-n", space, "-p", '{"stringData":{"c":"d"}}')
    data = json.loads(kubectl("get", "secret", "s", "-n", space, "-o", "json"))["data"]
    assert data == {"a": "Yg==", "c": "ZA=="}
