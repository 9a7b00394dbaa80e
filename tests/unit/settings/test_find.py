"""Where the configuration is looked for, and what is meant when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.model.errors import ConfigurationError
from reconciler.settings.load import find_settings

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: {current}
contexts:
- {{name: stage, context: {{cluster: s, user: u, namespace: shop}}}}
- {{name: prod, context: {{cluster: p, user: u}}}}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}


def write_config(folder: Path, cluster: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "gko-tui.yaml"
    file.write_text(f"clusters: [{{name: {cluster}}}]\n")
    return file


def repository(folder: Path) -> Path:
    (folder / ".git").mkdir(parents=True)
    return folder


def cluster_found(explicit: Path | None, cwd: Path, environ: dict[str, str]) -> str:
    return find_settings(explicit, cwd, environ).clusters[0].name


def test_each_place_wins_over_the_ones_after_it(tmp_path: Path, home: Path, environ: dict[str, str]) -> None:
    here = repository(tmp_path / "repo") / "deep" / "er"
    here.mkdir(parents=True)
    write_config(home / ".config" / "gko-tui", "users-own")
    assert cluster_found(None, here, environ) == "users-own"
    write_config(tmp_path / "repo", "repository-root")
    assert cluster_found(None, here, environ) == "repository-root"
    write_config(here, "current-folder")
    assert cluster_found(None, here, environ) == "current-folder"
    environ["GKO_TUI_CONFIG"] = str(write_config(tmp_path / "named", "environment"))
    assert cluster_found(None, here, environ) == "environment"
    assert cluster_found(write_config(tmp_path / "explicit", "flag"), here, environ) == "flag"


def test_the_walk_upwards_ends_at_the_root_of_the_repository(tmp_path: Path, environ: dict[str, str]) -> None:
    write_config(tmp_path, "outside")
    here = repository(tmp_path / "repo") / "apis"
    here.mkdir()
    assert find_settings(None, here, environ).path is None


def test_a_relative_config_counts_from_the_current_folder(tmp_path: Path, environ: dict[str, str]) -> None:
    write_config(tmp_path / "conf", "relative")
    assert cluster_found(Path("conf/gko-tui.yaml"), tmp_path, environ) == "relative"


def test_a_found_file_is_not_trusted_but_the_users_own_is(
    tmp_path: Path, home: Path, environ: dict[str, str]
) -> None:
    text = "sources: [{name: a, path: b, auth: {token_env: X}}]\n"
    own = home / ".config" / "gko-tui"
    own.mkdir(parents=True)
    (own / "gko-tui.yaml").write_text(text)
    assert find_settings(None, tmp_path, environ).sources[0].auth is not None
    (tmp_path / "gko-tui.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match="was found, not named"):
        find_settings(None, tmp_path, environ)


def test_without_a_file_the_current_context_and_repository_are_meant(
    tmp_path: Path, home: Path, environ: dict[str, str]
) -> None:
    here = repository(tmp_path / "my apis") / "payments"
    here.mkdir()
    (home / ".kube").mkdir()
    (home / ".kube" / "config").write_text(KUBECONFIG.format(current="stage"))
    platform = find_settings(None, here, environ)
    assert platform.clusters[0].context == "stage"
    assert platform.sources[0].path == tmp_path / "my apis"
    application = platform.applications[0]
    assert (application.source, application.clusters) == ("my-apis", ("stage",))
    assert (application.namespace, application.mode, application.folder) == ("shop", "observe", "")


def test_several_kubeconfigs_are_merged_as_kubectl_does(tmp_path: Path, environ: dict[str, str]) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("contexts: []\n")
    second.write_text(KUBECONFIG.format(current="prod"))
    environ["KUBECONFIG"] = f"{tmp_path / 'absent'}:{first}:{second}"
    cluster = find_settings(None, tmp_path, environ).clusters[0]
    assert (cluster.name, cluster.context) == ("prod", "prod")


def test_a_context_may_be_called_anything(tmp_path: Path, environ: dict[str, str]) -> None:
    config = tmp_path / "kube"
    config.write_text('current-context: "arn:aws:eks:eu-1:12:cluster/prod, old"\n')
    environ["KUBECONFIG"] = str(config)
    cluster = find_settings(None, tmp_path, environ).clusters[0]
    assert cluster.context == "arn:aws:eks:eu-1:12:cluster/prod, old"
    assert cluster.name == "arn:aws:eks:eu-1:12:cluster/prod-old"


@pytest.mark.parametrize("content", ["{", "[]", "contexts: 3", "\x00"])
def test_a_broken_kubeconfig_still_gives_a_cluster_that_can_say_so(
    tmp_path: Path, environ: dict[str, str], content: str
) -> None:
    config = tmp_path / "kube"
    config.write_text(content)
    environ["KUBECONFIG"] = str(config)
    assert cluster_found(None, tmp_path, environ) == "default"


def test_a_repository_alone_is_read_and_its_cluster_says_what_is_missing(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    platform = find_settings(None, repository(tmp_path / "apis"), environ)
    assert [source.name for source in platform.sources] == ["apis"]
    assert [cluster.name for cluster in platform.clusters] == ["default"]


def test_inside_a_pod_the_cluster_is_the_one_around_it(tmp_path: Path, environ: dict[str, str]) -> None:
    environ["KUBERNETES_SERVICE_HOST"] = "10.0.0.1"
    assert find_settings(None, tmp_path, environ).clusters[0].in_cluster


def test_nothing_at_all_is_an_error_with_two_ways_out(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match=r"nothing to read.*config example.*gko-tui demo"):
        find_settings(None, tmp_path, environ)
