"""Git trees read raw: which files stand below a folder, and which entries differ between two trees.

Comparing bytes first keeps a walk over a thousand commits cheap: equal subtrees are never opened, and of a
folder with thousands of entries only the part between the first and last difference is taken apart.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import pygit2

_ENTRY: Final = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_WHOLE_ENTRIES: Final = re.compile(rb"(?:[^\0]++\0.{20})*+", re.DOTALL)
_FOLDER, _LINK, _SUBMODULE = b"40000", b"120000", b"160000"
_STEPS: Final = 64
_KEPT_NAMES: Final = 32
_KEPT_BYTES: Final = 8 * 1024 * 1024


class Entry(NamedTuple):
    """What stands at a path: `kind` is `file`, `folder`, `link` or `submodule`; `id` 40-hex."""

    kind: str
    id: str


_KINDS: Final = {_FOLDER: "folder", _LINK: "link", _SUBMODULE: "submodule"}


class Trees:
    """Reads the trees of one repository, keeping the last few in memory. Not thread-safe."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository
        self._odb = repository.odb
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._by_name: dict[str, dict[str, Entry]] = {}

    def raw(self, tree: str) -> bytes:
        """The bytes of a tree object.

        Raises:
            KeyError: the object is not in the repository (a partial or damaged clone).
        """
        kept = self._kept.get(tree)
        if kept is not None:
            self._kept.move_to_end(tree)
            return kept
        data: bytes = self._odb.read(tree)[1]
        self._kept[tree] = data
        self._kept_bytes += len(data)
        while self._kept_bytes > _KEPT_BYTES and len(self._kept) > 2:
            self._kept_bytes -= len(self._kept.popitem(last=False)[1])
        return data

    def entries(self, tree: str) -> list[tuple[str, Entry]]:
        """The names of a folder, each with what it is."""
        return [_named(match) for match in _ENTRY.findall(self.raw(tree))]

    def find(self, tree: str, path: str) -> Entry | None:
        """What stands at a path below a tree (`""` is the tree itself), or None."""
        entry = Entry("folder", tree)
        for part in filter(None, path.split("/")):
            if entry.kind != "folder":
                return None
            below = self._names(entry.id).get(part)
            if below is None:
                return None
            entry = below
        return entry

    def _names(self, tree: str) -> dict[str, Entry]:
        names = self._by_name.get(tree)
        if names is None:
            if len(self._by_name) >= _KEPT_NAMES:
                self._by_name.pop(next(iter(self._by_name)))
            names = self._by_name[tree] = dict(self.entries(tree))
        return names

    def files(self, tree: str, prefix: str, *, recursive: bool) -> Iterator[tuple[str, Entry]]:
        """Every path below a tree that is not a folder, in order, named from `prefix`."""
        for name, entry in self.entries(tree):
            path = f"{prefix}{name}"
            if entry.kind != "folder":
                yield path, entry
            elif recursive:
                yield from self.files(entry.id, f"{path}/", recursive=True)

    def folders(self, tree: str, *, depth: int, prefix: str = "") -> Iterator[str]:
        """The folders below a tree, down to a depth."""
        for name, entry in self.entries(tree):
            if entry.kind == "folder":
                yield f"{prefix}{name}"
                if depth > 1:
                    yield from self.folders(entry.id, depth=depth - 1, prefix=f"{prefix}{name}/")

    def changed(
        self, new: str | None, old: str | None, folders: Collection[str] | None, prefix: str = ""
    ) -> Iterator[tuple[str, Entry | None, Entry | None]]:
        """Paths (folders too) that differ between two trees: (path, new entry, old entry).

        Args:
            new: the newer tree, None for an empty one.
            old: the older tree, None for an empty one.
            folders: only these folders are opened; all if None.
            prefix: the path of the trees, ending in `/`.
        """
        if new == old:
            return
        left = self.raw(new) if new else b""
        right = self.raw(old) if old else b""
        left_entries, right_entries = _different(left, right)
        for name in {**left_entries, **right_entries}:
            path = f"{prefix}{name}"
            a, b = left_entries.get(name), right_entries.get(name)
            yield path, a, b
            a_tree = a.id if a is not None and a.kind == "folder" else None
            b_tree = b.id if b is not None and b.kind == "folder" else None
            if (a_tree or b_tree) and (folders is None or path in folders):
                yield from self.changed(a_tree, b_tree, folders, f"{path}/")


def _named(match: tuple[bytes, bytes, bytes]) -> tuple[str, Entry]:
    mode, name, oid = match
    # Names that are not UTF-8 become text that can be stored and shown; every room sees the same one.
    return name.decode("utf-8", "backslashreplace"), Entry(_KINDS.get(mode, "file"), oid.hex())


def _different(left: bytes, right: bytes) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """The entries that only one of two raw trees has."""
    at_left = at_right = 0
    a: list[tuple[bytes, bytes, bytes]] = []
    b: list[tuple[bytes, bytes, bytes]] = []
    for _ in range(_STEPS):
        same = _entry_start(left, at_left, at_left + _common(left, at_left, right, at_right)) - at_left
        at_left, at_right = at_left + same, at_right + same
        x, y = _ENTRY.match(left, at_left), _ENTRY.match(right, at_right)
        if x is None and y is None:
            break
        if x is not None and (y is None or _order(x) <= _order(y)):
            a.append(_groups(x))
            at_left = x.end()
        if y is not None and (x is None or _order(y) <= _order(x)):
            b.append(_groups(y))
            at_right = y.end()
    else:  # many differences: take both apart whole
        a.extend(_ENTRY.findall(left[at_left:]))
        b.extend(_ENTRY.findall(right[at_right:]))
    both = set(a) & set(b)
    return (
        dict(_named(entry) for entry in a if entry not in both),
        dict(_named(entry) for entry in b if entry not in both),
    )


def _groups(match: re.Match[bytes]) -> tuple[bytes, bytes, bytes]:
    return match[1], match[2], match[3]


def _order(match: re.Match[bytes]) -> bytes:
    """Git's order of a tree: folders stand as if their name ended in a slash."""
    return match[2] + b"/" if match[1] == _FOLDER else match[2]


def _common(left: bytes, at_left: int, right: bytes, at_right: int) -> int:
    """How many bytes two texts share from these places on: comparing halves is a memcmp, not a loop."""
    low, high = 0, min(len(left) - at_left, len(right) - at_right)
    while low < high:
        middle = (low + high + 1) // 2
        if left[at_left + low : at_left + middle] == right[at_right + low : at_right + middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _entry_start(tree: bytes, begin: int, at: int) -> int:
    """The start of the entry that holds the byte `at`; an entry starts at `begin`."""
    match = _WHOLE_ENTRIES.match(tree, begin, at)
    return match.end() if match is not None else begin
