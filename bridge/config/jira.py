"""The settings of Jira: the site and how we log in, what a ticket is there, and when it moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from bridge.config.part import Hidden, Part, meta
from bridge.config.secret import Secret
from bridge.config.values import (
    JiraUrl,
    Label,
    Line,
    OptionalFolder,
    ProjectKey,
    SiteUrl,
    Text,
)

WhenBack = Literal["reopen", "comment", "new"]
GATEWAY = "/ex/jira/"
"""What the path of the address begins with by which scoped tokens reach Jira Cloud."""


def _name(description: str) -> str:
    """Return a setting that names something in Jira, or nothing."""
    name: str = Field(default="", description=description, json_schema_extra=meta(example='""'))
    return name


class JiraTypes(Part):
    """Type of the ticket by the topic's kind; what is empty is found by itself."""

    problem: Line = _name(
        "Type of a problem's ticket; empty: `Bug`, else `Task`, else the project's first type."
    )
    request: Line = _name(
        "Type of a request's ticket; empty: `Story`, else `Task`, else the project's first type."
    )
    question: Line = _name("Type of a question's ticket; empty: `Task`, else the project's first type.")
    praise: Line = _name("Type of a ticket of praise; empty: `Task`, else the project's first type.")
    other: Line = _name("Type of any other ticket; empty: `Task`, else the project's first type.")

    def given(self) -> dict[str, str]:
        """Return the kinds that were given a type, with it."""
        return {kind: name for kind, name in self if name}


class JiraFields(Part):
    """Fields of Jira that are kept up to date with a topic's figures: an id or the name as it is shown."""

    reach: Line = _name("Number field for how many people said it; empty: none.")
    mentions: Line = _name("Number field for how many statements say it; empty: none.")
    topic: Line = _name("Text field for the topic's id, such as `T-12`; empty: none.")
    recurrence: Line = _name("Number field for how often it came back; empty: none.")

    def given(self) -> dict[str, str]:
        """Return the figures that were given a field, with it."""
        return {figure: name for figure, name in self if name}


class Jira(Part):
    """Jira, when `tracker` is "jira"."""

    url: JiraUrl = Field(
        default="",
        description="Address of the site, or for scoped tokens `https://api.atlassian.com/ex/jira/CLOUDID`.",
        json_schema_extra=meta(example='""'),
    )
    project: ProjectKey = Field(
        default="",
        description="Key of the project that tickets go to when no rule names one.",
        json_schema_extra=meta(example='""'),
    )
    user: Line = Field(
        default="",
        description="E-mail address (Cloud) or name of the account whose token it is; "
        "empty: the token alone says who we are (a personal access token of Data Center, or OAuth).",
        json_schema_extra=meta(example='""'),
    )
    token: Hidden = Field(
        default_factory=lambda: Secret(""),
        description="API token or personal access token; never shown.",
        json_schema_extra=meta(example='""'),
    )
    flavour: Literal["auto", "cloud", "dc"] = Field(
        default="auto", description="Jira Cloud or Data Center; `auto` asks the server."
    )
    site_url: SiteUrl = Field(
        default="",
        description="Address that people open tickets at, if it is not `jira.url`.",
        json_schema_extra=meta(example='""'),
    )
    settle_s: float = Field(
        default=420.0,
        ge=0,
        allow_inf_nan=False,
        description="How long Jira's index may lag behind: what got no answer is looked for after this time, "
        "and once more after half of it, before it is sent again.",
        json_schema_extra=meta(unit="seconds"),
    )
    when_back: WhenBack = Field(
        default="reopen",
        description="What happens to a done ticket when its topic comes back: `reopen` it (after more than "
        "`jira.reopen_within_days` as `new`), only `comment` on it, or open a `new` one linked to it.",
    )
    when_back_in: Mapping[ProjectKey, WhenBack] = Field(
        default={},
        description="As `jira.when_back`, by project.",
        json_schema_extra=meta(example='{ WEB = "new" }'),
    )
    reopen_within_days: int = Field(
        default=30,
        ge=0,
        le=3650,
        description="How long after it was done a ticket is opened again; 0 never does.",
        json_schema_extra=meta(unit="days"),
    )
    wont_do: tuple[Text, ...] = Field(
        default=("Won't Do", "Won't Fix", "Declined"),
        strict=False,
        description="Resolutions and statuses that mean no, in any case: such a ticket is left alone "
        "until its topic escalates.",
    )
    comment_every_days: int = Field(
        default=7,
        ge=1,
        le=3650,
        description="Window in which a ticket gets one comment of ours at most.",
        json_schema_extra=meta(unit="days"),
    )
    cool_down_days: int = Field(
        default=7,
        ge=0,
        le=3650,
        description="Window in which the bridge changes a ticket's state once at most; 0 sets no limit.",
        json_schema_extra=meta(unit="days"),
    )
    service_desk: bool = Field(
        default=False,
        description="Allow service-desk projects, where comments may reach customers.",
    )
    labels: tuple[Label, ...] = Field(
        default=(),
        strict=False,
        description="Further labels for every ticket: without spaces, "
        "and not ending in eight or more hexadecimal digits, which only our own marker does.",
        json_schema_extra=meta(example='["customer-feedback"]'),
    )
    authors: Literal["name", "pseudonym"] = Field(
        default="name", description="How a ticket names the people it quotes."
    )
    templates: OptionalFolder = Field(
        default=None,
        description="Folder with own templates of what a ticket says; empty: ours.",
        json_schema_extra=meta(example='""'),
    )
    types: JiraTypes = Field(
        default=JiraTypes(),
        description="Type of the ticket by the topic's kind; a rule's `type` is stronger.",
    )
    fields: JiraFields = Field(
        default=JiraFields(), description="Fields of Jira that are kept up to date with a topic's figures."
    )
    webhook_secret: Hidden = Field(
        default_factory=lambda: Secret(""),
        description="Secret that Jira signs its webhooks with; without one none is taken. Never shown.",
        json_schema_extra=meta(example='""'),
    )

    @property
    def is_gateway(self) -> bool:
        """Whether the API is reached by Atlassian's gateway, as scoped tokens need it."""
        return GATEWAY in self.url
