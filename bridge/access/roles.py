"""Roles, what each may do, and who is asking.

What a route needs is one of the words of `Need`; the table `MAY` says which roles have it, and nothing else
does. `open` needs nobody to be known, and `signed` proves by itself where it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Role = Literal["viewer", "triager", "approver", "admin", "auditor"]
Need = Literal["open", "signed", "self", "read", "decide", "approve", "manage", "audit"]
Scope = Literal["read", "decide", "approve", "manage", "audit"]
Way = Literal["password", "oidc", "proxy"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
NEEDS: Final[tuple[Need, ...]] = get_args(Need)
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
WAYS: Final[tuple[Way, ...]] = get_args(Way)

MEANS: Final[dict[Need, str]] = {
    "open": "nobody has to be known",
    "signed": "the request is signed",
    "self": "one's own account, tokens and saved views, for people and not for tokens",
    "read": "see topics, what was said, tickets, and figures",
    "decide": "decide on topics: merge, split, move, reject, rename, pin, ignore, snooze, edit a draft, undo",
    "approve": "approve tickets, and apply changes in the tracker",
    "manage": "change settings, accounts, and everybody's tokens",
    "audit": "read the audit log and the runs",
}
MAY: Final[dict[Role, frozenset[Need]]] = {
    "viewer": frozenset({"self", "read"}),
    "triager": frozenset({"self", "read", "decide"}),
    "approver": frozenset({"self", "read", "decide", "approve"}),
    "admin": frozenset({"self", "read", "decide", "approve", "manage", "audit"}),
    "auditor": frozenset({"self", "read", "audit"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who is asking. `scopes` narrows a token to some of the role; None is all of it.

    `name` is what decisions and the audit log are signed with. `session_id` is the login it comes from.
    """

    name: str
    role: Role
    via: Literal["local", "session", "proxy", "token"]
    account_id: int | None = None
    session_id: int | None = None
    scopes: frozenset[str] | None = None


LOCAL: Final = Actor(name="local", role="admin", via="local")
"""Who sits at this machine, when nobody has to log in."""


def may(actor: Actor | None, need: Need) -> bool:
    """Say whether somebody may do what needs this; nobody may only do what is open.

    >>> may(LOCAL, "approve"), may(None, "read"), may(None, "open")
    (True, False, True)
    """
    if need in ("open", "signed"):
        return True
    if actor is None or need not in MAY[actor.role]:
        return False
    return actor.scopes is None or need in actor.scopes


def as_role(text: str) -> Role | None:
    """Return the role of this name, None if there is none."""
    return next((role for role in ROLES if role == text), None)
