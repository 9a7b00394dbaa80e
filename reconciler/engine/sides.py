"""Any two sides of one resource, compared: a Git revision, a file, the cluster, the control plane, a gateway.

Three forms meet here. Git, files and clusters hold custom resources; a control plane holds bodies; gateways
hold definitions. Two of one form are compared as they are. A resource is brought into the form of a body
before it is compared with what a control plane holds, and into the words of a definition before it is
compared with what a gateway runs. A control plane and a gateway are compared by what was published.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.engine.desired import DEFAULT_NAMESPACE, place
from reconciler.engine.downstream.references import Lookups, whole
from reconciler.engine.downstream.showing import chosen_pod, held_body, meaning_of
from reconciler.gateways.definitions import definition_changes, definition_lines
from reconciler.gateways.folding import Folded
from reconciler.git.parse import parse_documents
from reconciler.model.changes import Change, ChangeKind, HopDiff, Ignored
from reconciler.model.errors import GkoError, UsageError
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict
from reconciler.rules.apim import running
from reconciler.rules.apim.bodies import Body, body_for
from reconciler.rules.apim.comparing import COMPARABLE, compare, hop_lines
from reconciler.rules.apim.references import Problems
from reconciler.rules.comparing import judge
from reconciler.rules.normalise import Normalised, normalise
from reconciler.rules.redact import redact_body
from reconciler.rules.text import document_lines

if TYPE_CHECKING:
    from reconciler.engine.actual import ClusterContent
    from reconciler.engine.desired import Desired
    from reconciler.engine.downstream.chain import Chain
    from reconciler.engine.fingerprint import Fingerprinter
    from reconciler.git.source import GitSource
    from reconciler.settings.model import Platform

WORDS = ("git", "cluster", "control-plane", "gateway", "file")
FORMS = "git[:REV], cluster, control-plane, gateway[:NAME], file:PATH"
_SPLIT = re.compile(r"\.\.(?=(?:git|cluster|control-plane|gateway|file)(?:$|:))")
_PLACES = {
    "git": Place.GIT,
    "cluster": Place.CLUSTER,
    "control-plane": Place.CONTROL_PLANE,
    "gateway": Place.GATEWAY,
    "file": Place.GIT,
}


@dataclass(frozen=True, slots=True)
class Side:
    """One side: a word of `WORDS`, and a revision, a gateway or a path with it."""

    word: str
    argument: str = ""

    def __str__(self) -> str:
        return f"{self.word}:{self.argument}" if self.argument else self.word


def parse_sides(text: str) -> tuple[Side, Side]:
    """Read `A..B`.

    Raises:
        UsageError: it is not of that form.
    """
    parts = _SPLIT.split(text, maxsplit=1)
    if len(parts) != 2:
        raise UsageError("is not of the form A..B", subject=text, next_step=f"sides are {FORMS}")
    return _side(parts[0]), _side(parts[1])


def _side(text: str) -> Side:
    word, _, argument = text.partition(":")
    if word not in WORDS or (argument and word in ("cluster", "control-plane")) or text == "file":
        raise UsageError("is no side", subject=text, next_step=f"sides are {FORMS}")
    return Side(word, argument)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """One side's content; `form` is `resource`, `body` or `definition`, `content` None where it has none."""

    form: str
    label: str
    content: dict[str, Any] | None


class Sides:
    """Compares any two sides of one resource. Everything blocks.

    Args:
        platform: applications, to find a resource at another revision.
        sources: name → Git source.
        chain: control planes and gateways.
        content_of: what a cluster holds.
        desired: what Git says now.
        fingerprinter: key and rules.
    """

    def __init__(
        self,
        platform: Platform,
        sources: Mapping[str, GitSource],
        chain: Chain,
        content_of: Callable[[str], ClusterContent | None],
        desired: Callable[[ResourceKey], Desired | None],
        fingerprinter: Fingerprinter,
    ) -> None:
        self._platform = platform
        self._sources = sources
        self._chain = chain
        self._content_of = content_of
        self._desired = desired
        self._key = fingerprinter.key
        self._ruleset = fingerprinter.ruleset

    def compare(self, key: ResourceKey, left: Side, right: Side) -> HopDiff:
        """Compare two sides of one resource, seen from left to right; redacted.

        Raises:
            UsageError: these two cannot be compared, or a side does not exist for it.
            GkoError: a side cannot be read.
        """
        first, second = self._load(key, left), self._load(key, right)
        empty = HopDiff(_PLACES[right.word], first.label, second.label, None, ())
        forms = (first.form, second.form)
        if forms == ("resource", "resource"):
            return _judged(self._resources(key, first, second, empty), first, second)
        if forms == ("resource", "body"):
            return _judged(self._sent(key, first, second, empty), first, second)
        if forms == ("body", "resource"):
            back = reversed_diff(self._sent(key, second, first, empty), first.label, second.label)
            return _judged(back, first, second)
        if forms == ("resource", "definition"):
            return _judged(self._would_run(key, first, second, empty), first, second)
        if forms == ("definition", "resource"):
            back = reversed_diff(self._would_run(key, second, first, empty), first.label, second.label)
            return _judged(back, first, second)
        return _judged(self._definitions(key, first, second, empty), first, second)

    # --- loading ---------------------------------------------------------------------------

    def _load(self, key: ResourceKey, side: Side) -> _Loaded:
        if side.word == "git":
            return self._from_git(key, side.argument)
        if side.word == "file":
            return self._from_file(key, Path(side.argument))
        if side.word == "cluster":
            content = self._content_of(key.cluster)
            found = content.objects.get(key) if content is not None else None
            body = whole(found) if found is not None else None
            return _Loaded("resource", _label(f"Cluster {key.cluster}", body), body)
        if side.word == "control-plane":
            name = meaning_of(self._chain, key).control_plane
            body = held_body(self._chain, key)
            return _Loaded("body", _label(f"Control plane {name}".strip(), body), body)
        return self._from_gateway(key, side.argument)

    def _from_git(self, key: ResourceKey, revision: str) -> _Loaded:
        desired = self._desired(key)
        if not revision:
            if desired is None:
                return _Loaded("resource", "Git (absent)", None)
            body = self._sources[desired.first.source].body(desired.first.document)
            return _Loaded("resource", f"Git {desired.first.document.path}", body)
        known = desired.first.application if desired is not None else None
        told: GkoError | None = None
        for application in self._platform.applications:
            if key.cluster not in application.clusters or known not in (None, application.name):
                continue
            source = self._sources[application.source]
            try:
                full = source.resolve(revision)
                rendering = source.render(
                    full, application.folder, application.render, recursive=application.recursive
                )
            except GkoError as error:
                told = told or error
                continue
            for document in rendering.documents:
                at = document.key
                if key in place(at.kind, at.namespace, at.name, application):
                    return _Loaded("resource", f"Git {full[:7]} {document.path}", source.body(document))
        if told is not None:
            raise told
        return _Loaded("resource", f"Git {revision} (absent)", None)

    def _from_file(self, key: ResourceKey, path: Path) -> _Loaded:
        try:
            parsed = parse_documents(path.read_bytes(), path.name)
        except OSError as error:
            raise UsageError(
                f"cannot be read: {error.strerror}", subject=str(path), next_step="name a readable file"
            ) from None
        if parsed.problems and not parsed.documents:
            first = parsed.problems[0]
            raise UsageError(first.message, subject=f"{path}:{first.line}", next_step=first.next_step)
        bodies = [document.body for document in parsed.documents]
        named = [body for body in bodies if _is(body, key)]
        if not named and len(bodies) == 1 and bodies[0].get("kind") == key.kind:
            named = bodies
        if len(named) != 1:
            count = "no document" if not named else f"{len(named)} documents"
            raise UsageError(f"holds {count} of {key.kind} {key.namespace}/{key.name}", subject=str(path))
        return _Loaded("resource", f"File {path}", named[0])

    def _from_gateway(self, key: ResourceKey, name: str) -> _Loaded:
        meaning = meaning_of(self._chain, key)
        stopped = self._chain.stopped(key, meaning)
        folded = self._chain.gateway_cells.folded(key, meaning, stopped=stopped)
        if not isinstance(folded, Folded) or not folded.pods:
            raise UsageError("is on no gateway that is known", subject=str(key))
        pod = chosen_pod(folded, name, key)
        views = self._chain.gateway_cells.views(pod.gateway)
        view = next((view for view in views if view.pod == pod.pod), None)
        deployed = view.deployed.get(meaning.id) if view is not None else None
        label = f"Gateway {pod.gateway}/{pod.pod}" if pod.pod else f"Gateway {pod.gateway}"
        definition = deployed.definition() if deployed is not None else None
        return _Loaded("definition", _label(label, definition), definition)

    # --- comparing -------------------------------------------------------------------------

    def _resources(self, key: ResourceKey, left: _Loaded, right: _Loaded, empty: HopDiff) -> HopDiff:
        content = self._content_of(key.cluster)
        ignored: list[Ignored] = []
        sides: list[Normalised | None] = []
        for loaded in (left, right):
            if loaded.content is None or content is None:
                sides.append(None)
                continue
            body = _in_namespace(loaded.content, key)
            sides.append(normalise(body, content.schema(key.kind), self._ruleset, ignored=ignored))
        changes: tuple[Change, ...] = ()
        first, second = sides
        if first is not None and second is not None:
            judged = judge(first, second, None, key=self._key, ruleset=self._ruleset)
            changes = tuple(judged.changes)
            ignored.extend(judged.ignored)
        lines = [
            document_lines(redact_body(side, key.kind, self._key)) if side is not None else ()
            for side in sides
        ]
        return replace(
            empty,
            changes=changes,
            ignored=tuple(dict.fromkeys(ignored)),
            left_lines=lines[0],
            right_lines=lines[1],
        )

    def _sent(self, key: ResourceKey, resource: _Loaded, held: _Loaded, empty: HopDiff) -> HopDiff:
        """What would be sent for a resource of any origin, against what the control plane holds."""
        if key.kind not in COMPARABLE:
            raise UsageError(f"a control plane holds nothing of {key.kind}", subject=str(key))
        made = self._body(key, resource)
        if made is None:
            return empty
        if isinstance(made, Problems):
            return replace(empty, causes=made.causes())
        body = resource.content or {}
        left, right = hop_lines(made, held.content, key=self._key)
        judged = compare(made, held.content, None, key=self._key, resource=self._with_status(key, body))
        return replace(
            empty,
            changes=tuple(judged.changes),
            ignored=tuple(judged.ignored),
            left_lines=left,
            right_lines=right,
        )

    def _with_status(self, key: ResourceKey, resource: Mapping[str, Any]) -> dict[str, Any]:
        """A resource of any origin with what the operator told of the one on the cluster."""
        content = self._content_of(key.cluster)
        found = content.objects.get(key) if content is not None else None
        status = whole(found).get("status") if found is not None else None
        return {**_in_namespace(resource, key), **({"status": status} if status else {})}

    def _body(self, key: ResourceKey, resource: _Loaded) -> Body | Problems | None:
        """The body that would be sent for a resource of any origin; None where there is none."""
        content = self._content_of(key.cluster)
        if resource.content is None or content is None:
            return None
        stated = self._with_status(key, resource.content)
        # As the cluster would hold it: with the schema's defaults, which are sent, too.
        spec = normalise(stated, content.schema(key.kind), self._ruleset).get("spec", {})
        return body_for({**stated, "spec": spec}, Lookups(content, self._chain.material))

    def _would_run(self, key: ResourceKey, resource: _Loaded, runs: _Loaded, empty: HopDiff) -> HopDiff:
        """What a gateway would get for a resource, against what one runs."""
        if key.kind != running.KIND:
            raise UsageError(
                f"{key.kind} cannot be compared with a gateway directly",
                subject=str(key),
                next_step="compare each of the two with control-plane",
            )
        made = self._body(key, resource)
        if made is None or runs.content is None:
            return empty
        if isinstance(made, Problems):
            return replace(empty, causes=made.causes())
        held = held_body(self._chain, key) or {}
        plans = held.get("plans")
        ids = {str(plan.get("hrid")): str(plan.get("id")) for plan in plans} if plans else {}
        wanted = running.would_run(made, ids)
        runs_of_it = running.of_a_resource(runs.content, wanted)
        changes = definition_changes(wanted, runs_of_it, tags=None, key=self._key)
        lines = definition_lines(wanted, runs_of_it, tags=None, key=self._key)
        return replace(empty, changes=changes, left_lines=lines[0], right_lines=lines[1])

    def _definitions(self, key: ResourceKey, first: _Loaded, second: _Loaded, empty: HopDiff) -> HopDiff:
        """Two gateways, or a gateway and what was published for it."""
        sides = [
            self._published(key) if loaded.form == "body" else loaded.content for loaded in (first, second)
        ]
        if sides[0] is None or sides[1] is None:
            return empty
        changes = definition_changes(sides[0], sides[1], tags=None, key=self._key)
        lines = definition_lines(sides[0], sides[1], tags=None, key=self._key)
        return replace(empty, changes=changes, left_lines=lines[0], right_lines=lines[1])

    def _published(self, key: ResourceKey) -> dict[str, Any] | None:
        meaning = meaning_of(self._chain, key)
        published = self._chain.held.of(meaning.control_plane).published.get(meaning.id)
        definition = published.definition() if published is not None else None
        return dict(definition) if definition is not None else None


def _judged(diff: HopDiff, left: _Loaded, right: _Loaded) -> HopDiff:
    """Say Synced where both sides are there and equal; nobody can say more of sides that are no hop."""
    if diff.causes or diff.changes:
        return diff
    absent = [side.label for side in (left, right) if side.content is None]
    if absent:
        return replace(diff, causes=tuple(absent))
    return replace(diff, verdict=Verdict.SYNCED)


_REVERSED = {ChangeKind.ADDED: ChangeKind.REMOVED, ChangeKind.REMOVED: ChangeKind.ADDED}


def reversed_diff(diff: HopDiff, left: str, right: str) -> HopDiff:
    """The same differences seen from the other side."""
    return replace(
        diff,
        left=left,
        right=right,
        changes=tuple(
            replace(
                change,
                kind=_REVERSED.get(change.kind, change.kind),
                left=change.right,
                right=change.left,
            )
            for change in diff.changes
        ),
        left_lines=diff.right_lines,
        right_lines=diff.left_lines,
    )


def _label(name: str, content: object) -> str:
    return name if content is not None else f"{name} (absent)"


def _is(body: Mapping[str, Any], key: ResourceKey) -> bool:
    metadata = body.get("metadata")
    stated = metadata if isinstance(metadata, Mapping) else {}
    namespace = stated.get("namespace") or key.namespace or DEFAULT_NAMESPACE
    return (body.get("kind"), stated.get("name"), namespace) == (key.kind, key.name, key.namespace)


def _in_namespace(body: Mapping[str, Any], key: ResourceKey) -> dict[str, Any]:
    metadata = body.get("metadata")
    stated = metadata if isinstance(metadata, Mapping) else {}
    return {"kind": key.kind, **body, "metadata": {**stated, "namespace": key.namespace, "name": key.name}}
