"""The settings: what can be set, its default, its help and its unit; the documentation is made from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_serializer, model_validator

from bridge.config.access import Access
from bridge.config.digest import Digest
from bridge.config.jira import Jira
from bridge.config.part import Hidden, Part, meta
from bridge.config.secret import Secret, SecretUrl, looks_secret, mask_url
from bridge.config.serve import Serve
from bridge.config.values import (
    DatabaseUrl,
    Duration,
    Folder,
    Kind,
    Language,
    Languages,
    Mode,
    PublicUrl,
    SourceName,
    Text,
    duration_text,
    quoted,
)
from bridge.config.work import Work


class Database(Part):
    """Where everything is kept."""

    url: DatabaseUrl = Field(
        description="Address of the database: a SQLite file, or PostgreSQL as `postgresql://USER@HOST/NAME`.",
        json_schema_extra=meta(default="`bridge.db` in `paths.data`", example='"sqlite:///bridge.db"'),
    )


class Paths(Part):
    """Folders of the bridge's own files."""

    data: Folder = Field(
        description="Folder for the database, rejected rows and backups.",
        json_schema_extra=meta(default="the user's data folder", example='"data"'),
    )
    cache: Folder = Field(
        description="Folder for models and other files that can be made again.",
        json_schema_extra=meta(default="the user's cache folder", example='"cache"'),
    )


class CreateWhen(Part):
    """What a topic must reach before a ticket is proposed."""

    people: int = Field(
        default=5,
        ge=1,
        description="Distinct people who must have said it.",
        json_schema_extra=meta(unit="people"),
    )
    within_days: int = Field(
        default=28,
        ge=1,
        le=3650,
        description="Window in which those people are counted, back from the bridge's clock.",
        json_schema_extra=meta(unit="days"),
    )
    confidence: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Confidence the topic must have; 0 never holds back.",
    )


class RuleCreateWhen(Part):
    """What a rule asks of a topic; what it leaves out is as in `policy.create_when`."""

    people: int | None = Field(
        default=None,
        ge=1,
        description="As `policy.create_when.people`, for these topics.",
        json_schema_extra=meta(unit="people", example="8"),
    )
    within_days: int | None = Field(
        default=None,
        ge=1,
        le=3650,
        description="As `policy.create_when.within_days`, for these topics.",
        json_schema_extra=meta(unit="days", example="14"),
    )
    confidence: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="As `policy.create_when.confidence`, for these topics.",
        json_schema_extra=meta(example="0.75"),
    )


class Policy(Part):
    """What happens to topics that no rule speaks for."""

    mode: Mode = Field(
        default="review",
        description="Who creates tickets: a person (`review`), the bridge itself (`automatic`), "
        "or nobody: it is only written down what would have been created (`shadow`).",
    )
    kinds: tuple[Kind, ...] = Field(
        default=("problem", "request"),
        strict=False,
        description="Kinds of statement that may become tickets.",
    )
    create_when: CreateWhen = Field(default=CreateWhen(), description="When a ticket is proposed or created.")
    max_creates_per_day: int = Field(
        default=0,
        ge=0,
        description="Most tickets created in one day; 0 sets no cap.",
        json_schema_extra=meta(unit="tickets per day"),
    )


class When(Part):
    """Which topics a rule speaks for; a list left empty lets every topic through."""

    kinds: tuple[Kind, ...] = Field(default=(), strict=False, description="Kinds of statement.")
    sources: tuple[SourceName, ...] = Field(default=(), strict=False, description="Names of sources.")
    languages: tuple[Language, ...] = Field(
        default=(), strict=False, description="Languages of the statements."
    )
    words: tuple[Text, ...] = Field(default=(), strict=False, description="Words, one of which must appear.")


class Rule(Part):
    """What happens to some topics: the first rule that fits decides, `[policy]` comes last."""

    name: Text = Field(
        description="The rule's name, shown with every decision it takes.",
        json_schema_extra=meta(example='"payments"'),
    )
    when: When = Field(default=When(), description="Which topics the rule speaks for.")
    project: Text | None = Field(
        default=None,
        description="Project of the ticket; without it `jira.project`, or `FB` in the bridge's own backlog.",
        json_schema_extra=meta(example='"WEB"'),
    )
    also: tuple[Text, ...] = Field(
        default=(),
        strict=False,
        description="Further projects that get a ticket of the same topic too.",
        json_schema_extra=meta(example='["DOCS"]'),
    )
    type: Text | None = Field(
        default=None, description="Type of the ticket.", json_schema_extra=meta(example='"Bug"')
    )
    mode: Mode | None = Field(
        default=None,
        description="As `policy.mode`, for these topics.",
        json_schema_extra=meta(example='"automatic"'),
    )
    create_when: RuleCreateWhen = Field(
        default=RuleCreateWhen(), description="When a ticket is proposed or created for these topics."
    )


class Source(Part):
    """One channel, with keys of its connector beside our own."""

    model_config = ConfigDict(extra="allow")

    name: SourceName = Field(
        description="Its name: small letters, digits, dots, dashes, underscores; a letter or digit first.",
        json_schema_extra=meta(example='"reviews"'),
    )
    connector: Text = Field(
        description="The kind of channel, such as `files`.", json_schema_extra=meta(example='"files"')
    )
    every: Duration = Field(
        default=timedelta(hours=1),
        description="Time between two pulls, such as `15m`, `1h` or `1d`.",
    )
    paused: bool = Field(default=False, description="Leave this source out of pulls.")

    @model_validator(mode="before")
    @classmethod
    def _hide_secrets(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {
            key: part if key in cls.model_fields else _hidden(str(key), part) for key, part in value.items()
        }

    @model_serializer(mode="plain")
    def _shown(self) -> dict[str, Any]:
        own = {"name": self.name, "connector": self.connector, "every": duration_text(self.every)}
        return {**own, "paused": self.paused, **_plain(self.settings, reveal=False)}

    @property
    def settings(self) -> dict[str, Any]:
        """The connector's own keys; what looks like a secret is a `Secret`."""
        return dict(self.model_extra or {})

    @property
    def is_sent(self) -> bool:
        """Whether the channel sends to us by itself, so that there is nothing to pull."""
        return self.connector == "webhook"

    def revealed(self) -> dict[str, Any]:
        """Give the connector's own keys with secrets in plain text: for the connector, never for output."""
        revealed: dict[str, Any] = _plain(self.settings, reveal=True)
        return revealed


class Brand(Part):
    """Who speaks for the company itself."""

    accounts: tuple[Text, ...] = Field(
        default=(),
        strict=False,
        description="Handles and addresses of the company's own accounts; "
        "what they post never counts as feedback.",
        json_schema_extra=meta(example='["@acme_care", "press@acme.example"]'),
    )
    names: tuple[Text, ...] = Field(
        default=(),
        strict=False,
        description="Names of the company and its products that must not stand in a topic's title.",
        json_schema_extra=meta(example='["Acme"]'),
    )


def _labeller_name(text: str) -> str:
    """Return the name of a labeller, or "" for none."""
    base_url, _, model = text.strip().removeprefix("openai:").partition("#")
    if text.strip() and not (
        text.strip().startswith("openai:") and model and base_url.startswith(("http://", "https://"))
    ):
        raise ValueError(f"{quoted(mask_url(text))} is not openai:BASE_URL#MODEL, the address with https://")
    return text.strip()


LabellerName = Annotated[str, AfterValidator(_labeller_name)]


class Topics(Part):
    """How statements become topics."""

    granularity: Literal["auto", "finer", "coarser"] = Field(
        default="auto", description="How narrow topics are: more and smaller ones, or fewer and wider ones."
    )
    encoder: Text = Field(
        default="minilm+use", description="Name of the model that turns statements into vectors."
    )
    encoder_api_key: Hidden = Field(
        default_factory=lambda: Secret(""),
        description="Key for the encoder's endpoint, if it is one and asks for one; never shown.",
        json_schema_extra=meta(example='""'),
    )
    labeller: LabellerName = Field(
        default="",
        description="Chat model behind an OpenAI-compatible endpoint that proposes titles; "
        "empty asks nobody, and nothing leaves the machine for it.",
        json_schema_extra=meta(example='"openai:https://models.acme.example/v1#small"'),
    )
    labeller_api_key: Hidden = Field(
        default_factory=lambda: Secret(""),
        description="Key for the labeller's endpoint, if it asks for one; never shown.",
        json_schema_extra=meta(example='""'),
    )
    languages: Languages = Field(
        default=("en",),
        strict=False,
        description="Languages the feedback is written in.",
        json_schema_extra=meta(unit="ISO 639-1 codes"),
    )


class Server(Part):
    """Where the page is served."""

    host: Text = Field(default="127.0.0.1", description="Address to listen at.")
    port: int = Field(
        default=8765,
        ge=0,
        le=65_535,
        description="TCP port to listen at; 0 takes any free one.",
    )
    url: PublicUrl = Field(
        default="",
        description="Address at which people reach the page, for links in tickets; empty: no links.",
        json_schema_extra=meta(example='""'),
    )


class Settings(Part):
    """All settings of the bridge."""

    tracker: Literal["local", "jira"] = Field(
        default="local", description="Where tickets go: the bridge's own backlog, or Jira."
    )
    database: Database = Field(description="Where everything is kept.")
    paths: Paths = Field(description="Folders of the bridge's own files.")
    policy: Policy = Field(default=Policy(), description="What happens to topics that no rule speaks for.")
    brand: Brand = Field(default=Brand(), description="Who speaks for the company itself.")
    topics: Topics = Field(default=Topics(), description="How statements become topics.")
    jira: Jira = Field(default=Jira(), description='Jira, when `tracker` is "jira".')
    server: Server = Field(default=Server(), description="Where the page is served.")
    access: Access = Field(default=Access(), description="Who may see the page, and how they log in.")
    serve: Serve = Field(default=Serve(), description="What the daemon does beside the page, and how often.")
    work: Work = Field(default=Work(), description="Who does the steps: `serve` itself, or workers.")
    digest: Digest = Field(default=Digest(), description="What is new, sent daily or weekly.")
    rules: tuple[Rule, ...] = Field(
        default=(),
        alias="rule",
        strict=False,
        description="Rules for some of the topics; the first that fits decides, `[policy]` comes last.",
    )
    sources: tuple[Source, ...] = Field(
        default=(), alias="source", strict=False, description="The channels feedback is pulled from."
    )

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        _unique("rule", (rule.name for rule in self.rules))
        _unique("source", (source.name for source in self.sources))
        return self

    def jira_projects(self) -> tuple[str, ...]:
        """Return every project of Jira that a ticket may go to, the one of `[jira]` first."""
        named = [self.jira.project]
        for rule in self.rules:
            named += [rule.project or self.jira.project, *rule.also]
        return tuple(dict.fromkeys(project for project in named if project))

    def create_when(self, rule: Rule | None) -> CreateWhen:
        """Give what a topic must reach under a rule, or under the policy alone when there is no rule."""
        if rule is None:
            return self.policy.create_when
        return self.policy.create_when.model_copy(update=rule.create_when.model_dump(exclude_none=True))


def _unique(table: str, names: Iterable[str]) -> None:
    twice = [quoted(name) for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(f"the names of [[{table}]] must differ; used more than once: {', '.join(twice)}")


def _hidden(name: str, value: Any, *, inside: bool = False) -> Any:
    """Wrap what must not be shown: what stands under a telling name, and addresses with a password."""
    secret = inside or looks_secret(name)
    if isinstance(value, Mapping):
        return {str(key): _hidden(str(key), part, inside=secret) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(name, part, inside=secret) for part in value]
    if isinstance(value, bool | Secret | None):
        return value
    if secret:
        return Secret(str(value))
    return SecretUrl(value) if isinstance(value, str) and mask_url(value) != value else value


def _plain(value: Any, *, reveal: bool) -> Any:
    if isinstance(value, Secret):
        return value.reveal() if reveal else str(value)
    if isinstance(value, Mapping):
        return {key: _plain(part, reveal=reveal) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part, reveal=reveal) for part in value]
    return value
