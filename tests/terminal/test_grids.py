"""What the screens look like, cell by cell. Renew with `pytest --snapshot-update tests/terminal`."""

from __future__ import annotations

import pytest
from syrupy.assertion import SnapshotAssertion

from reconciler.model.rows import PlaceState, Problem
from reconciler.model.verdicts import Place
from tests.terminal.conftest import Opener
from tests.terminal.grid import GridExtension
from tests.terminal.replay import NOW, Replay, chain_replay, dead


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(GridExtension)


def with_dead_cluster() -> Replay:
    replay = Replay()
    replay.places[2] = dead("prod-us")
    return replay


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36), (200, 60)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_the_table(open_terminal: Opener, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with open_terminal(with_dead_cluster(), size=size) as terminal:
        await terminal.press("j", "j", "j", "j", "j", "j")
        if size[0] >= 160:
            await terminal.shows("KEY_LESS")
        assert terminal.grid == picture


@pytest.mark.parametrize("theme", ["gko-light", "gko-high-contrast", "gko-ansi"])
async def test_the_table_in_other_themes(
    open_terminal: Opener, picture: SnapshotAssertion, theme: str
) -> None:
    async with open_terminal(theme=theme) as terminal:
        assert terminal.grid == picture


async def test_the_table_without_colours(open_terminal: Opener, picture: SnapshotAssertion) -> None:
    async with open_terminal(environ={"NO_COLOR": "1", "LANG": "C.UTF-8"}) as terminal:
        assert terminal.grid == picture


async def test_the_table_in_ascii(open_terminal: Opener, picture: SnapshotAssertion) -> None:
    async with open_terminal(with_dead_cluster(), ascii_only=True) as terminal:
        assert terminal.text.isascii()
        assert terminal.grid == picture


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_the_diff(open_terminal: Opener, picture: SnapshotAssertion, size: tuple[int, int]) -> None:
    async with open_terminal(size=size) as terminal:
        await terminal.command("diff prod-eu:apiv4definition/pay/payments-api")
        await terminal.shows("KEY_LESS")
        assert terminal.grid == picture


async def test_the_diff_with_what_was_ignored(open_terminal: Opener, picture: SnapshotAssertion) -> None:
    async with open_terminal() as terminal:
        await terminal.command("diff prod-eu:apiv4definition/pay/payments-api")
        await terminal.press("i", "vertical_line")
        await terminal.shows("server-set")
        assert terminal.grid == picture


async def test_the_places_of_a_resource(open_terminal: Opener, picture: SnapshotAssertion) -> None:
    async with open_terminal() as terminal:
        await terminal.command("diff prod-eu:apiv4definition/pay/payments-api")
        await terminal.press("1")
        assert terminal.grid == picture


async def test_the_documents_of_a_resource(open_terminal: Opener, picture: SnapshotAssertion) -> None:
    async with open_terminal() as terminal:
        await terminal.command("yaml prod-eu:apiv4definition/pay/payments-api")
        await terminal.shows("‹redacted›")
        assert terminal.grid == picture


async def test_the_help(open_terminal: Opener, picture: SnapshotAssertion) -> None:
    async with open_terminal() as terminal:
        await terminal.press("question_mark")
        assert terminal.grid == picture


async def test_the_places_on_a_bad_night(open_terminal: Opener, picture: SnapshotAssertion) -> None:
    replay = with_dead_cluster()
    replay.places.append(
        PlaceState(
            Place.CLUSTER,
            "stage/Group",
            "failed",
            "may not list groups; ask for the verb list",
            NOW - 9,
            kind="Group",
        )
    )
    replay.places[3] = PlaceState(Place.CLUSTER, "stage", "partial", "some kinds cannot be read", NOW - 2)
    replay.problems = (
        Problem(
            Place.GIT,
            "platform",
            "gateway-api/http-backends.yaml:11",
            "a tab stands where blanks indent",
            "replace it by blanks",
        ),
    )
    async with open_terminal(replay) as terminal:
        await terminal.press("p")
        assert terminal.grid == picture


async def test_the_terminal_is_too_small(open_terminal: Opener, picture: SnapshotAssertion) -> None:
    async with open_terminal(size=(50, 12)) as terminal:
        assert "needs 60×16" in terminal.text
        assert terminal.grid == picture


@pytest.mark.parametrize("size", [(80, 24), (200, 60)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_the_whole_strip(
    open_terminal: Opener, picture: SnapshotAssertion, size: tuple[int, int]
) -> None:
    async with open_terminal(chain_replay(), size=size) as terminal:
        await terminal.press("G")
        if size[0] >= 160:
            await terminal.shows("+ AUTO")
        assert terminal.grid == picture


@pytest.mark.parametrize("environ", [{"LANG": "C.UTF-8"}, {"NO_COLOR": "1", "LANG": "C.UTF-8"}])
async def test_the_diff_of_the_control_plane(
    open_terminal: Opener, picture: SnapshotAssertion, environ: dict[str, str]
) -> None:
    async with open_terminal(chain_replay(), environ=environ) as terminal:
        await terminal.command("diff payments-api")
        await terminal.shows("Control plane apim-eu")
        assert terminal.grid == picture


async def test_the_way_of_a_resource(open_terminal: Opener, picture: SnapshotAssertion) -> None:
    async with open_terminal(chain_replay(), size=(100, 30), theme="gko-light") as terminal:
        await terminal.command("trace orders-v2")
        await terminal.shows("PLAN_UPDATED")
        assert terminal.grid == picture


async def test_the_four_places_of_a_resource_in_ascii(
    open_terminal: Opener, picture: SnapshotAssertion
) -> None:
    async with open_terminal(chain_replay(), size=(100, 40), ascii_only=True) as terminal:
        await terminal.command("yaml orders-v2")
        await terminal.press("1")
        await terminal.shows("revision 7")
        assert terminal.grid == picture
