"""The command `gko-tui`: reads the command line, runs one verb, and turns what happens into an exit code.

Nothing slow is imported here: `--help` and a typo answer at once, and neither Textual nor Rich is ever
loaded for a command that only prints.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from gko_tui.commands.invocation import Invocation
from gko_tui.commands.table import COMMANDS, GLOBAL, ON_SCREEN, Argument, Command
from gko_tui.output.console import Console, is_terminal, open_console
from reconciler.model.errors import GkoError, UsageError
from reconciler.model.verdicts import ExitCode

INTERRUPTED, PIPE_CLOSED = 130, 141
"""What a shell reports for SIGINT and SIGPIPE."""

_DESCRIPTION = """\
Dashboard and reconcile console for Gravitee API platforms run as code: what Git says, what each
cluster holds, and where they part. Without a command it opens the terminal."""
_EPILOG = """\
exit codes of reads: 0 in sync; 2 changes on their way; 3 drift; 4 blocked; 5 something could not be
read; 1 error; 64 usage. Of writes: 0 done and seen; 2 done, not seen yet; 4 blocked or not confirmed;
1 failed or stopped."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        argv: without the program's name; the process's own by default.

    Returns:
        the exit code (ENGINE §5; 130 after Ctrl-C, 141 when the reader of a pipe went away).
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names from outside must never end the program
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(list(sys.argv[1:] if argv is None else argv), os.environ)
    except SystemExit as ending:  # argparse: --help, a usage error
        return ending.code if isinstance(ending.code, int) else int(ExitCode.IN_SYNC)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return PIPE_CLOSED


def _run(argv: list[str], environ: Mapping[str, str]) -> int:
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.handler is None and not arguments.version and (arguments.plain or not can_draw(environ)):
        arguments = parser.parse_args([*argv, "status"])
    if arguments.version:
        from gko_tui.commands.info import own_version

        sys.stdout.write(f"gko-tui {own_version()}\n")
        return int(ExitCode.IN_SYNC)
    console = open_console(environ, ascii_only=arguments.ascii, no_colour=arguments.no_color)
    invocation = Invocation(arguments, console, environ, Path.cwd(), time.time)
    handler = arguments.handler or TERMINAL
    try:
        if handler != TERMINAL:  # the terminal's own log goes to a file: the screen is taken
            _start_logging(invocation)
        code = _load(handler)(invocation)
        console.out.flush()
        return code
    except GkoError as error:
        return _failed(console, error, debug=arguments.debug)
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as error:
        return _broken(console, error, debug=arguments.debug)


# --- the parser --------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """argparse with our exit code for a wrong command line."""

    def error(self, message: str) -> NoReturn:
        self.exit(int(ExitCode.USAGE), f"{self.prog}: {message}\ntry {self.prog} --help\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        choices = list(action.choices or ())
        if choices and value not in choices:
            # argparse lists a group of commands as one of its names
            from reconciler.settings.nearest import known_names

            known = known_names(str(value), map(str, choices), "ones")
            raise argparse.ArgumentError(action, f"'{value}' is not one of them; {known}")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line, made from the command table."""
    parser = _Parser(
        prog="gko-tui",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    _add(parser, (*GLOBAL, *ON_SCREEN))
    parser.set_defaults(handler=None)
    groups: dict[str, Any] = {
        "": parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)
    }
    for command in COMMANDS:
        group, _, verb = command.name.rpartition(" ")
        if group not in groups:
            holder = groups[""].add_parser(group, help=_group_summary(group), allow_abbrev=False)
            groups[group] = holder.add_subparsers(title="commands", metavar="COMMAND", required=True)
        _add_command(groups[group], verb, command)
    return parser


def _add_command(group: Any, verb: str, command: Command) -> None:
    examples = "".join(f"\n  {example}" for example in command.examples)
    parser = group.add_parser(
        verb,
        help=command.summary.rstrip("."),
        description=command.summary,
        epilog=f"examples:{examples}" if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add(parser, command.arguments)
    # Global options are understood on both sides of the verb; SUPPRESS keeps what stood before it.
    _add(parser, GLOBAL, default=argparse.SUPPRESS)
    parser.set_defaults(handler=command.handler)


def _add(parser: argparse.ArgumentParser, arguments: Iterable[Argument], **more: Any) -> None:
    for argument in arguments:
        parser.add_argument(*argument.flags, help=argument.help, **{**argument.options, **more})


def _group_summary(group: str) -> str:
    verbs = [command.name.rpartition(" ")[2] for command in COMMANDS if command.name.startswith(f"{group} ")]
    return f"{' and '.join(verbs)}: see gko-tui {group} --help"


# --- running -----------------------------------------------------------------------------------

TERMINAL = "gko_tui.commands.terminal:run"


def can_draw(environ: Mapping[str, str]) -> bool:
    """Whether a full-screen terminal can be drawn here."""
    return is_terminal(sys.stdout) and is_terminal(sys.stdin) and environ.get("TERM", "") not in ("", "dumb")


def _load(handler: str) -> Callable[[Invocation], int]:
    module, _, name = handler.partition(":")
    found: Callable[[Invocation], int] = getattr(import_module(module), name)
    return found


def _start_logging(invocation: Invocation) -> None:
    if not invocation.arguments.debug:
        return
    import logging

    from reconciler.headless.logs import log_json, open_log

    state = invocation.paths().state
    try:
        file = open_log(state, "debug.log")
    except OSError as error:
        raise GkoError(f"the log cannot be written ({error.strerror or error})") from error
    log_json(file, invocation.console.err, level=logging.DEBUG)
    invocation.console.warn(f"logging to {state / 'debug.log'}")


def _failed(console: Console, error: GkoError, *, debug: bool) -> int:
    from reconciler.rules.text import printable

    with contextlib.suppress(BrokenPipeError):
        console.out.flush()
    for line in error.sentence().splitlines():
        console.warn(f"gko-tui: {printable(line)}")
    if debug:
        _print_traceback()
    return int(ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.ERROR)


def _broken(console: Console, error: Exception, *, debug: bool) -> int:
    from reconciler.rules.text import printable

    console.warn(f"gko-tui: a mistake in gko-tui itself: {type(error).__name__}: {printable(str(error))}")
    if debug:
        _print_traceback()
    else:
        console.warn("run it again with --debug to see where, and report it")
    return int(ExitCode.ERROR)


def _print_traceback() -> None:
    import traceback

    traceback.print_exc()


def _forget_stdout() -> None:
    """Nobody reads any more: let the interpreter flush into nothing when it ends."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
