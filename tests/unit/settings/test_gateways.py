"""What a configuration may say of gateways, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.settings.complaints import InvalidSettings
from reconciler.settings.example import EXAMPLE
from reconciler.settings.load import read_settings
from reconciler.settings.model import GatewaySpec

FILE = Path("/conf/gko-tui.yaml")
CLUSTERS = "clusters: [{name: prod}, {name: edge}]\n"
PODS = "cluster: prod, namespace: gravitee, selector: app=gw"
URL = "url: 'https://gw.example.org'"


def gateway(fields: str, more: str = "") -> GatewaySpec:
    text = f"{CLUSTERS}{more}gateways: [{{name: a, {fields}}}]"
    return read_settings(text.encode(), FILE).gateways[0]


def complaints(fields: str, more: str = "", *, trusted: bool = True) -> list[str]:
    text = f"{CLUSTERS}{more}gateways:\n- {{name: a, {fields}}}\n"
    with pytest.raises(InvalidSettings) as caught:
        read_settings(text.encode(), FILE, trusted=trusted)
    return str(caught.value).splitlines()


def test_the_example_shows_a_gateway_by_its_pods_and_one_by_its_url() -> None:
    by_pods, by_url = read_settings(EXAMPLE.encode(), FILE).gateways
    assert by_pods.cluster and by_pods.tags == ("internal", "!partner") and by_pods.port == 18082
    assert by_pods.auth is not None and by_pods.auth.password_env == "GATEWAY_PASSWORD"
    assert by_url.mode == "kubernetes" and by_url.ca_file == Path("/conf/company-ca.pem")


def test_the_least_that_is_said_sends_no_credentials_and_leaves_the_tags_unknown() -> None:
    spec = gateway(PODS)
    assert spec.auth is None and spec.tags is None and spec.port is None
    assert (spec.mode, spec.namespaces, spec.control_plane) == ("repository", (), None)
    assert not spec.insecure_skip_tls_verify and spec.request_timeout_s == 5


def test_no_tags_at_all_is_not_the_same_as_tags_unknown() -> None:
    assert gateway(f"{PODS}, tags: []").tags == ()


def test_files_of_credentials_and_authorities_count_from_the_configurations_folder() -> None:
    spec = gateway(f"{URL}, ca_file: ca.pem, auth: {{username: ops, password_file: secret}}")
    assert spec.ca_file == Path("/conf/ca.pem")
    assert spec.auth is not None and spec.auth.password_file == Path("/conf/secret")


def test_a_gateway_by_its_url_may_read_the_config_maps_of_a_cluster() -> None:
    spec = gateway(f"{URL}, mode: kubernetes, cluster: edge, namespaces: [shop]")
    assert (spec.cluster, spec.namespaces) == ("edge", ("shop",))


def test_a_control_plane_may_be_one_that_will_be_discovered_while_none_is_declared() -> None:
    assert gateway(f"{PODS}, control_plane: apim.example.org/prod").control_plane == "apim.example.org/prod"


def test_a_control_plane_beside_declared_ones_must_be_one_of_them() -> None:
    declared = "control_planes: [{name: apim, url: 'https://apim.example.org'}]\n"
    assert gateway(f"{PODS}, control_plane: apim", declared).control_plane == "apim"
    assert complaints(f"{PODS}, control_plane: apmi", declared) == [
        "/conf/gko-tui.yaml:4: gateways[0].control_plane: found 'apmi', expected a name of control_planes; "
        "did you mean apim? known control_planes: apim"
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("mode: kubernetes", "expected url, or all of cluster, namespace and selector"),
        (f"{URL}, cluster: prod", "expected url, or cluster with namespace and selector; both are set"),
        (f"{URL}, selector: app=gw", "expected url, or cluster with namespace and selector; both are set"),
        (f"{URL}, mode: kubernetes", "expected cluster: the one whose ConfigMaps it reads"),
        (f"{URL}, mode: kubernetes, cluster: nowhere", "gateways[0].cluster: found 'nowhere'"),
        (f"{PODS}, namespaces: [shop]", "expected mode: kubernetes beside namespaces"),
        (
            f"{PODS}, mode: configmap",
            "found 'configmap', expected repository or kubernetes",
        ),
        (f"{URL}, port: 18082", "expected the port in the url, not beside it"),
        (f"{PODS}, port: 0", "gateways[0].port: found 0, expected greater than or equal to 1"),
        (f"{PODS}, port: 65536", "expected less than or equal to 65535"),
        (f"{PODS}, ca_file: ca.pem", "expected a url that begins with https: beside ca_file"),
        ("url: 'http://gw', insecure_skip_tls_verify: true", "expected a url that begins with https:"),
        (f"{PODS}, tags: internal", "gateways[0].tags: found 'internal', expected a list"),
        (f"{PODS}, tags: ['a,b']", "gateways[0].tags[0]: found 'a,b', expected one sharding tag"),
        (f"{PODS}, tags: ['!']", "expected one sharding tag, such as internal, or !internal"),
        (f"{PODS}, auth: {{}}", "gateways[0].auth: expected password_env, password_file or password_command"),
        (f"{PODS}, auth: {{username: admin}}", "expected password_env, password_file or password_command"),
        (f"{PODS}, auth: {{username: a, username_env: B, password_env: C}}", "username and username_env are"),
        (f"{PODS}, auth: {{password_env: A, password_file: b}}", "password_env and password_file are set"),
        (f"{PODS}, auth: {{token_env: A}}", "auth.token_env: unknown field"),
        ("url: 'https://ops:hunter2@gw'", "expected a URL without credentials in it; put them below auth"),
    ],
)
def test_each_mistake_has_its_own_words(fields: str, said: str) -> None:
    text = "\n".join(complaints(fields))
    assert said in text and "hunter2" not in text
    assert text.startswith("/conf/gko-tui.yaml:3: gateways[0]")


@pytest.mark.parametrize("field", ["password", "password_env", "username"])
def test_a_password_written_by_mistake_is_not_repeated(field: str) -> None:
    assert "hunter2" not in "\n".join(complaints(f"{PODS}, auth: {{{field}: 'hunter2\\u0007 x'}}"))


@pytest.mark.parametrize(
    ("auth", "why"),
    [
        ("{password_env: HOME}", "gateways[0].auth.password_env: reads a credential"),
        ("{password_file: /etc/secret}", "gateways[0].auth.password_file: reads a credential"),
        ("{password_command: [sh]}", "gateways[0].auth.password_command: runs a command"),
    ],
)
def test_a_file_that_was_only_found_sends_no_password_anywhere(auth: str, why: str) -> None:
    fields = f"{URL}, auth: {auth}"
    said = complaints(fields, trusted=False)
    assert why in said[0] and "if you trust it" in said[0]
    assert gateway(fields).auth is not None  # the same, in a file that the user named


def test_a_found_file_sends_no_credentials_of_a_cluster_to_an_address_of_its_own() -> None:
    planes = "control_planes: [{name: apim, url: 'https://apim.example.org', clusters: [prod]}]\n"
    said = complaints(PODS, planes, trusted=False)
    assert "control_planes[0].url: sends credentials of a cluster to this address" in said[0]
