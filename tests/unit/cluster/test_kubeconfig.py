"""Kubeconfigs as people have them: merged, relative, with several contexts, and wrong in every way."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cluster.endpoint import Endpoint, resolve_endpoint
from reconciler.cluster.kubeconfig import choose_context, load_kubeconfig
from reconciler.model.errors import ConfigurationError
from reconciler.settings.model import Cluster

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


def document(
    context: str = "prod",
    *,
    server: str = "https://prod.example.org:6443",
    cluster: Mapping[str, Any] | None = None,
    user: Mapping[str, Any] | None = None,
    current: str | None = None,
) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context if current is None else current,
        "clusters": [{"name": f"{context}-cluster", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": f"{context}-user", "user": dict(user or {"token": "t"})}],
        "contexts": [
            {
                "name": context,
                "context": {"cluster": f"{context}-cluster", "user": f"{context}-user", "namespace": "apis"},
            }
        ],
    }


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def endpoint(path: Path, context: str | None = None) -> Endpoint:
    return resolve_endpoint(Cluster(name="c", kubeconfig=path, context=context), {})


def complaint(path: Path, context: str | None = None) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        endpoint(path, context)
    return caught.value


def test_the_current_context_is_used_where_none_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "config", document())
    assert endpoint(path).server == "https://prod.example.org:6443"


def test_a_list_of_files_is_merged_and_the_first_to_name_something_wins(tmp_path: Path) -> None:
    first = write(tmp_path / "a", document("prod", server="https://first"))
    second = write(tmp_path / "b", document("prod", server="https://second"))
    third = write(tmp_path / "c", document("dev", server="https://dev"))
    missing = tmp_path / "not-there"
    environ = {"KUBECONFIG": os.pathsep.join(map(str, [missing, first, "", second, third]))}
    config = load_kubeconfig(None, environ)
    assert config.current_context == "prod"
    assert sorted(config.contexts) == ["dev", "prod"]
    assert choose_context(config, "prod").cluster.body["server"] == "https://first"
    assert choose_context(config, "dev").cluster.body["server"] == "https://dev"


def test_the_home_folders_config_is_the_default(tmp_path: Path) -> None:
    write(tmp_path / ".kube" / "config", document())
    assert choose_context(load_kubeconfig(None, {"HOME": str(tmp_path)}), None).name == "prod"


def test_relative_paths_belong_to_the_file_that_names_them(tmp_path: Path) -> None:
    write(tmp_path / "one" / "pki" / "ca.crt", PEM)
    one = write(tmp_path / "one" / "c", document("prod", cluster={"certificate-authority": "pki/ca.crt"}))
    two = write(tmp_path / "two" / "c", document("dev", user={"tokenFile": "token"}))
    environ = {"KUBECONFIG": f"{one}{os.pathsep}{two}"}
    assert resolve_endpoint(Cluster(name="c", context="prod"), environ).ca == PEM
    assert resolve_endpoint(Cluster(name="c", context="dev"), environ).user.token_file == two.parent / "token"


def test_data_wins_over_a_file(tmp_path: Path) -> None:
    cluster = {
        "certificate-authority": "not-there.crt",
        "certificate-authority-data": base64.b64encode(PEM.encode()).decode(),
    }
    assert endpoint(write(tmp_path / "c", document(cluster=cluster))).ca == PEM


def test_json_is_read_too_and_null_sections_are_empty(tmp_path: Path) -> None:
    import json

    config = document()
    config["users"] = None
    del config["contexts"][0]["context"]["user"]
    assert endpoint(write(tmp_path / "c", json.dumps(config))).user.token == ""


def test_nothing_of_a_credential_is_in_a_repr(tmp_path: Path) -> None:
    path = write(tmp_path / "c", document(user={"token": "t0psecret", "password": "pa55"}))
    found = endpoint(path)
    config = load_kubeconfig(path, {})
    for shown in (repr(found), repr(found.user), repr(config), repr(choose_context(config, None))):
        assert "t0psecret" not in shown and "pa55" not in shown


# --- wrong ones ------------------------------------------------------------------------------------


def test_a_missing_kubeconfig_names_the_file_and_what_to_do(tmp_path: Path) -> None:
    error = complaint(tmp_path / "nope")
    assert str(error).startswith(f"{tmp_path / 'nope'}: there is no kubeconfig; set KUBECONFIG")


def test_an_unknown_context_names_the_closest(tmp_path: Path) -> None:
    path = write(tmp_path / "c", document("prod-eu-west"))
    error = complaint(path, "prod-eu-wst")
    assert "there is no context 'prod-eu-wst'" in str(error)
    assert "did you mean prod-eu-west?" in str(error)


def test_no_current_context_lists_those_there_are(tmp_path: Path) -> None:
    error = complaint(write(tmp_path / "c", document(current="")))
    assert "no context is chosen" in str(error) and "known contexts: prod" in str(error)


@pytest.mark.parametrize("what", ["cluster", "user"])
def test_a_context_that_names_something_missing(tmp_path: Path, what: str) -> None:
    config = document()
    config["contexts"][0]["context"][what] = f"prod-{what}s"
    error = complaint(write(tmp_path / "c", config))
    assert f"names the {what} 'prod-{what}s', which is not there" in str(error)
    assert f"did you mean prod-{what}?" in str(error)


def test_invalid_yaml_names_the_line_and_does_not_quote_it(tmp_path: Path) -> None:
    error = complaint(write(tmp_path / "c", "users:\n- name: u\n  user:\n\ttoken: t0psecret\n"))
    assert error.subject == f"{tmp_path / 'c'}:4"
    assert "is not valid YAML" in str(error) and "t0psecret" not in str(error)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("just text", "a mapping is expected"),
        ("clusters: {a: b}", "`clusters` is a dict, a list is expected"),
        ("contexts: [{name: 3}]", "`contexts[0]` is not of the form {name, context}"),
        ("users: [{name: u, user: text}]", "`users[0]` is not of the form {name, user}"),
    ],
)
def test_a_file_of_another_shape(tmp_path: Path, content: str, expected: str) -> None:
    assert expected in str(complaint(write(tmp_path / "c", content)))


def test_a_file_that_is_a_folder(tmp_path: Path) -> None:
    assert "cannot be read" in str(complaint(tmp_path))


@pytest.mark.parametrize("server", ["", "prod.example.org:6443", "ftp://x", "https://"])
def test_a_server_that_is_no_url(tmp_path: Path, server: str) -> None:
    assert "`server`" in str(complaint(write(tmp_path / "c", document(server=server))))


def test_a_server_url_with_a_password_is_refused_without_showing_it(tmp_path: Path) -> None:
    error = complaint(write(tmp_path / "c", document(server="https://u:pa55@prod")))
    assert "holds credentials" in str(error) and "pa55" not in str(error)


@pytest.mark.parametrize(
    ("cluster", "user", "expected"),
    [
        ({"certificate-authority": "no.crt"}, {}, "`certificate-authority` (%s/no.crt) cannot be read"),
        ({"certificate-authority-data": "a"}, {}, "`certificate-authority-data` is not base64"),
        ({"certificate-authority-data": "aGVsbG8="}, {}, "is not PEM: no BEGIN CERTIFICATE"),
        ({}, {"client-key-data": base64.b64encode(KEY.encode()).decode()}, "has no `client-certificate`"),
        ({}, {"token": "a\nb"}, "holds a line break"),
        ({}, {"exec": "aws"}, "`exec` is not a mapping"),
    ],
)
def test_values_that_cannot_be_used(
    tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any], expected: str
) -> None:
    error = complaint(write(tmp_path / "c", document(cluster=cluster, user=user)))
    assert expected.replace("%s", str(tmp_path)) in str(error)


# --- in a pod --------------------------------------------------------------------------------------


def test_in_cluster_uses_the_service_account(tmp_path: Path) -> None:
    write(tmp_path / "token", "pod-token")
    write(tmp_path / "ca.crt", PEM)
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    found = resolve_endpoint(Cluster(name="here", in_cluster=True), environ, service_account=tmp_path)
    assert (found.server, found.ca) == ("https://[fd00::1]:6443", PEM)
    assert found.user.token_file == tmp_path / "token"


def test_in_cluster_outside_of_a_cluster(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="this is not a pod with a service account"):
        resolve_endpoint(Cluster(name="here", in_cluster=True), {}, service_account=tmp_path)
