"""Credential plugins as EKS, GKE and AKS users have them: real programs, run through the real package."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import select
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from reconciler.cluster.client import KubeClient
from reconciler.cluster.credentials import Credential
from reconciler.cluster.exec_plugin import ExecCredentials, without_secrets
from reconciler.model.errors import ClusterError, ConfigurationError
from tests.peers.certificates import Authority
from tests.unit.cluster.fake_api import FakeApi, status

Open = Callable[..., Awaitable[KubeClient]]
Plugin = Callable[..., dict[str, Any]]
V1 = "client.authentication.k8s.io/v1"


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    """Give `plugin(script)`: an `exec` section that runs a shell script."""

    def make(script: str, **more: Any) -> dict[str, Any]:
        path = tmp_path / "login-tool"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        section = {"apiVersion": V1, "command": str(path), "interactiveMode": "Never", **more}
        return {"exec": {name: value for name, value in section.items() if value is not None}}

    return make


def prints(status: dict[str, Any], version: str = V1) -> str:
    """A script that answers with a credential."""
    answer = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    return f"cat <<'END'\n{json.dumps(answer)}\nEND"


def accepts(server: FakeApi, *tokens: str) -> None:
    async def guard(request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return web.json_response({"gitVersion": "v1"}) if token in tokens else status(401)

    server.every = guard


def environ() -> dict[str, str]:
    return {"PATH": os.environ["PATH"]}


@pytest.mark.parametrize("version", [V1, "client.authentication.k8s.io/v1beta1"])
async def test_a_plugin_is_told_of_the_cluster_and_its_token_is_kept(
    server: FakeApi, connect: Open, plugin: Plugin, tmp_path: Path, version: str
) -> None:
    script = (
        f'echo run >> {tmp_path}/runs; echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; '
        f'echo "$CLOUD_PROFILE $1 $2 $INHERITED" > {tmp_path}/called\n'
    ) + prints({"token": "cloud-token"}, version)
    user = plugin(
        script,
        apiVersion=version,
        args=["get-token", "prod cluster"],
        env=[{"name": "CLOUD_PROFILE", "value": "sre"}],
        provideClusterInfo=True,
    )
    authority = Authority(tmp_path)
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a1"}}
    cluster = {"certificate-authority": str(authority.ca_file), "extensions": [extension]}
    accepts(server, "cloud-token")
    client = await connect(server.url, user=user, cluster=cluster, environ={**environ(), "INHERITED": "yes"})
    await asyncio.gather(*(client.get("/version") for _ in range(3)))

    assert (tmp_path / "runs").read_text() == "run\n", "many requests wait for one run"
    assert (tmp_path / "called").read_text() == "sre get-token prod cluster yes\n"
    info = json.loads((tmp_path / "info").read_text())
    assert (info["apiVersion"], info["spec"]["interactive"]) == (version, False)
    told = info["spec"]["cluster"]
    assert told["server"] == server.url
    assert base64.b64decode(told["certificate-authority-data"]) == authority.ca_file.read_bytes()
    assert told["config"] == {"audience": "a1"}


async def test_a_plugin_runs_in_the_engines_own_thread_too(plugin: Plugin) -> None:
    request = {"mode": "exec", "exec": plugin(prints({"token": "x"}))["exec"], "cluster": {}}

    async def ask() -> str:
        credentials = ExecCredentials("prod", "exec plugin x", request, environ(), lambda: 0.0)
        return (await credentials.current()).authorization

    assert await asyncio.to_thread(asyncio.run, ask()) == "Bearer x"


async def test_a_refused_token_makes_the_plugin_run_once_more(
    server: FakeApi, connect: Open, plugin: Plugin, tmp_path: Path
) -> None:
    user = plugin(f"echo run >> {tmp_path}/runs\n" + prints({"token": "t0psecret"}))
    accepts(server)
    client = await connect(server.url, user=user, environ=environ())
    with pytest.raises(ClusterError) as caught:
        await client.get("/version")
    assert (tmp_path / "runs").read_text() == "run\n" * 2
    assert len(server.requests) == 2
    assert caught.value.reason == "unauthorized"
    assert "log in again with the tool behind exec plugin login-tool" in str(caught.value)
    assert "t0psecret" not in str(caught.value)


async def test_a_plugin_may_give_a_client_certificate(
    server: FakeApi, connect: Open, plugin: Plugin, tmp_path: Path
) -> None:
    pair = Authority(tmp_path).client("sre", "sre")
    pem = {
        "clientCertificateData": pair.certificate.read_text(),
        "clientKeyData": pair.key.read_text(),
    }
    given: list[Any] = []
    client = await connect(server.url, user=plugin(prints(pem)), environ=environ())
    make_pool = client._connect
    client._connect = lambda certificate: (given.append(certificate), make_pool(certificate))[1]
    await client.get("/version")
    assert given[0].certificate == pair.certificate.read_bytes()
    assert "Authorization" not in server.requests[-1].headers


# --- plugins that do not work ----------------------------------------------------------------------


async def problem(connect: Open, user: dict[str, Any], env: dict[str, str] | None = None) -> ClusterError:
    client = await connect("http://127.0.0.1:1", user=user, environ=env or environ())
    with pytest.raises(ClusterError) as caught:
        await client.get("/version")
    assert caught.value.reason == "credentials"
    return caught.value


async def test_a_missing_plugin_gives_the_kubeconfigs_own_advice(connect: Open) -> None:
    section = {
        "apiVersion": V1,
        "command": "gke-auth-tool",
        "installHint": "Install it:\n  cloud components add",
    }
    error = await problem(connect, {"exec": section}, {"PATH": "/nowhere"})
    assert "exec plugin gke-auth-tool is not on PATH" in str(error)
    assert error.next_step.startswith("Install it: ")


async def test_a_relative_command_belongs_to_the_kubeconfigs_folder(connect: Open, tmp_path: Path) -> None:
    error = await problem(connect, {"exec": {"apiVersion": V1, "command": "./bin/tool"}})
    assert "exec plugin tool does not exist or is not executable" in str(error)
    (tmp_path / "bin").mkdir()
    tool = tmp_path / "bin" / "tool"
    tool.write_text("#!/bin/sh\nexit 3\n")
    tool.chmod(0o755)
    assert "failed" in str(await problem(connect, {"exec": {"apiVersion": V1, "command": "./bin/tool"}}))


async def test_a_failing_plugin_shows_its_standard_error_without_credentials(
    connect: Open, plugin: Plugin
) -> None:
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzcmUifQ.c2lnbmF0dXJl"
    script = f"echo STDOUT-SECRET; echo 'session expired for {token}, run: tool login \033[1m' >&2; exit 1"
    error = await problem(connect, plugin(script))
    assert "failed: process returned 1. session expired for ‹hidden›, run: tool login" in str(error)
    for hidden in ("STDOUT-SECRET", "eyJ", "\033"):
        assert hidden not in str(error)


@pytest.mark.parametrize(
    "script",
    ["echo token-in-plain-text", "echo '[1]'", "echo 7", prints({"token": "x"}, "other/v9")],
    ids=["text", "a list", "a number", "another version"],
)
async def test_a_plugin_that_prints_something_else(connect: Open, plugin: Plugin, script: str) -> None:
    error = await problem(connect, plugin(script))
    assert "printed something else than an ExecCredential" in str(error)
    assert "token-in-plain-text" not in str(error)


async def test_a_plugin_that_hangs_is_left_after_its_limit(plugin: Plugin) -> None:
    request = {"mode": "exec", "exec": plugin("sleep 300")["exec"], "cluster": {}}
    credentials = ExecCredentials("prod", "exec plugin x", request, environ(), lambda: 0.0, limit_s=0.1)
    with pytest.raises(ClusterError, match=r"did not answer within 0.1 s; run it in a shell"):
        await credentials.current()


async def test_a_plugin_that_is_no_longer_waited_for_is_ended_with_its_children(
    plugin: Plugin, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "child")
    request = {
        "mode": "exec",
        "exec": plugin(f"sleep 300 & echo $! > {tmp_path}/child; wait")["exec"],
        "cluster": {},
    }
    credentials = ExecCredentials("prod", "exec plugin x", request, environ(), lambda: 0.0)
    asked = asyncio.create_task(credentials.current())
    pid = os.pidfd_open(int(await asyncio.to_thread((tmp_path / "child").read_text)))
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    ended, _, _ = await asyncio.to_thread(select.select, [pid], [], [], 10)
    os.close(pid)
    assert ended, "the plugin's child lives on"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"command": None}, "has no `command`"),
        (
            {"apiVersion": "client.authentication.k8s.io/v1alpha1"},
            "known are client.authentication.k8s.io/v1",
        ),
        ({"args": "one two"}, "`args` that are not a list of strings"),
        ({"env": [{"name": "A"}]}, "not a list of {name, value}"),
        ({"interactiveMode": "Always"}, "asks for a terminal"),
    ],
)
async def test_an_exec_section_that_cannot_work(
    connect: Open, plugin: Plugin, change: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await connect("http://127.0.0.1:1", user=plugin("true", **change))
    assert expected in str(caught.value)


async def test_an_auth_provider_that_kubernetes_no_longer_has(connect: Open) -> None:
    with pytest.raises(ConfigurationError, match="auth-provider gcp is no longer supported"):
        await connect("http://127.0.0.1:1", user={"auth-provider": {"name": "gcp", "config": {}}})


async def test_an_oidc_provider_gives_its_token(server: FakeApi, connect: Open) -> None:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    token = f"{part({'alg': 'none'})}.{part({'exp': 4102444800, 'sub': 'sre1'})}.c2ln"
    accepts(server, token)
    config = {"id-token": token, "client-id": "k", "idp-issuer-url": "https://idp.example.org"}
    user = {"auth-provider": {"name": "oidc", "config": config}}
    assert await (await connect(server.url, user=user, environ=environ())).get("/version")


# --- how long a credential is kept -----------------------------------------------------------------


class Counted(ExecCredentials):
    """Gives a numbered token that expires, without running anything."""

    runs = 0

    async def _run(self) -> Credential:
        await asyncio.sleep(0)
        self.runs += 1
        return Credential(f"Bearer {self.runs}", None, expires_at=1000.0 * self.runs)


async def test_a_token_is_renewed_shortly_before_it_expires() -> None:
    now = 0.0
    credentials = Counted("prod", "x", {"mode": "exec"}, {}, lambda: now)
    assert (await credentials.current()).authorization == "Bearer 1"
    now = 969.0
    assert (await credentials.current()).authorization == "Bearer 1"
    now = 970.0
    assert (await credentials.current()).authorization == "Bearer 2"


async def test_many_refused_requests_renew_once() -> None:
    credentials = Counted("prod", "x", {"mode": "exec"}, {}, lambda: 0.0)
    refused = await credentials.current()
    assert all(await asyncio.gather(*(credentials.refresh(refused) for _ in range(5))))
    assert credentials.runs == 2


def test_an_expiry_is_read_from_what_the_plugin_says() -> None:
    credentials = ExecCredentials("prod", "x", {"mode": "exec"}, {}, lambda: 0.0)
    given = credentials._understood({"token": "t", "expirationTimestamp": "2030-01-01T00:00:00Z"})
    assert given.expires_at == datetime(2030, 1, 1, tzinfo=UTC).timestamp()
    assert "t" not in repr(given).partition("object")[0].rpartition(".")[2].replace("Credential", "")


@pytest.mark.parametrize("given", [None, [], {"token": 7}, {"token": "a\nb"}, {"clientCertificateData": "x"}])
def test_a_status_without_credentials(given: object) -> None:
    credentials = ExecCredentials("prod", "x", {"mode": "exec"}, {}, lambda: 0.0)
    with pytest.raises(ClusterError, match="neither a token nor a certificate"):
        credentials._understood(given)


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzcmUifQ.c2lnbmF0dXJl",
        "k8s-aws-v1.aHR0cHM6Ly9zdHMuZXUtd2VzdC0x",
        "ya29a0AfH6SMBx3kQ9zT7yV1uW2p",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY0123",
        "0123456789abcdef0123456789abcdef",
    ],
)
def test_what_looks_like_a_credential_is_taken_out_of_a_plugins_words(secret: str) -> None:
    assert without_secrets(f"error: {secret} is stale") == "error: ‹hidden› is stale"
    assert secret not in without_secrets(f"token={secret};")


def test_ordinary_words_stay() -> None:
    words = (
        "Unable to locate credentials in /home/sre/.config/cloud; run `tool sso login --profile prod-eu-1`"
    )
    assert without_secrets(words) == words
    assert len(without_secrets("so it goes " * 1000)) <= 300


def test_neither_a_token_nor_a_plugin_loads_the_kubernetes_package_here(
    tmp_path: Path, plugin: Plugin
) -> None:
    code = """
import asyncio, os, sys
from pathlib import Path
from reconciler.cluster.connection import open_cluster
from reconciler.model.errors import ClusterError
from reconciler.settings.model import Cluster

async def main(name):
    spec = Cluster(name="c", kubeconfig=Path(name), request_timeout_s=1)
    client = await open_cluster(spec, environ=dict(os.environ))
    try:
        await client.get("/version")
    except ClusterError as error:
        print(error.reason)
    await client.aclose()

for name in sys.argv[1:]:
    asyncio.run(main(name))
print(sorted({m.partition(".")[0] for m in sys.modules} & {"kubernetes", "rich", "textual", "pygments"}))
"""
    files = []
    for name, user in (("token", {"token": "x"}), ("exec", plugin(prints({"token": "x"})))):
        document = {
            "current-context": "c",
            "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
            "users": [{"name": "c", "user": user}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        }
        path = tmp_path / name
        path.write_text(json.dumps(document))
        files.append(str(path))
    run = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, check=False)
    assert run.stdout.split("\n")[:3] == ["refused", "refused", "[]"], run.stderr
