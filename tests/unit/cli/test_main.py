"""The program as a whole: arguments, exit codes, streams. Each test says what a person typed."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gko_tui.cli import build_parser, main
from gko_tui.commands import table
from reconciler.settings.load import load_settings

ENVIRON = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"}


def program(place: Path, *line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    home = place.parent
    return subprocess.run(
        [sys.executable, "-m", "gko_tui", *line],
        cwd=place,
        env={
            **ENVIRON,
            "HOME": str(home / "home"),
            "XDG_CONFIG_HOME": str(home / "config"),
            "GKO_TUI_STATE": str(home / "state"),
            "GKO_TUI_CACHE": str(home / "cache"),
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("stats", "'stats' is not one of them; did you mean status?"),
        ("status -o jsn", "did you mean json?"),
        ("status --no-such-thing", "unrecognized arguments: --no-such-thing"),
        ("diff --hop nowhere", "known ones: all, cluster, control-plane, gateway"),
        ("config", "required: COMMAND"),
        ("status --timeout soon", "invalid float value"),
        ("status --stat", "unrecognized arguments"),
    ],
)
def test_a_wrong_command_line_is_64_and_says_what_was_meant(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line.split()) == 64
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["get", "a/b/c/d"], "'a/b/c/d': is not a resource; write [CLUSTER:]KIND/[NAMESPACE/]NAME"),
        (["status", "-l", "(("], "'((': is not a label selector"),
        (["status", "--timeout", "0"], "--timeout 0: is not a number of seconds above 0"),
    ],
)
def test_a_selector_of_the_wrong_form_is_64_too(
    line: list[str], said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "gko-tui.yaml").write_text("clusters: [{name: a}]\n")
    assert main(line) == 64
    assert said in capsys.readouterr().err


def test_help_names_every_command_with_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for command in table.COMMANDS:
        if " " not in command.name:
            assert f"{command.name} {command.summary.rstrip('.')}" in text


def test_every_command_has_help_and_a_handler_that_exists(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib import import_module

    for command in table.COMMANDS:
        assert main([*command.name.split(), "--help"]) == 0
        module, _, name = command.handler.partition(":")
        assert callable(getattr(import_module(module), name)), command.name
        assert command.summary.endswith(".")


def test_global_options_are_understood_on_both_sides_of_the_command() -> None:
    before = build_parser().parse_args(["--ascii", "--config", "x", "status"])
    after = build_parser().parse_args(["status", "--ascii", "--config", "x"])
    assert (before.ascii, before.config) == (after.ascii, after.config) == (True, "x")
    assert build_parser().parse_args(["status"]).config is None


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"gko-tui \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


def test_the_example_can_be_written_and_checked(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "example"]) == 0
    file = place / "gko-tui.yaml"
    file.write_text(capsys.readouterr().out)
    assert load_settings(file).clusters
    assert main(["config", "check", "gko-tui.yaml"]) == 0
    assert "valid: 1 source, 2 clusters, 3 applications" in capsys.readouterr().out


def test_config_check_says_every_error_and_is_1(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "gko-tui.yaml").write_text("clusters: [{nam: a}]\nsources: 3\n")
    assert main(["config", "check"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 4 and said[-1] == "3 errors"
    assert main(["config", "check", "-o", "json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [error["line"] for error in document["errors"]] == [1, 1, 2]
    assert document["valid"] is False


def test_a_configuration_error_stops_a_read_with_1_and_no_traceback(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "gko-tui.yaml").write_text("clusters: [{nam: a}]\n")
    assert main(["status"]) == 1
    said = capsys.readouterr()
    assert said.out == "" and "Traceback" not in said.err
    assert all(line.startswith("gko-tui: ") for line in said.err.splitlines())


def test_nothing_to_read_names_the_two_ways_out(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 1
    assert "gko-tui config example" in capsys.readouterr().err


def test_a_cluster_that_does_not_exist_names_the_closest(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "gko-tui.yaml").write_text("clusters: [{name: prod-eu}, {name: prod-us}]\n")
    assert main(["status", "--cluster", "prd-eu"]) == 1
    assert "--cluster prd-eu: no cluster is called that; did you mean prod-eu?" in capsys.readouterr().err


def test_info_tells_versions_folders_and_configuration(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "gko-tui.yaml").write_text("clusters: [{name: prod-eu}]\n")
    assert main(["info", "-o", "json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["configuration"]["clusters"] == ["prod-eu"]
    assert facts["paths"]["state"] == str(place.parent / "state")
    assert facts["libraries"]["textual"]
    assert main(["info"]) == 0
    assert "configuration clusters" in capsys.readouterr().out


def test_info_works_where_nothing_else_does(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "-o", "yaml"]) == 0
    assert "nothing to read" in yaml.safe_load(capsys.readouterr().out)["configuration"]["error"]
    assert not (place.parent / "state").exists()


@pytest.mark.parametrize("name", ["status", "change", "diff", "trace", "doctor"])
def test_every_schema_is_a_valid_schema(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    import jsonschema

    assert main(["info", "--schema", name]) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema"]["const"] == f"gko-tui/{name}/v1"


def test_a_mistake_of_ours_is_1_and_its_traceback_is_only_for_debug(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> int:
        raise ZeroDivisionError("by \x1b[31mzero")

    monkeypatch.setattr("gko_tui.commands.info.run", broken)
    assert main(["info"]) == 1
    said = capsys.readouterr().err
    assert "a mistake in gko-tui itself: ZeroDivisionError" in said and "Traceback" not in said
    assert "\x1b" not in said
    assert main(["info", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_130_and_quiet(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("gko_tui.commands.info.run", interrupted)
    assert main(["info"]) == 130
    assert capsys.readouterr().err == ""


def test_without_a_terminal_no_command_means_status(place: Path) -> None:
    (place / "gko-tui.yaml").write_text("clusters: [{name: prod-eu, kubeconfig: ../nowhere}]\n")
    ended = program(place)
    assert ended.returncode == 1
    assert "cluster prod-eu: failed" in ended.stdout
    assert "there is no" in ended.stdout or "does not exist" in ended.stdout
    assert ended.stderr == ""


def test_commands_that_print_load_no_terminal_library(place: Path) -> None:
    (place / "gko-tui.yaml").write_text("clusters: [{name: prod-eu, kubeconfig: ../nowhere}]\n")
    for line in (
        ["status"],
        ["status", "-o", "json"],
        ["diff"],
        ["trace", "x"],
        ["doctor"],
        ["info"],
        ["--help"],
        ["--debug", "get"],
    ):
        probe = (
            "import sys\n"
            "from gko_tui.cli import main\n"
            f"main({line!r})\n"
            "loaded = [m for m in sys.modules if m.split('.')[0] in ('rich', 'textual', 'kubernetes')]\n"
            "print(loaded, file=sys.stderr)\n"
        )
        ended = subprocess.run(
            [sys.executable, "-c", probe],
            cwd=place,
            env={
                **ENVIRON,
                "HOME": str(place),
                "GKO_TUI_STATE": str(place / "s"),
                "GKO_TUI_CACHE": str(place / "c"),
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.stderr.splitlines()[-1] == "[]", (line, ended.stderr)


def test_a_reader_that_goes_away_ends_the_program_quietly(place: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)  # given: nobody reads
    with os.fdopen(writing, "w") as closed:
        ended = subprocess.run(
            [sys.executable, "-m", "gko_tui", "config", "example"],
            cwd=place,
            env={**ENVIRON, "HOME": str(place)},
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert ended.returncode == 141
    assert ended.stderr == ""


def test_an_ascii_terminal_never_ends_the_program(place: Path) -> None:
    (place / "gko-tui.yaml").write_text(
        "clusters: [{name: prød, kubeconfig: ../nowhere}]\n", encoding="utf-8"
    )
    ended = program(place, "status", LANG="C", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert ended.returncode == 1
    assert ended.stdout.isascii() and "pr\\xf8d" in ended.stdout


def test_debug_logs_to_a_private_file_and_standard_error(place: Path) -> None:
    (place / "gko-tui.yaml").write_text("clusters: [{name: prod-eu, kubeconfig: ../nowhere}]\n")
    ended = program(place, "status", "-o", "json", "--debug")
    file = place.parent / "state" / "debug.log"
    assert file.stat().st_mode & 0o777 == 0o600
    assert f"logging to {file}" in ended.stderr
    assert json.loads(ended.stdout)["exitCode"] == 1
    for line in file.read_text().splitlines():
        json.loads(line)


def hanging_cluster(place: Path, port: int) -> None:
    """Configure one cluster whose server accepts and then says nothing."""
    (place / "kube").write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        "contexts: [{name: c, context: {cluster: c, user: u}}]\n"
        f"clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n"
        "users: [{name: u, user: {token: t}}]\n"
    )
    cluster = "{name: slow, kubeconfig: kube, request_timeout_s: 300}"
    (place / "gko-tui.yaml").write_text(f"clusters: [{cluster}]\n")


def test_ctrl_c_in_the_middle_of_a_read_ends_it_at_once_and_quietly(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        hanging_cluster(place, listener.getsockname()[1])
        process = subprocess.Popen(
            [sys.executable, "-m", "gko_tui", "--config", "gko-tui.yaml", "status"],
            cwd=place,
            env={
                **ENVIRON,
                "HOME": str(place),
                "GKO_TUI_STATE": str(place / "s"),
                "GKO_TUI_CACHE": str(place / "c"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = listener.accept()  # when: it waits for an answer
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)  # then: sooner than the cluster's five minutes
        connection.close()
    assert (process.returncode, out, err) == (130, "", "")


def test_timeout_decides_how_long_a_cluster_may_take(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hanging_cluster(place, listener.getsockname()[1])
        ended = program(place, "--config", "gko-tui.yaml", "status", "--timeout", "0.2")
    assert ended.returncode == 1
    assert "did not answer in time (0.2 s)" in ended.stdout
