"""`info` shows control planes and gateways, and of their credentials only where they come from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gko_tui.cli import main
from reconciler.settings.example import EXAMPLE


def info(capsys: pytest.CaptureFixture[str], text: str, place: Path) -> dict[str, Any]:
    (place / "named.yaml").write_text(text)
    assert main(["info", "-o", "json", "--config", "named.yaml"]) == 0
    configuration: dict[str, Any] = json.loads(capsys.readouterr().out)["configuration"]
    return configuration


def test_control_planes_and_gateways_of_the_example_are_shown(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = info(capsys, EXAMPLE, place)
    assert told["controlPlanes"] == [
        {
            "name": "apim-eu",
            "url": "https://apim.example.org",
            "organization": "DEFAULT",
            "environment": "DEFAULT",
            "clusters": ["prod-eu"],
            "credentials": "variable APIM_TOKEN",
        }
    ]
    by_pods, by_url = told["gateways"]
    assert (by_pods["selector"], by_pods["tags"]) == (
        "app.kubernetes.io/component=gateway",
        ["internal", "!partner"],
    )
    assert by_pods["credentials"] == "variable GATEWAY_PASSWORD"
    assert (by_url["url"], by_url["mode"], by_url["credentials"]) == (
        "https://edge.example.org:18082",
        "kubernetes",
        None,
    )


def test_for_people_each_is_one_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "named.yaml").write_text(EXAMPLE)
    assert main(["info", "--config", "named.yaml"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (planes,) = [line for line in lines if line.startswith("configuration control planes")]
    assert planes.split(None, 3)[3].startswith("apim-eu (url https://apim.example.org, organization DEFAULT")
    (gateways,) = [line for line in lines if line.startswith("configuration gateways")]
    assert "tags internal !partner" in gateways and "; edge (url https://edge" in gateways
    (clusters,) = [line for line in lines if line.startswith("configuration clusters")]
    assert clusters.endswith("prod-eu, stage")


def test_no_secret_is_shown_neither_its_value_nor_a_commands_arguments(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APIM_TOKEN", "hunter2")
    url = "url: 'https://h'"
    told = info(
        capsys,
        "control_planes:\n"
        f"- {{name: a, {url}, auth: {{token_env: APIM_TOKEN}}}}\n"
        f"- {{name: b, {url}, auth: {{token_command: [vault, hunter2]}}}}\n"
        f"gateways: [{{name: g, {url}, auth: {{password_command: [vault, hunter2]}}}}]\n",
        place,
    )
    assert [plane["credentials"] for plane in told["controlPlanes"]] == [
        "variable APIM_TOKEN",
        "command vault",
    ]
    assert told["gateways"][0]["credentials"] == "command vault"
    assert "hunter2" not in repr(told)


def test_config_check_counts_them(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "named.yaml").write_text(EXAMPLE)
    assert main(["config", "check", "named.yaml"]) == 0
    assert "1 control plane, 2 gateways" in capsys.readouterr().out
