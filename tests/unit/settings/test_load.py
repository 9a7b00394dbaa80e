"""Reading gko-tui.yaml: what is valid, and what is said of what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.model.errors import ConfigurationError
from reconciler.settings.complaints import InvalidSettings
from reconciler.settings.example import EXAMPLE
from reconciler.settings.load import load_settings, read_settings
from reconciler.settings.model import HelmRender, KustomizeRender, Platform

FILE = Path("gko-tui.yaml")


def read(text: str) -> Platform:
    return read_settings(text.encode(), FILE)


def complaints(text: str, *, trusted: bool = True) -> list[str]:
    with pytest.raises(InvalidSettings) as caught:
        read_settings(text.encode(), FILE, trusted=trusted)
    return str(caught.value).splitlines()


MINIMAL = """\
sources: [{name: apis, path: repo}]
clusters: [{name: prod, context: prod-admin}]
applications: [{name: pay, source: apis, clusters: [prod]}]
"""


def test_the_example_loads_and_shows_every_rendering_but_the_dangerous_one() -> None:
    platform = read(EXAMPLE)
    assert [application.render.type for application in platform.applications] == ["yaml", "kustomize", "helm"]
    assert platform.clusters[0].protected
    assert platform.gateways[0].control_plane == platform.control_planes[0].name


def test_the_smallest_configuration_has_safe_defaults() -> None:
    platform = read(MINIMAL)
    application, cluster = platform.applications[0], platform.clusters[0]
    assert (application.mode, application.folder, application.render.type) == ("observe", "", "yaml")
    assert (cluster.protected, cluster.namespaces, cluster.request_timeout_s) == (False, (), 10)
    assert "kubectl*" in platform.people_managers
    assert platform.path == FILE


def test_paths_count_from_the_files_folder_and_tilde_is_the_home(tmp_path: Path) -> None:
    file = tmp_path / "conf" / "gko-tui.yaml"
    file.parent.mkdir()
    file.write_text(
        "sources: [{name: a, path: ../repo, auth: {ca_file: ca.pem}}]\n"
        "clusters: [{name: c, kubeconfig: ~/kube}, {name: d, kubeconfig: /etc/kube}]\n"
    )
    platform = load_settings(file)
    source = platform.sources[0]
    assert source.path is not None and source.path.resolve() == tmp_path / "repo"
    assert source.auth is not None and source.auth.ca_file == tmp_path / "conf" / "ca.pem"
    assert platform.clusters[0].kubeconfig == Path.home() / "kube"
    assert platform.clusters[1].kubeconfig == Path("/etc/kube")


def test_a_rendering_may_be_written_as_its_name_alone() -> None:
    short = read(MINIMAL.replace("clusters: [prod]}", "clusters: [prod], render: kustomize}"))
    assert short.applications[0].render == KustomizeRender()
    long = read(
        MINIMAL.replace("clusters: [prod]}", "clusters: [prod], render: {type: helm, values: [a.yaml]}}")
    )
    assert long.applications[0].render == HelmRender(values=("a.yaml",))


def test_every_error_is_said_at_once_with_line_field_found_and_expected() -> None:
    said = complaints(
        "sources:\n"
        "  - name: apis\n"
        "    path: repo\n"
        "    ref: 1.20\n"
        "clusters:\n"
        "  - name: prod\n"
        "    protectd: true\n"
        "applications:\n"
        "  - name: pay\n"
        "    source: apsi\n"
        "    clusters: [prod, prdo]\n"
        "    mode: sometimes\n"
    )
    assert said == [
        "gko-tui.yaml:4: sources[0].ref: found 1.20, which YAML reads as a number, expected text; "
        'write "1.20" in quotes',
        "gko-tui.yaml:7: clusters[0].protectd: unknown field; did you mean protected? known fields: "
        "name, kubeconfig, context, in_cluster, namespaces, protected, operator, state_namespace, "
        "request_timeout_s",
        "gko-tui.yaml:10: applications[0].source: found 'apsi', expected a name of sources; "
        "did you mean apis? known sources: apis",
        "gko-tui.yaml:11: applications[0].clusters[1]: found 'prdo', expected a name of clusters; "
        "did you mean prod? known clusters: prod",
        "gko-tui.yaml:12: applications[0].mode: found 'sometimes', expected one of "
        "observe, propose, heal or sync",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clusters: [{name: no}]", "clusters[0].name: found no, which YAML reads as a truth value"),
        ("clusters: [{context: x}]", "clusters[0].name: is missing"),
        ("clusters: {name: x}", "clusters: found fields, expected a list"),
        ("clusters: [x]", "clusters[0]: found 'x', expected fields (name: value)"),
        ("clusters: [{name: 'a b'}]", "expected a name without blanks and commas"),
        ("clusters: [{name: a, namespaces: [Foo]}]", "expected a Kubernetes namespace"),
        ("clusters: [{name: a, request_timeout_s: 0}]", "found 0, expected greater than 0"),
        ("clusters: [{name: a, in_cluster: true, context: b}]", "expected in_cluster alone"),
        ("clusters: [{name: a}, {name: a}]", "'a' is also the name in line 1; rename one"),
        ("sources: [{name: a}]", "sources[0]: expected exactly one of url and path; neither is set"),
        ("sources: [{name: a, path: b, url: https://c/d}]", "both are set"),
        ("sources: [{name: a, url: nonsense}]", "expected a Git URL such as https://"),
        ("sources: [{name: a, url: 'ext::sh -c x'}]", "expected a Git URL"),
        ("sources: [{name: a, path: b, auth: {token_env: A, token_file: b}}]", "token_env and token_file"),
        ("applications: [{name: a, source: s, clusters: [], folder: ../up}]", "expected a folder inside"),
        ("applications: [{name: a, source: s, clusters: [c]}]", "there are no sources"),
        (
            MINIMAL.replace("clusters: [prod]}", "clusters: [prod], render: {type: helm, relese: x}}"),
            "applications[0].render.relese: unknown field; did you mean release?",
        ),
        (
            MINIMAL.replace("clusters: [prod]}", "clusters: [prod], render: kustomise}"),
            "found type 'kustomise', expected one of yaml, kustomize, helm, command",
        ),
        (
            MINIMAL.replace("clusters: [prod]}", "clusters: [prod], render: {type: command}}"),
            "applications[0].render.argv: is missing",
        ),
        ("control_planes: [{name: a, url: 'https://u:p@h', auth: {}}]", "credentials"),
        ("control_planes: [{name: a, url: 'https://h', auth: {username: u}}]", "and a password"),
        ("gateways: [{name: a, cluster: c}]", "url, or all of cluster, namespace and selector"),
        ("version: 2", "version: found 2, expected 1"),
        ("path: x", "path: unknown field"),
        ("- a", "found a list of 1, expected fields"),
        ("", "is empty; see what can be written: gko-tui config example"),
        ("a: 1\na: 2", "gko-tui.yaml:2: a: is written twice, first in line 1; keep one"),
        ("clusters:\n\t- name: a", "gko-tui.yaml:2: is indented with a tab"),
        ("clusters: [", "gko-tui.yaml:1: "),
        ("clusters: []\n---\nclusters: []", "a second document begins here"),
        ("clusters: !python/object:os.system x", "the tag"),
        ("a: 'x\u0007'", "U+0007 is not allowed in YAML"),
        ("? [a]\n: b", "a field name must be text"),
    ],
)
def test_each_mistake_has_its_own_words(text: str, said: str) -> None:
    assert said in "\n".join(complaints(text))


def test_an_alias_bomb_is_refused_before_it_expands() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    assert "use fewer aliases" in complaints(bomb)[0]


def test_anchors_and_merge_keys_work_within_reason() -> None:
    platform = read("clusters:\n- &a {name: a, protected: true}\n- {<<: *a, name: b}\n")
    assert [(cluster.name, cluster.protected) for cluster in platform.clusters] == [("a", True), ("b", True)]


@pytest.mark.parametrize(
    "text",
    [
        "sources: [{name: a, url: 'https://me:hunter2@host/x.git'}]",
        "sources: [{name: a, path: b, auth: {token_env: 'hunter2 '}}]",
        "sources: [{name: a, path: b, auth: {token: hunter2}}]",
        "sources: [{name: a, path: b, auth: {token_env: [hunter2]}}]",
        "control_planes: [{name: a, url: 'https://me:hunter2@host'}]",
    ],
)
def test_a_credential_written_by_mistake_is_not_repeated(text: str) -> None:
    assert "hunter2" not in "\n".join(complaints(text))


def test_control_characters_in_names_are_shown_escaped() -> None:
    said = complaints('clusters: [{name: "a\\e[31mred"}]')
    assert "\x1b" not in said[0] and "\\x1b[31mred" in said[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("clusters: [{name: a, kubeconfig: kube}]", "clusters[0].kubeconfig: may run a command"),
        ("sources: [{name: a, path: b, auth: {token_env: X}}]", "auth.token_env: reads a credential"),
        ("sources: [{name: a, path: b, auth: {token_command: [x]}}]", "token_command: runs a command"),
        (
            MINIMAL.replace("clusters: [prod]}", "clusters: [prod], render: {type: command, argv: [sh]}}"),
            "applications[0].render: runs a command",
        ),
    ],
)
def test_a_file_that_was_only_found_may_not_run_programs_or_take_credentials(text: str, why: str) -> None:
    said = complaints(text, trusted=False)
    assert why in said[0]
    assert said[0].endswith("if you trust it: gko-tui --config gko-tui.yaml")
    read(text)  # given: the same file, named by the user


def test_a_file_that_was_found_may_say_everything_harmless() -> None:
    assert read_settings(MINIMAL.encode(), FILE, trusted=False).applications[0].name == "pay"


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such file; write one: gko-tui config example"):
        load_settings(tmp_path / "gko-tui.yaml")


def test_a_folder_or_a_huge_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_settings(tmp_path)
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as stream:
        stream.truncate(200 * 1024 * 1024)
    with pytest.raises(ConfigurationError, match="is larger than 1024 KiB"):
        load_settings(huge)
