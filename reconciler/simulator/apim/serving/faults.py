"""What a control plane or a gateway can be made to do wrong, and how long its work takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True)
class Costs:
    """How long the server works at a request, in seconds (measured on a real one: DOMAIN §9).

    `Costs.real()` gives what was measured; without any, everything is answered at once.
    """

    list_s: float = 0.0
    get_s: float = 0.0
    write_s: float = 0.0

    @classmethod
    def real(cls) -> Costs:
        """A list page 0.2 s, reading one thing 50 ms, a write 80 ms."""
        return cls(0.2, 0.05, 0.08)


@dataclass(slots=True)
class Faults:
    """The knobs of one server; all are off at first and take effect on the next request.

    Attributes:
        path: only requests whose path contains this text meet the faults.
        hang: requests are accepted and never answered.
        delay_s: seconds that pass before each answer.
        status: every answer has this HTTP status (500, 503…); 0 means normally.
        page: what comes instead of JSON: an error page, or a login page, both as HTML with 200.
        redirect_to: every request is sent on to this URL with 302, as to a login page.
        truncated: JSON is cut off in the middle.
        unauthorized_after: after so many more answers, credentials are refused; None means never.
        endless: a list's pages never end, and repeat.
    """

    path: str = ""
    hang: bool = False
    delay_s: float = 0.0
    status: int = 0
    page: Literal["", "error", "login"] = ""
    redirect_to: str = ""
    truncated: bool = False
    unauthorized_after: int | None = None
    endless: bool = False

    def clear(self) -> None:
        """Switch every fault off; requests that hang stay unanswered."""
        fresh = Faults()
        for name in Faults.__slots__:
            setattr(self, name, getattr(fresh, name))

    def concerns(self, path: str) -> bool:
        """Whether a request to this path meets the faults."""
        return self.path in path

    def refuses(self) -> bool:
        """Count one answer; whether its credentials are to be refused."""
        if self.unauthorized_after is None:
            return False
        if self.unauthorized_after > 0:
            self.unauthorized_after -= 1
            return False
        return True


ERROR_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
LOGIN_PAGE = '<html><head><title>Sign in</title></head><body><form action="/login"></form></body></html>'
