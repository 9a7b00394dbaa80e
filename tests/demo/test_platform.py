"""The demo's platform: its files, its clusters, its process, and what a user may do with them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest
import pytest_asyncio
import yaml

from reconciler.model.errors import ConfigurationError, GkoError
from reconciler.settings.load import load_settings
from reconciler.simulator.demo.folders import ANSWERING, CLUSTERS, EU, SILENT, US
from reconciler.simulator.kube.cluster import SimCluster
from reconciler.simulator.platform import DemoPlatform, demo_crds
from reconciler.simulator.serve import DemoProcess, start_in_subprocess
from tests.demo.conftest import GkoTui
from tests.demo.stories import NOW, story

APIS = "/apis/gravitee.io/v1alpha1/apiv4definitions"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DemoPlatform]:
    """A platform inside this process, told up to a fixed instant; its tests change nothing."""
    running = DemoPlatform(clock=lambda: NOW)
    await running.start(tmp_path_factory.mktemp("demo"))
    yield running
    await running.stop()


def _token(platform: DemoPlatform, cluster: str) -> str:
    users = yaml.safe_load(platform.folder.kubeconfig.read_text())["users"]
    return next(str(entry["user"]["token"]) for entry in users if entry["name"].endswith(cluster))


async def _get(platform: DemoPlatform, cluster: str, path: str, *, patience: float = 5.0) -> httpx.Response:
    headers = {"Authorization": f"Bearer {_token(platform, cluster)}"}
    async with httpx.AsyncClient(headers=headers, timeout=patience, trust_env=False) as client:
        return await client.get(platform.describe()["clusters"][cluster] + path)


@pytest.mark.asyncio(loop_scope="module")
class TestInThisProcess:
    async def test_serves_the_apis_of_each_cluster(self, platform: DemoPlatform) -> None:
        for name in ANSWERING:
            answer = await _get(platform, name, APIS)
            assert len(answer.json()["items"]) > 40

    async def test_has_one_cluster_that_never_answers(self, platform: DemoPlatform) -> None:
        with pytest.raises(httpx.ReadTimeout):
            await _get(platform, SILENT, APIS, patience=0.2)

    async def test_refuses_one_kind_on_one_cluster_only(self, platform: DemoPlatform) -> None:
        groups = APIS.replace("apiv4definitions", "groups")

        assert (await _get(platform, US, groups)).status_code == httpx.codes.FORBIDDEN
        assert (await _get(platform, EU, groups)).status_code == httpx.codes.OK

    async def test_refuses_a_token_that_is_not_its_own(self, platform: DemoPlatform) -> None:
        async with httpx.AsyncClient(headers={"Authorization": "Bearer guess"}, trust_env=False) as client:
            answer = await client.get(platform.describe()["clusters"][EU] + APIS)

        assert answer.status_code == httpx.codes.UNAUTHORIZED

    async def test_objects_carry_the_marks_of_those_who_wrote_them(self, platform: DemoPlatform) -> None:
        found = platform.clusters[EU].get("ApiV4Definition", "payments", "refunds")
        assert found is not None

        metadata = found["metadata"]
        managers = {entry["manager"] for entry in metadata["managedFields"]}
        assert managers == {"argocd-controller", "gko", "kubectl-patch"}
        assert metadata["finalizers"] == ["finalizers.gravitee.io/apidefinitiondeletion"]
        assert metadata["annotations"]["argocd.argoproj.io/tracking-id"].startswith(
            "payments-prod:gravitee.io/"
        )
        conditions = {one["type"]: one["observedGeneration"] for one in found["status"]["conditions"]}
        assert conditions["Accepted"] == metadata["generation"]

    async def test_writes_a_configuration_that_loads(self, platform: DemoPlatform) -> None:
        settings = load_settings(platform.folder.config)

        assert tuple(cluster.name for cluster in settings.clusters) == CLUSTERS
        assert len(settings.applications) == len({one.name for one in settings.applications})
        for application in settings.applications:
            assert (platform.folder.repository / application.folder).is_dir()

    async def test_keeps_tokens_to_its_owner(self, platform: DemoPlatform) -> None:
        for path in (platform.folder.kubeconfig, platform.folder.config):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        for path in (platform.folder.root, platform.folder.state, platform.folder.cache):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert len({_token(platform, name) for name in CLUSTERS}) == len(CLUSTERS)

    async def test_is_the_same_for_the_same_instant_and_closes_its_ports(
        self, platform: DemoPlatform, tmp_path: Path
    ) -> None:
        other = DemoPlatform(clock=lambda: NOW)
        await other.start(tmp_path / "other")
        urls = other.describe()["clusters"]
        await other.stop()
        await other.stop()

        for name in ANSWERING:
            for namespace, api in platform.clusters[name].names("ApiV4Definition"):
                ours = platform.clusters[name].get("ApiV4Definition", namespace, api)
                assert other.clusters[name].get("ApiV4Definition", namespace, api) == ours
        async with httpx.AsyncClient(trust_env=False) as client:
            for url in urls.values():
                with pytest.raises(httpx.ConnectError):
                    await client.get(url)


class TestItsFolder:
    async def test_is_taken_up_again_with_the_commits_of_its_user(self, tmp_path: Path) -> None:
        """Given a demo that ended, with a commit of the user's, when it is started there again,
        then the commit is still there, and so is what gko-tui remembered."""
        first = DemoPlatform(clock=lambda: NOW)
        await first.start(tmp_path)
        await first.stop()
        _commit(first.folder.repository, "apps/shop/base/basket.yaml")
        (first.folder.state / "ledger").write_text("remembered")

        second = DemoPlatform(clock=lambda: NOW + 3600)
        await second.start(tmp_path)
        await second.stop()

        assert _subject(second.folder.repository) == "Change by hand"
        assert (second.folder.state / "ledger").exists()
        assert second.expected_matrix() == first.expected_matrix()

    async def test_is_refused_when_it_holds_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.tex").write_text("")

        with pytest.raises(ConfigurationError, match=r"is not empty.*--folder"):
            await DemoPlatform().start(tmp_path)

        assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]

    async def test_is_refused_when_its_demo_has_another_size(self, tmp_path: Path) -> None:
        first = DemoPlatform(clock=lambda: NOW)
        await first.start(tmp_path)
        await first.stop()

        with pytest.raises(ConfigurationError, match="another version or size"):
            await DemoPlatform(scale=10).start(tmp_path)


async def test_scale_adds_that_many_apis_to_git_and_one_cluster(tmp_path: Path) -> None:
    platform = DemoPlatform(scale=300, clock=lambda: NOW)
    await platform.start(tmp_path)
    await platform.stop()

    crowd = [
        name for namespace, name in platform.clusters[EU].names("ApiV4Definition") if namespace == "crowd"
    ]
    files = sorted((platform.folder.repository / "apps/crowd/base").iterdir())
    assert len(crowd) == 300
    assert sum(file.read_text().count("\nkind: ApiV4Definition\n") for file in files) == 300
    assert len([key for key in platform.expected_matrix() if key.namespace == "crowd"]) == 300


def test_every_manifest_in_git_fits_the_crds() -> None:
    """Given clusters with the demo's CRDs, when every readable manifest is created, then none is refused
    and no field is dropped."""
    cluster = SimCluster("strict", crds=demo_crds(), clock=lambda: NOW)
    taken = set()
    for path, state in story().head().items():
        for document in state.documents:
            team = story().folder_of[path].team
            body = {**document, "metadata": {"namespace": team, **document["metadata"]}}
            name = (document["kind"], document["metadata"]["name"], path)
            cluster.add_namespace(team)
            body["metadata"]["name"] += f"-{len(taken)}"  # the same API has manifests for several clusters
            stored = cluster.create(body, manager="test")
            assert _contains(stored["spec"], document["spec"]), name
            taken.add(name)
    assert len(taken) > 100


def _contains(whole: object, part: object) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _contains(whole[key], value) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(map(_contains, whole, part))
    return part == whole


def _commit(repository: Path, file: str) -> None:
    path = repository / file
    path.write_text(path.read_text().replace("limit: 60", "limit: 61"))
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(repository), *identity, "commit", "-qam", "Change by hand"]
    subprocess.run(command, check=True, capture_output=True)


def _subject(repository: Path) -> str:
    command = ["git", "-C", str(repository), "log", "-1", "--format=%s"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


class TestAsAProcess:
    def test_takes_its_temporary_folder_with_it(self) -> None:
        process = start_in_subprocess()
        folder = Path(process.description["folder"])
        assert folder.is_dir()

        process.stop()

        assert not folder.exists()
        assert not psutil.pid_exists(process.pid)

    def test_ends_with_the_process_that_started_it(self) -> None:
        """Given a program that started a demo, when the program is killed, then the demo ends by itself."""
        program = (
            "import time; from reconciler.simulator.serve import start_in_subprocess as s; p = s();"
            "print(p.pid, p.description['folder'], flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            pid, folder = parent.stdout.readline().split()
            platform = psutil.Process(int(pid))
            parent.kill()

        platform.wait(timeout=10)
        assert not Path(folder).exists()

    def test_keeps_a_folder_that_was_named(self, tmp_path: Path) -> None:
        process = start_in_subprocess(tmp_path)
        process.stop()

        assert (tmp_path / "repository/.git").is_dir()

    def test_says_why_it_did_not_start(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.tex").write_text("")

        with pytest.raises(GkoError, match="is not empty and holds no demo"):
            start_in_subprocess(tmp_path)

    def test_prints_one_line_and_stays_until_it_is_told_to_stop(self, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "reconciler.simulator.serve", "--folder", str(tmp_path)]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL
        ) as process:
            assert process.stdout is not None
            description = json.loads(process.stdout.readline())
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            rest = process.stdout.read()

        assert process.returncode == 0
        assert rest == ""
        assert Path(description["config"]) == tmp_path / "gko-tui.yaml"
        assert set(description["clusters"]) == set(CLUSTERS)


@pytest.fixture(scope="module")
def kubectl(demo: DemoProcess) -> list[str]:
    """The command kubectl with the demo's kubeconfig, or skip."""
    found = shutil.which("kubectl")
    if found is None:
        pytest.skip("kubectl is not on PATH")
    return [found, "--kubeconfig", str(demo.kubeconfig_path)]


def _run(command: list[str]) -> str:
    environ = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environ, timeout=30).stdout


class TestWithKubectl:
    def test_lists_the_apis_by_their_short_name(self, kubectl: list[str]) -> None:
        out = _run([*kubectl, "--context", EU, "get", "graviteev4apis", "-n", "payments", "-o", "name"])

        assert "apiv4definition.gravitee.io/payment-initiation" in out.splitlines()

    def test_an_edit_shows_as_drift_with_its_author(self, kubectl: list[str], gko_tui: GkoTui) -> None:
        """Given a Synced API, when somebody patches it with kubectl, then it is Drifted, by kubectl-patch."""
        patch = '{"spec":{"visibility":"PUBLIC"}}'
        api = [
            "patch",
            "apiv4definitions.gravitee.io",
            "payouts",
            "-n",
            "payments",
            "--type",
            "merge",
            "-p",
            patch,
        ]
        _run([*kubectl, "--context", EU, *api])

        done = gko_tui("get", f"{EU}:ApiV4Definition/payments/payouts", "-o", "json")

        (row,) = json.loads(done.stdout)["resources"]
        assert row["places"]["cluster"]["verdict"] == "Drifted"
        assert row["places"]["cluster"]["causes"] == ["spec.visibility differs (by kubectl-patch)"]
        assert row["places"]["control-plane"]["verdict"] == "Synced"  # GKO has sent it by now

    def test_a_commit_shows_as_ahead_where_it_was_in_sync(self, demo: DemoProcess, gko_tui: GkoTui) -> None:
        """Given an API that has been seen in sync, when a user commits a change, then it is Ahead."""
        gko_tui("status")
        _commit(Path(demo.description["repository"]), "apps/shop/base/basket.yaml")

        done = gko_tui("get", f"{US}:ApiV4Definition/shop/basket", "-o", "json")

        (row,) = json.loads(done.stdout)["resources"]
        assert row["places"]["cluster"]["verdict"] == "Ahead"
