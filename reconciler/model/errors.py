"""The small tree of errors: each says what happened, to which thing, and what to do next.

They are raised where the fact is known and shown once, at the row, cell or line they belong to.
"""

from __future__ import annotations


class GkoError(Exception):
    """Something went wrong that a person can act on.

    Args:
        what: what happened, one sentence without the subject's name.
        subject: the thing it happened to (a resource, file, cluster, source…); empty if obvious.
        next_step: what the reader can do about it, one sentence; empty where nothing can be done.
    """

    def __init__(self, what: str, *, subject: str = "", next_step: str = "") -> None:
        self.what = what
        self.subject = subject
        self.next_step = next_step
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """Return "subject: what; next step", the one line that is shown everywhere."""
        head = f"{self.subject}: {self.what}" if self.subject else self.what
        return f"{head}; {self.next_step}" if self.next_step else head


class ConfigurationError(GkoError):
    """gko-tui.yaml, a kubeconfig or an environment variable cannot be used as it is."""


class SourceError(GkoError):
    """A Git source cannot be fetched, resolved or rendered."""


class ClusterError(GkoError):
    """A Kubernetes API server cannot be reached, or refused what was asked.

    Args:
        status: the HTTP status, or None when no answer came.
        reason: a stable one-word cause: `refused`, `timeout`, `tls`, `unauthorized`, `forbidden`,
            `not-found`, `gone`, `conflict`, `credentials`, `protocol`, `server`.
    """

    def __init__(
        self,
        what: str,
        *,
        subject: str = "",
        next_step: str = "",
        status: int | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(what, subject=subject, next_step=next_step)
        self.status = status
        self.reason = reason


class LedgerError(GkoError):
    """This machine's ledger cannot be read or written."""


class UsageError(GkoError):
    """The command line, a selector or a filter is not of its form (exit code 64)."""
