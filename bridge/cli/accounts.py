"""The commands about who may come in: accounts of people, and tokens of programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bridge.access.roles import ROLES, SCOPES, WAYS
from bridge.cli.output import Format, FormatFlag, JsonFlag, print_rows, say, seen
from bridge.cli.session import session
from bridge.cli.topics import Who

if TYPE_CHECKING:
    from bridge.access.roles import Way
    from bridge.models import UserAccount

app = typer.Typer(no_args_is_help=True, help="Accounts: who may log in, and in which role.")
tokens_app = typer.Typer(no_args_is_help=True, help="Tokens: what programs may do, and until when.")

Name = Annotated[str, typer.Argument(help="The account's name, or e-mail address.")]
RoleName = Annotated[str, typer.Option("--role", help=f"One of: {', '.join(ROLES)}.")]
PasswordFile = Annotated[
    str | None,
    typer.Option("--password-file", metavar="FILE", help="Take the password from a file; - is stdin."),
]


@app.command("add")
def add_account(
    ctx: typer.Context,
    name: Name,
    role: RoleName = "viewer",
    by: Annotated[str, typer.Option("--by", help=f"How they log in: {', '.join(WAYS)}.")] = "password",
    password_file: PasswordFile = None,
    who: Who = "somebody",
) -> None:
    """Add an account; its password is asked for, twice."""
    from bridge.access import accounts

    here = session(ctx).app.context()
    way = _way(by)
    with here.database.reading() as store:
        accounts.refuse(store, name, role)
    password = _password(password_file) if way == "password" else None
    with here.database.writing() as store:
        made = accounts.add(store, name, role, here.now, password=password, way=way, actor=who)
    say(f"{seen(made.name)} may log in as {made.role}")
    login = {"password": "accounts"}.get(way, way)
    if login not in here.settings.access.login:
        say(f'to let them: write access.login = ["{login}"] in bridge.toml, and start serve anew')


@app.command("list")
def list_accounts(ctx: typer.Context, as_json: JsonFlag = False, layout: FormatFlag = Format.TABLE) -> None:
    """List the accounts."""
    from bridge.access import accounts
    from bridge.times import stamp

    with session(ctx).app.database.reading() as store:
        rows = [
            {
                "name": account.name,
                "role": account.role,
                "by": account.way,
                "open": account.disabled_at is None,
                "created": stamp(account.created_at),
                "last_login": stamp(account.last_login_at) if account.last_login_at else None,
            }
            for account in accounts.all_accounts(store)
        ]
    print_rows(rows, Format.JSON if as_json else layout)


@app.command("role")
def change_role(
    ctx: typer.Context,
    name: Name,
    role: Annotated[str, typer.Argument(help=f"One of: {', '.join(ROLES)}.")],
    who: Who = "somebody",
) -> None:
    """Give an account another role, from its next request on."""
    from bridge.access import accounts

    here = session(ctx).app.context()
    with here.database.writing() as store:
        account = accounts.named(store, name)
        alone = _alone(store, account)
        accounts.set_role(store, account, role, here.now, who)
    say(f"{seen(account.name)} is {account.role}")
    if alone and account.role != "admin":
        say(_NO_ADMIN)


@app.command("password")
def change_password(
    ctx: typer.Context, name: Name, password_file: PasswordFile = None, who: Who = "somebody"
) -> None:
    """Give an account another password, and end all its logins."""
    from bridge.access import accounts

    here = session(ctx).app.context()
    with here.database.reading() as store:
        accounts.named(store, name)
    password = _password(password_file)
    with here.database.writing() as store:
        account = accounts.named(store, name)
        accounts.set_password(store, account, password, here.now, who)
    say(f"the password of {seen(account.name)} is changed; all their logins have ended")


@app.command("disable")
def disable_account(ctx: typer.Context, name: Name, who: Who = "somebody") -> None:
    """Keep an account out, with its logins and tokens, until it is enabled."""
    _set_open(ctx, name, who, is_open=False)


@app.command("enable")
def enable_account(ctx: typer.Context, name: Name, who: Who = "somebody") -> None:
    """Let a disabled account in again."""
    _set_open(ctx, name, who, is_open=True)


def _set_open(ctx: typer.Context, name: str, who: str, *, is_open: bool) -> None:
    from bridge.access import accounts

    here = session(ctx).app.context()
    with here.database.writing() as store:
        account = accounts.named(store, name)
        alone = _alone(store, account)
        accounts.set_open(store, account, here.now, who, is_open=is_open)
    now = "may log in again" if is_open else "is kept out; all their logins have ended"
    say(f"{seen(account.name)} {now}")
    if alone:
        say(_NO_ADMIN)


@app.command("remove")
def remove_account(ctx: typer.Context, name: Name, who: Who = "somebody") -> None:
    """Remove an account with its logins and tokens; what it decided stays under its name."""
    from bridge.access import accounts

    here = session(ctx).app.context()
    with here.database.writing() as store:
        account = accounts.named(store, name)
        alone = _alone(store, account)
        accounts.remove(store, account, here.now, who)
    say(f"{seen(account.name)} is removed")
    if alone:
        say(_NO_ADMIN)


@tokens_app.command("add")
def add_token(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What the token is for.")],
    scope: Annotated[
        list[str], typer.Option("--scope", help=f"What it may, again for more: {', '.join(SCOPES)}.")
    ],
    account: Annotated[
        str | None, typer.Option("--account", help="Whose it is: it never may do more than they.")
    ] = None,
    expires: Annotated[str, typer.Option("--expires", help="How long it lasts, such as 30d.")] = "90d",
    who: Who = "somebody",
) -> None:
    """Make a token and print its secret, this once."""
    from bridge.access import accounts, tokens
    from bridge.config.values import parse_duration
    from bridge.errors import InputError

    here = session(ctx).app.context()
    try:
        lasts = parse_duration(expires)
    except ValueError as error:
        raise InputError(f"--expires: {error}") from None
    with here.database.writing() as store:
        owner = accounts.named(store, account) if account else None
        issued = tokens.issue(store, name, scopes=scope, now=here.now, lasts=lasts, owner=owner, actor=who)
        until = issued.token.expires_at
    print(issued.secret)
    say(f"It is kept nowhere, and lasts until {until:%Y-%m-%d}. Send it as: Authorization: Bearer fb_…")


@tokens_app.command("list")
def list_tokens(ctx: typer.Context, as_json: JsonFlag = False, layout: FormatFlag = Format.TABLE) -> None:
    """List the tokens, without their secrets."""
    from bridge.access import tokens
    from bridge.times import stamp

    with session(ctx).app.database.reading() as store:
        rows = [
            {
                "name": token.name,
                "account": owner,
                "scopes": " ".join(token.scopes),
                "expires": stamp(token.expires_at),
                "used": stamp(token.used_at) if token.used_at else None,
            }
            for token, owner in tokens.all_tokens(store)
        ]
    print_rows(rows, Format.JSON if as_json else layout)


@tokens_app.command("revoke")
def revoke_token(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The token's name.")],
    who: Who = "somebody",
) -> None:
    """Take a token back, at once."""
    from bridge.access import tokens

    here = session(ctx).app.context()
    with here.database.writing() as store:
        tokens.revoke(store, tokens.named(store, name), here.now, who)
    say(f"the token {seen(name)} is revoked")


_NO_ADMIN = "nobody is admin any more: feedback-bridge accounts role NAME admin"


def _alone(store: Any, account: UserAccount) -> bool:
    from bridge.access.accounts import is_last_admin

    return is_last_admin(store, account)


def _way(text: str) -> Way:
    from bridge.errors import InputError

    found = next((way for way in WAYS if way == text), None)
    if found is None:
        raise InputError(f"--by: {text!r} is no way to log in; ways: {', '.join(WAYS)}")
    return found


def _password(file: str | None) -> str:
    """Take a new password from a file, from stdin, or from the person; never from the command line."""
    from bridge.access.passwords import refuse_weak
    from bridge.config.secret import read_file
    from bridge.errors import InputError

    if file == "-":
        password = sys.stdin.readline().rstrip("\r\n")
    elif file is not None:
        try:
            password = read_file(Path(file))
        except ValueError as error:
            raise InputError(f"--password-file: {error}") from None
    elif sys.stdin.isatty():
        password = _asked()
    else:
        raise InputError("there is no terminal to ask at; hand the password over with --password-file FILE")
    refuse_weak(password)
    return password


def _asked() -> str:
    from getpass import getpass

    from bridge.errors import InputError

    password = getpass("Password: ")
    if getpass("The same again: ") != password:
        raise InputError("the two were not the same; nothing was changed")
    return password
