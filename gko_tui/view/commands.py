"""The grammar of the `:` bar: `:<command> [target] [@cluster[,cluster]] [/filter]`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from reconciler.model.errors import UsageError


@dataclass(frozen=True, slots=True)
class Command:
    """A parsed line; `clusters` and `filter` are None where the line has no such part."""

    name: str
    arguments: tuple[str, ...] = ()
    clusters: tuple[str, ...] | None = None
    filter: str | None = None


def parse_command(text: str, known: Iterable[str]) -> Command | None:
    """Read one line of the `:` bar; None if it is empty.

    Raises:
        UsageError: there is no such command; names the closest one.
    """
    # A filter may hold blanks and @, so it takes the rest of the line.
    head, slash, filtering = text.strip().partition(" /")
    if text.strip().startswith("/"):
        return Command("filter", (), None, text.strip()[1:])
    words = head.split()
    if not words and not slash:
        return None
    places = [word for word in words if word.startswith("@")]
    words = [word for word in words if not word.startswith("@")]
    clusters = tuple(name for word in places for name in word[1:].split(",") if name) if places else None
    name = words[0].lower() if words else "apis"
    names = sorted(set(known))
    if name not in names:
        close = get_close_matches(name, names, 1, 0.5) or [n for n in names if n.startswith(name[:1])][:1]
        raise UsageError(
            "is not a command",
            subject=f":{name}",
            next_step=f"did you mean :{close[0]}?" if close else "press ? for help",
        )
    return Command(name, tuple(words[1:]), clusters, filtering if slash else None)


def completions(text: str, commands: Sequence[str], arguments: Mapping[str, Sequence[str]]) -> list[str]:
    """What a line could become, the best first.

    Args:
        text: the line so far.
        commands: the names of commands.
        arguments: the words that may follow a command; `@` holds the clusters.
    """
    head, _, last = text.rpartition(" ")
    if last.startswith("@"):
        done, _, part = last[1:].rpartition(",")
        prefix = f"{head} @{done}{',' if done else ''}" if head else f"@{done}{',' if done else ''}"
        return [f"{prefix}{name}" for name in arguments.get("@", ()) if name.startswith(part)]
    if not head:
        return [name for name in commands if name.startswith(last)]
    command = head.split()[0]
    return [f"{head} {word}" for word in arguments.get(command, ()) if word.startswith(last)]
