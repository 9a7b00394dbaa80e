"""`gko-tui rules test`: run the tests that stand in rules files."""

from __future__ import annotations

from pathlib import Path

from gko_tui.commands.invocation import Invocation
from gko_tui.view.words import counted
from reconciler.model.errors import UsageError
from reconciler.model.verdicts import ExitCode
from reconciler.rules.text import printable


def test(invocation: Invocation) -> int:
    """Read rules files and run their tests.

    Returns:
        0 all passed, 1 a test failed or a file has mistakes.

    Raises:
        UsageError: a file cannot be read.
    """
    from reconciler.engine.rule_packs import IN_REPOSITORY
    from reconciler.rules.rules_file import parse_rules
    from reconciler.rules.rules_testing import run_cases
    from reconciler.rules.ruleset import RuleSet

    packs = []
    for name in invocation.arguments.files or [IN_REPOSITORY]:
        path = invocation.cwd / Path(name)
        try:
            packs.append(parse_rules(path.read_text(encoding="utf-8", errors="replace"), name))
        except OSError as error:
            raise UsageError(
                f"cannot be read: {error.strerror}", subject=name, next_step="name the rules files to test"
            ) from None
    faults = [fault for pack in packs for fault in pack.faults]
    rules = [rule for pack in packs for rule in pack.rules]
    results = run_cases(packs, RuleSet(ignore=rules))
    failed = [result for result in results if not result.passed]
    if invocation.arguments.output != "table":
        from gko_tui.output.documents import encode

        document = {
            "schema": "gko-tui/rules-test/v1",
            "rules": len(rules),
            "faults": [str(fault) for fault in faults],
            "cases": [
                {"case": result.case.name, "passed": result.passed, "failures": list(result.failures)}
                for result in results
            ],
        }
        invocation.console.write_bytes(encode(document, invocation.arguments.output))
    else:
        for fault in faults:
            invocation.console.warn(printable(str(fault)))
        for result in failed:
            invocation.console.warn(printable(f"{result.case.name}: {'; '.join(result.failures)}"))
        passed = len(results) - len(failed)
        invocation.console.write(
            f"{counted(len(rules), 'rule')}, {counted(len(results), 'test')}: {passed} passed\n"
        )
    return int(ExitCode.ERROR if failed or faults else ExitCode.IN_SYNC)
