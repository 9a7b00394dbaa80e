"""The demo's story: teams, commits and incidents that hang together, and are the same every time."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
import yaml

from reconciler.model.changes import ABSENT
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict
from reconciler.simulator.demo.catalogue import folders
from reconciler.simulator.demo.changes import COMMITS, Commit, Edit, Person
from reconciler.simulator.demo.folders import CLUSTERS, EU, PLANES, SILENT, STAGE, US, Folder
from reconciler.simulator.demo.history import write_repository
from reconciler.simulator.demo.incidents import INCIDENTS
from reconciler.simulator.demo.matrix import expected_matrix
from reconciler.simulator.demo.timeline import FileState, play, put
from reconciler.simulator.demo.writes import Edit as ClusterEdit
from reconciler.simulator.demo.writes import Sync, writes_to
from reconciler.simulator.demo.yaml_text import to_yaml, to_yaml_file
from tests.demo.stories import NOW, story

BROKEN = "apps/marketing/prod/newsletter.yaml"


def git(repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


class TestTheCatalogue:
    def test_has_some_sixty_apis_of_eight_teams_on_all_clusters(self) -> None:
        rows = expected_matrix(story())
        apis = [key for key in rows if key.kind in ("ApiDefinition", "ApiV4Definition") and key.namespace]

        assert 55 <= len({(key.namespace, key.name) for key in apis}) <= 70
        assert {key.cluster for key in apis} == set(CLUSTERS)
        assert len({key.namespace for key in apis} - {"default"}) == 8
        assert {key.cluster for key in rows if not key.namespace} == set(PLANES.values())

    def test_shows_every_type_of_api_and_of_plan(self) -> None:
        specs = [
            document["spec"] for folder in folders() for file in folder.files.values() for document in file
        ]
        plans = [plan for spec in specs for plan in _plans(spec)]

        assert {spec["type"] for spec in specs if "listeners" in spec} >= {"PROXY", "MESSAGE", "NATIVE"}
        securities = {plan["security"]["type"] for plan in plans if "security" in plan}
        assert securities == {"KEY_LESS", "API_KEY", "JWT", "OAUTH2", "MTLS"}

    def test_grows_on_demand_with_apis_that_differ(self) -> None:
        crowd = folders(scale=120)[-1]

        documents = [document for file in crowd.files.values() for document in file]
        assert len({document["metadata"]["name"] for document in documents}) == 120
        assert len(crowd.files) == 3


def _plans(spec: dict[str, object]) -> list[dict[str, dict[str, str]]]:
    plans = spec.get("plans")
    return list(plans.values()) if isinstance(plans, dict) else []


class TestManifestText:
    @pytest.mark.parametrize("path", sorted(story().head()))
    def test_reads_back_as_it_was_meant(self, path: str) -> None:
        state = story().head()[path]

        if state.documents:
            assert list(yaml.safe_load_all(state.text)) == list(state.documents)

    @pytest.mark.parametrize(
        "value",
        ["yes", "Off", "1.0", "0x1f", "1e3", "2030-05-14", "a: b", "a #b", "- a", "", " a", "a ", "*x", "&x",
         "!x", "%x", "@x", "`x", "{a}", "[a]", "null", "~", "12:30", "it's", 'say "no"', "both ' and \"",
         "tab\there", "ünïcode", "line\nline", "line\nline\n", "http://x:80/y", "a:", "?x", "=", "<<"],
    )  # fmt: skip
    def test_keeps_every_string_a_string(self, value: str) -> None:
        document = {"plain": value, "list": [value, value], "nested": {"deep": [{"deeper": value}]}}

        assert yaml.safe_load(to_yaml(document)) == document
        assert yaml.load(to_yaml(document), Loader=yaml.CSafeLoader) == document

    def test_divides_documents_and_heads_the_file_with_a_comment(self) -> None:
        text = to_yaml_file([{"a": 1}, {"b": [True, None, 1.5]}], comment="owner: us")

        assert text.startswith("# owner: us\n")
        assert list(yaml.safe_load_all(text)) == [{"a": 1}, {"b": [True, None, 1.5]}]


class TestTheHistory:
    def test_has_some_fifty_commits_of_several_people_over_weeks(self) -> None:
        steps = story().steps

        assert 43 <= len(steps) <= 55
        assert len({step.commit.author.email for step in steps}) >= 8
        assert all(step.commit.author.email.endswith("@example.org") for step in steps)
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert steps[-1].at < NOW < steps[0].at + 60 * 86_400

    def test_is_a_real_repository_whose_files_are_the_catalogues(self, tmp_path: Path) -> None:
        timeline = story()

        ids = write_repository(tmp_path / "repository", timeline)

        repository = tmp_path / "repository"
        assert git(repository, "rev-list", "--reverse", "main").split() == ids
        assert git(repository, "status", "--porcelain") == ""
        assert git(repository, "fsck", "--strict") == ""
        for path, state in timeline.head().items():
            assert (repository / path).read_text() == state.text

    def test_changes_a_little_with_each_commit(self, tmp_path: Path) -> None:
        write_repository(tmp_path / "repository", story())

        log = git(tmp_path / "repository", "log", "--format=%x00%s", "--numstat")

        for commit in log.split("\0")[1:]:
            subject, *files = commit.strip().splitlines()
            assert [line for line in files if line], f"{subject!r} changes nothing"

    def test_is_the_same_for_the_same_instant_and_another_for_another(self, tmp_path: Path) -> None:
        first = write_repository(tmp_path / "a", story(NOW))
        again = write_repository(tmp_path / "b", story(NOW))
        later = write_repository(tmp_path / "c", story(NOW + 60))

        assert first == again
        assert first != later

    def test_is_written_in_half_a_second(self, tmp_path: Path) -> None:
        best = min(_seconds_to_write(tmp_path / str(attempt)) for attempt in range(3))

        assert best < 0.5

    def test_takes_commits_of_its_users(self, tmp_path: Path) -> None:
        repository = tmp_path / "repository"
        write_repository(repository, story())
        with (repository / "apps/shop/base/basket.yaml").open("a") as file:
            file.write("# a remark\n")

        git(repository, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qam", "Remark")

        assert git(repository, "log", "-1", "--format=%s").strip() == "Remark"

    def test_says_which_file_a_commit_misses(self) -> None:
        folder = Folder("team", "base", (EU,), {"a.yaml": [{"kind": "A"}]})
        someone = Person("A", "a@example.org")

        with pytest.raises(ValueError, match=r"no commit adds apps/team/base/a\.yaml"):
            play([folder], [Commit(1, someone, "Nothing")], NOW)
        with pytest.raises(ValueError, match=r"touches apps/team/base/b\.yaml"):
            edit = Edit("apps/team/base/b.yaml", "kind", "B")
            play(
                [folder],
                [Commit(2, someone, "Add", adds=("apps/",)), Commit(1, someone, "?", edits=(edit,))],
                NOW,
            )

    def test_puts_values_into_lists_and_maps_and_takes_them_out(self) -> None:
        document = {"spec": {"steps": [{"name": "a"}, {"name": "b"}], "gone": 1}}

        put(document, "spec.steps.0.name", "c")
        put(document, "spec.steps.1", ABSENT)
        put(document, "spec.steps.1", {"name": "d"})
        put(document, "spec.gone", ABSENT)

        assert document == {"spec": {"steps": [{"name": "c"}, {"name": "d"}]}}


def _seconds_to_write(path: Path) -> float:
    started = time.perf_counter()
    write_repository(path, story())
    return time.perf_counter() - started


class TestTheIncidents:
    def test_are_one_of_each_kind_at_least(self) -> None:
        verdicts = {incident.verdict for incident in INCIDENTS}

        assert verdicts - {None} == set(Verdict) - {Verdict.SYNCED, Verdict.CONFLICT}
        assert len({incident.id for incident in INCIDENTS}) == len(INCIDENTS)

    def test_never_meet_in_one_cell(self) -> None:
        named = [(key, incident.place) for incident in INCIDENTS for key in incident.keys]

        assert len(set(named)) == len(named)

    def test_are_found_on_every_hop(self) -> None:
        assert {incident.place for incident in INCIDENTS} == set(Place)

    def test_leave_the_rest_synced_or_without_a_hop(self) -> None:
        matrix = expected_matrix(story())

        calm = {key: cells for key, cells in matrix.items() if not any(key in one.keys for one in INCIDENTS)}
        assert len(calm) > 150
        for key, cells in calm.items():
            blind = key.cluster == SILENT or (key.cluster, key.kind) == (US, "Group")
            expected = Verdict.UNKNOWN if blind else Verdict.SYNCED
            sent = key.kind not in ("ManagementContext", "ApiResource", "Notification")
            runs = key.kind in ("ApiDefinition", "ApiV4Definition")
            assert cells == {
                "git": Verdict.SYNCED,
                "cluster": expected,
                "control-plane": expected if sent else None,
                "gateway": expected if runs else None,
            }

    def test_are_followed_by_nothing_that_would_hide_them(self) -> None:
        for cluster in (EU, US, STAGE):
            writes = writes_to(cluster, story(), NOW)
            for index, write in enumerate(writes):
                if isinstance(write, ClusterEdit):
                    later = [one for one in writes[index + 1 :] if one.key == write.key]
                    assert not later, f"{write.key} is written again after its incident"

    def test_show_a_text_that_yaml_refuses_in_one_file_only(self) -> None:
        broken = []
        for path, state in story().head().items():
            if not path.endswith(".yaml"):
                continue
            try:
                list(yaml.safe_load_all(state.text))
            except yaml.YAMLError:
                broken.append(path)

        assert broken == [BROKEN]
        assert "\t" in story().head()[BROKEN].text

    def test_define_one_resource_twice(self) -> None:
        defined: dict[ResourceKey, list[str]] = {}
        for path, state in story().head().items():
            for document in state.documents:
                folder = story().folder_of[path]
                metadata = document["metadata"]
                key = ResourceKey(folder.path, document["kind"], folder.team, metadata["name"])
                defined.setdefault(key, []).append(path)

        twice = {key.name: sorted(paths) for key, paths in defined.items() if len(paths) > 1}
        assert twice == {"wishlist": ["apps/shop/base/mobile/wishlist.yaml", "apps/shop/base/wishlist.yaml"]}

    def test_keep_the_newest_commits_from_the_clusters_that_wait(self) -> None:
        newest = {
            cluster: {
                write.key.name: write for write in writes_to(cluster, story(), NOW) if isinstance(write, Sync)
            }
            for cluster in (EU, US, STAGE)
        }

        limits = {cluster: _limit(writes["token-exchange"]) for cluster, writes in newest.items()}
        assert limits == {EU: 250, US: 500, STAGE: 500}


def _limit(write: Sync) -> object:
    return write.body["spec"]["flows"][0]["request"][0]["configuration"]["rate"]["limit"]


def test_a_file_state_is_text_with_its_documents() -> None:
    assert FileState("text").documents == ()


def test_every_commit_has_a_day_and_a_subject_that_fits() -> None:
    assert all(commit.days > 0 and len(commit.subject) <= 72 for commit in COMMITS)
