"""A plan for people: readable from top to bottom, in the direction of the write, safe to print."""

from __future__ import annotations

from typing import Any

from gko_tui.output.cells import cells
from gko_tui.output.plan_table import plan_lines
from gko_tui.output.plan_words import summary_line
from reconciler.model.changes import Change, ChangeKind
from reconciler.model.plan import Plan
from reconciler.model.steps import Asks, Block, Confirmation, Stage, Verb
from tests.unit.commands_acting.plans import (
    CREATES,
    RICH,
    MemoryEngine,
    Run,
    key,
    plan_of,
    step,
)


def lines(plan: Plan, **console: Any) -> list[str]:
    return plan_lines(plan, Run("plan", MemoryEngine(plan), **console).invocation.console)


def test_steps_stand_in_their_order_with_word_place_name_and_reason() -> None:
    assert lines(CREATES)[1:3] == [
        "  1  create  cluster  prod-eu:ApiV4Definition/pay/payments-api  it is not on the cluster",
        "  2  create  cluster  prod-eu:ApiV4Definition/pay/orders  it is not on the cluster",
    ]


def test_a_rich_plan_says_all_there_is_to_say() -> None:
    text = "\n".join(lines(RICH))
    assert text.startswith(f"plan {RICH.short_id}  sync\n")
    assert "prod-eu:ApiV4Definition/pay/catalog  somebody changed it (medium risk)" in text
    assert "      spec.name  - Paymentz  + Payments  (kubectl-edit)\n" in text
    assert "      spec.password  ‹redacted› changes\n" in text
    assert '      spec.tags  + ["a","b"]\n' in text
    assert "      spec.plans[free]  - " in text
    assert "      takes spec.name from kubectl-edit\n" in text
    assert "      ⚠ its context is on no cluster\n" in text
    assert "would create\n      Git defines it 2 times: a.yaml:1 and b.yaml:7; keep one of them\n" in text
    assert "  wait     gateways  prod-eu:ApiV4Definition/pay/catalog  until its gateways run it\n" in text
    assert "note: 1 resource of shop that Git no longer defines stays: pruning is off\n" in text
    assert 'asks for "take 1": kubectl-edit changed spec.name\n' in text
    assert 'asks for "delete 1": deletions cannot be undone\n' in text
    assert text.endswith("\n1 create, 1 update, 1 delete, 1 wait, 1 blocked; 1 unchanged")


def test_what_is_in_sync_is_only_counted() -> None:
    plan = plan_of(*(step(name, Verb.NOOP, reason="") for name in ("a", "b", "c")))
    assert lines(plan)[1:] == ["nothing to do; 3 unchanged"]


def test_a_block_that_is_the_reason_is_said_once() -> None:
    block = Block("deleting", "it is being deleted on the cluster", "wait until it is gone")
    plan = plan_of(step(verb=Verb.BLOCKED, reason=block.text, blocked=(block,)))
    text = "\n".join(lines(plan))
    assert text.count("it is being deleted") == 1
    assert "      wait until it is gone" in text


def test_no_secret_is_shown_in_a_subtree_either() -> None:
    text = "\n".join(lines(RICH))
    for secret in ("hunter2", "s3cret", "k3y"):
        assert secret not in text


def test_hostile_names_and_texts_cannot_act_on_the_terminal() -> None:
    evil = "a\x1b[2J\u202eb"
    change = Change(("spec", evil), ChangeKind.CHANGED, evil, evil + "x", manager=evil)
    plan = plan_of(
        step(
            key=key(evil),
            verb=Verb.UPDATE,
            reason=evil,
            changes=(change,),
            warnings=(evil,),
            blocked=(Block("x", evil, evil),),
        ),
        step("b", confirmations=(Confirmation(Asks.PROTECTED, evil, evil),)),
        notes=(evil,),
    )
    for width in (None, 40):
        text = "\n".join(lines(plan, width=width))
        assert "\x1b" not in text and "\u202e" not in text


def test_a_narrow_terminal_folds_and_loses_no_reason() -> None:
    shown = lines(RICH, width=60)
    text = " ".join(" ".join(shown).split())
    assert "somebody changed it (medium risk)" in text
    assert "Git defines it 2 times: a.yaml:1 and b.yaml:7; keep one of them" in text
    below = [line for line in shown if line.startswith("      ")]
    assert below and max(map(cells, below)) <= 60


def test_ascii_terminals_get_ascii() -> None:
    plan = plan_of(step(warnings=("look",)))
    assert "\n".join(lines(plan, ascii_only=True)).isascii()
    text = "\n".join(lines(RICH, ascii_only=True))
    assert text.isascii()
    assert "spec.password  <redacted> changes" in text


def test_both_hops_of_one_resource_are_told_apart() -> None:
    plan = plan_of(step(), step(verb=Verb.UPDATE, stage=Stage.CONTROL_PLANE, level=1, reason="drift"))
    cluster, plane = lines(plan)[1:3]
    assert "create  cluster        prod-eu" in cluster
    assert "update  control plane  prod-eu" in plane


def test_thousands_of_changes_of_one_step_are_cut() -> None:
    changes = tuple(Change(("spec", f"f{at}"), ChangeKind.CHANGED, at, at + 1) for at in range(3000))
    shown = lines(plan_of(step(verb=Verb.UPDATE, changes=changes)))
    assert len(shown) < 50
    assert "… 2960 changes more; -o json has them" in "\n".join(shown)


def test_the_summary_counts_words() -> None:
    assert summary_line(CREATES) == "2 create"
    assert summary_line(plan_of()) == "nothing to do"


def test_what_one_thing_blocks_on_one_cluster_is_told_together_with_every_name() -> None:
    dead = Block("unreadable", "dr-eu did not answer", "make the cluster readable")
    alone = Block("broken", "a.yaml:3: a tab", "correct it in Git")
    stuck = [step(name, Verb.BLOCKED, reason=dead.text, blocked=(dead,)) for name in ("a", "b", "c", "d")]
    shown = lines(plan_of(*stuck, step("e", Verb.BLOCKED, reason=alone.text, blocked=(alone,)), step("f")))
    assert shown[1:8] == [
        "  1  blocked  cluster  prod-eu: 4 resources  dr-eu did not answer",
        "      make the cluster readable",
        *(f"      ApiV4Definition/pay/{name}" for name in "abcd"),
        "  1  blocked  cluster  prod-eu:ApiV4Definition/pay/e  a.yaml:3: a tab",
    ]
    assert shown[-1] == "1 create, 5 blocked"
