"""What settings must be together: faults that no setting has by itself, and what is doubtful."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from bridge.config.model import Rule, Settings, Source
from bridge.config.values import closest, is_loopback, is_project_key, quoted


def contradictions(settings: Settings) -> list[str]:
    """Say what is wrong between settings that are each fine, one sentence each."""
    faults = [fault for rule in settings.rules for fault in _of_rule(settings, rule)]
    faults += [*_of_access(settings), *_of_digest(settings)]
    return [*_of_jira(settings), *faults] if settings.tracker == "jira" else faults


def doubtful(settings: Settings) -> list[str]:
    """Name what is hardly meant: keys like one of ours mistyped, an address that lets nobody in."""
    own = list(Source.model_fields)
    hints = [(source, key, closest(key, own, 0.8)) for source in settings.sources for key in source.settings]
    mistyped = [
        f"`{key}` of [[source]] {quoted(source.name)} is handed on to its connector; did you mean `{hint}`?"
        for source, key, hint in hints
        if hint
    ]
    return [*_open_house(settings), *mistyped]


def _open_house(settings: Settings) -> Iterator[str]:
    """Warn of an address for others at a page that lets nobody in by it."""
    name = urlsplit(settings.server.url).hostname or ""
    if name and not settings.access.login and not _is_here(name):
        yield (
            f"`server.url` names {quoted(name)}, and `access.login` is empty: links begin with it, but "
            'the page answers on this machine alone; to let people in, set `access.login` to ["accounts"], '
            '["oidc"] or ["proxy"]'
        )


def _is_here(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _of_jira(settings: Settings) -> Iterator[str]:
    jira = settings.jira
    if not jira.url:
        yield (
            '`tracker` is "jira", which needs `jira.url`: write the address of your site, '
            "such as https://acme.atlassian.net"
        )
    if not jira.project:
        yield (
            '`tracker` is "jira", which needs `jira.project`: write the key that stands before the number of '
            'each issue, such as "WEB"'
        )
    if not jira.token:
        yield (
            '`tracker` is "jira", which needs a token: hand it over by `jira.token_file`, '
            "`jira.token_command`, or FEEDBACK_BRIDGE_JIRA__TOKEN in the environment"
        )
    if jira.is_gateway and not jira.site_url:
        yield (
            "`jira.url` is the address for programs, which needs `jira.site_url`: write the site as people "
            "open it, such as https://acme.atlassian.net"
        )


def _of_access(settings: Settings) -> Iterator[str]:
    access, oidc = settings.access, settings.access.oidc
    if "proxy" in access.login and not access.proxy_addresses:
        yield (
            '`access.login` has "proxy", which needs `access.proxy_addresses`: write the address that the '
            'proxy comes from, such as ["10.0.0.5"]; anybody else could name any user'
        )
    if "oidc" not in access.login:
        return
    needed = {"access.oidc.issuer": oidc.issuer, "access.oidc.client_id": oidc.client_id}
    for name in [name for name, value in needed.items() if not value]:
        yield f'`access.login` has "oidc", which needs `{name}`: your identity provider tells it'
    if not settings.server.url:
        yield (
            '`access.login` has "oidc", which needs `server.url`: write the address at which people reach '
            "the page, as the identity provider sends them back there"
        )


def _of_digest(settings: Settings) -> Iterator[str]:
    digest, smtp = settings.digest, settings.digest.smtp
    if digest.to and not smtp.host:
        yield (
            "`digest.to` needs `digest.smtp.host`: write the name of the mail server that digests go "
            "through, such as mail.acme.example"
        )
    if smtp.host and not digest.to:
        yield (
            "`digest.smtp.host` needs `digest.to`: write the addresses that digests go to, "
            'such as ["product@acme.example"]'
        )
    if smtp.host and smtp.security == "none" and not is_loopback(smtp.host):
        yield (
            f'`digest.smtp.security` is "none", and {quoted(smtp.host)} is another machine: customers\' '
            'words would go there unencrypted; write "starttls" or "tls"'
        )
    if bool(smtp.user) != bool(smtp.password):
        yield (
            "`digest.smtp.user` and a password go together: hand it over by `digest.smtp.password_file`, "
            "`digest.smtp.password_command`, or FEEDBACK_BRIDGE_DIGEST__SMTP__PASSWORD in the environment, "
            "or leave both out"
        )


def _of_rule(settings: Settings, rule: Rule) -> Iterator[str]:
    main = rule.project or (settings.jira.project if settings.tracker == "jira" else "FB")
    for project, times in Counter([main, *rule.also]).items():
        if times > 1:
            yield (
                f"`also` of [[rule]] {quoted(rule.name)} names {quoted(project)}, which has its ticket "
                "already; name each further project once"
            )
        if settings.tracker == "jira" and project and not is_project_key(project):
            yield (
                f"[[rule]] {quoted(rule.name)} names the project {quoted(project)}, which is no key of Jira: "
                'write the capital letters that stand before the number of each issue, such as "WEB"'
            )
