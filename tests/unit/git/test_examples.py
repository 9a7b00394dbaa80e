"""The example manifests of the reference data: every valid one is keyed, what is wrong has its line."""

from __future__ import annotations

from pathlib import Path

from reconciler.settings.model import YamlRender
from tests.unit.git.repository import Repo
from tests.unit.git.sources import local_source


def test_every_example_is_read_or_reported(shared_data: Path, tmp_path: Path) -> None:
    root = shared_data / "examples"
    files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert len(files) == 166
    repo = Repo(tmp_path / "r")
    repo.commit(files)
    source = local_source(repo.path)
    rendering = source.render(source.refresh(), "", YamlRender(), recursive=True)

    problems = [(p.where, p.severity, p.message) for p in rendering.problems]
    duplicate = "apim/api_definition/v4/api-v4-with-page-swagger-http-fetcher.yml"
    backends = "gateway-api/http-backends.yaml"
    tab = "a tab stands after the value: kubectl reads it, stricter YAML parsers do not"
    assert problems == [
        (f"{duplicate}:71", "error", "the key 'useSystemProxy' is written twice in one mapping"),
        (f"{backends}:32", "warning", tab),
        (f"{backends}:79", "warning", tab),
    ]
    keyed = {document.path for document in rendering.documents}
    assert set(files) - keyed == {duplicate}
    assert [str(d.key) for d in rendering.documents if d.path == backends] == [
        "Deployment/httpbin-1",
        "Service/httpbin-1",
        "Deployment/httpbin-2",
        "Service/httpbin-2",
    ]
