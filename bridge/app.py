"""Where everything is wired: the only place that reads the environment and the clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.errors import BridgeError, InputError, ModelError

if TYPE_CHECKING:
    from bridge.config.load import Loaded
    from bridge.config.model import Settings
    from bridge.config.model import Source as SourceSettings
    from bridge.jobs.duties import Duties
    from bridge.jobs.jobs import Outcome
    from bridge.jobs.log import Log
    from bridge.jobs.metronome import Metronome
    from bridge.jobs.pulse import Pulse
    from bridge.pipeline.context import Context, Progress
    from bridge.pipeline.pulling import Pulled
    from bridge.store.database import Database
    from bridge.tracker import Tracker
    from bridge.tracker.jira import JiraSite
    from connectors import Health, Source
    from topics.classify import KindClassifier
    from topics.encoders.base import Encoder
    from topics.labeller import Labeller
    from topics.language import Detector


class App:
    """The program's parts, each made at first use."""

    def __init__(self, *, config_path: Path | None = None, flags: Mapping[str, object] | None = None) -> None:
        self.config_path = config_path
        self.cwd = Path.cwd()
        self._flags = dict(flags or {})

    @cached_property
    def _loaded(self) -> Loaded:
        import platformdirs

        from bridge.config.load import load

        name = "feedback-bridge"
        return load(
            flags=self._flags,
            env=os.environ,
            file=self.config_path,
            cwd=self.cwd,
            user_dir=platformdirs.user_config_path(name),
            data_dir=platformdirs.user_data_path(name),
            cache_dir=platformdirs.user_cache_path(name),
        )

    def loaded(self) -> Loaded:
        """Return the settings with their origins; raises `SettingsError`."""
        return self._loaded

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._loaded.settings

    @cached_property
    def database(self) -> Database:
        """The store, its schema brought to this version."""
        database = self.bare_database()
        database.upgrade()
        return database

    def bare_database(self) -> Database:
        """Return the store as it stands, whatever its schema."""
        from bridge.store.database import Database

        return Database(self.settings.database.url.reveal(), self.settings.paths.data / "backups")

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder named in the settings; raises `ModelError`."""
        import httpx

        from topics.embed import make_encoder
        from topics.errors import ModelError as TopicsModelError

        topics = self.settings.topics
        key = topics.encoder_api_key.reveal() or None
        try:
            return make_encoder(
                topics.encoder, cache=self.settings.paths.cache, http=httpx.Client, api_key=key
            )
        except TopicsModelError as error:
            raise ModelError(f"topics.encoder: {error}") from error

    @cached_property
    def labeller(self) -> Labeller | None:
        """The labeller named in the settings, None without one; raises `ModelError`."""
        topics = self.settings.topics
        if not topics.labeller:
            return None
        import httpx

        from topics.errors import ModelError as TopicsModelError
        from topics.labeller import open_labeller

        try:
            return open_labeller(topics.labeller, httpx.Client, topics.labeller_api_key.reveal() or None)
        except TopicsModelError as error:
            raise ModelError(f"topics.labeller: {error}") from error

    @cached_property
    def classifier(self) -> KindClassifier:
        """The classifier of kinds."""
        from topics.classify import KindClassifier

        return KindClassifier.load()

    @cached_property
    def detector(self) -> Detector:
        """The detector of languages."""
        from topics.language import Detector

        return Detector()

    @cached_property
    def _tracker(self) -> Tracker:
        if self.settings.tracker == "local":
            from bridge.tracker.local import LocalTracker

            return LocalTracker(self.database, now)
        from bridge.tracker.jira import JiraTracker

        return JiraTracker(self.jira_site())

    def tracker(self) -> Tracker:
        """Return the tracker named in the settings."""
        return self._tracker

    def jira_site(self) -> JiraSite:
        """Return what the settings say of Jira; its flavour, once found out, is known from then on."""
        from bridge.store.remembered import remember, remembered
        from bridge.tracker.jira import JiraSite

        jira = self.settings.jira
        name = f"flavour of {jira.url}"
        with self.database.reading() as session:
            known = remembered(session, name)

        def keep(flavour: str) -> None:
            with self.database.writing() as session:
                remember(session, name, flavour)

        return JiraSite(
            url=jira.url,
            token=jira.token.reveal,
            user=jira.user or None,
            flavour=jira.flavour,
            tell_flavour=keep,
            known_flavour="cloud" if known == "cloud" else "dc" if known == "dc" else None,
            site_url=jira.site_url or None,
            settle_s=jira.settle_s,
            types={kind: name for kind, name in jira.types.model_dump().items() if name},
            fields={ours: theirs for ours, theirs in jira.fields.model_dump().items() if theirs},
            service_desks_allowed=jira.service_desk,
        )

    def scratch(self, path: Path, encoder: Any = None) -> App:
        """Return the same program on another, new database; `encoder` replaces the one of the settings."""
        flags = {**self._flags, "database.url": f"sqlite:///{path}"}
        other = App(config_path=self.config_path, flags=flags)
        other.__dict__["encoder"] = encoder or self.encoder
        return other

    def context(
        self, *, as_of: datetime | None = None, progress: Progress | None = None, **extra: Any
    ) -> Context:
        """Return what a run needs. `as_of` sets the bridge's clock."""
        from bridge.pipeline.context import Context, Silent

        return Context(
            database=self.database,
            settings=self.settings,
            now=as_of or now(),
            encoder=lambda: self.encoder,
            classifier=lambda: self.classifier,
            detector=lambda: self.detector,
            tracker=self.tracker,
            labeller=lambda: self.labeller,
            progress=progress or Silent(),
            **extra,
        )

    def pull(
        self, context: Context, names: Sequence[str] = (), *, full: bool = False
    ) -> Callable[[], list[Pulled]]:
        """Return the pull of these sources, or of all that are not paused."""
        chosen = self._sources(names)

        def do() -> list[Pulled]:
            return [self._pull_one(context, source, full=full) for source in chosen]

        return do

    def _sources(self, names: Sequence[str]) -> list[SourceSettings]:
        known = {source.name: source for source in self.settings.sources}
        unknown = [name for name in names if name not in known]
        if unknown:
            there = ", ".join(known) or "none yet: add a [[source]] to bridge.toml"
            raise InputError(f"there is no source named {unknown[0]!r}; sources: {there}")
        sent = [name for name in names if known[name].is_sent]
        if sent:
            raise InputError(
                f"{sent[0]!r} is sent to us, there is nothing to pull; see: sources test {sent[0]}"
            )
        return [known[name] for name in names] or [s for s in known.values() if not (s.paused or s.is_sent)]

    def _pull_one(self, context: Context, source: SourceSettings, *, full: bool) -> Pulled:
        from bridge.pipeline.pulling import Pulled, pull_source
        from bridge.store.intake import Counts
        from connectors.errors import BadSettings

        try:
            built = build_source(source.connector, source.revealed(), context.now)
        except BadSettings as error:
            return Pulled(source=source.name, counts=Counts(), error=f"{source.name}: {error}")
        return pull_source(context, source.name, source.connector, built, every=source.every, once=full)

    def health(self, source: SourceSettings) -> Health:
        """Return how a source stands; of one that is sent to us, its address too."""
        from bridge.web.hooks import address
        from connectors import Health

        found = build_source(source.connector, source.revealed(), now()).check()
        if not source.is_sent or not found.ok:
            return found
        url = self.settings.server.url
        public = "" if url else " (set server.url to the address that the sender can reach)"
        return Health(
            ok=True, message=f"send to {address(self.settings, source.name)}{public}; {found.message}"
        )

    def duties(self, progress: Progress | None = None) -> Duties:
        """Return what the jobs of the daemon do."""
        from bridge.jobs.duties import Duties

        def defer() -> Outcome:
            from bridge.work.deferring import defer

            return defer(self.database)

        return Duties(
            lambda: self.context(progress=progress),
            lambda context, name: self.pull(context, [name])(),
            defer if self.settings.work.where == "workers" else None,
        )

    def metronome(self, pulse: Pulse, log: Log) -> Metronome:
        """Return the scheduler of the daemon, with all its jobs."""
        from bridge.jobs.metronome import Metronome
        from bridge.jobs.table import Table
        from bridge.tracker.clock import MachineClock

        duties = self.duties(pulse)
        if duties.defer is not None:
            from bridge.work.schema import upgrade_queue

            upgrade_queue(self.database)
        ping = self._ping if self.settings.serve.ping_url else None
        table, clock = Table(self.database), MachineClock()
        return Metronome(duties.jobs(), table, self.only_one, clock, pulse, log, ping)

    def _ping(self) -> None:
        import httpx

        try:
            httpx.get(self.settings.serve.ping_url, timeout=10).raise_for_status()
        except httpx.HTTPError as error:
            raise BridgeError(f"serve.ping_url: {type(error).__name__}") from error

    def secrets(self) -> list[str]:
        """Return the secrets of the settings, so that a log can blot them out."""
        from bridge.config.secret import Secret

        settings = self.settings
        held = [settings.jira.token, settings.jira.webhook_secret, settings.topics.encoder_api_key]
        held += [settings.topics.labeller_api_key, settings.access.oidc.client_secret]
        held += [settings.digest.slack_url, settings.digest.smtp.password]
        held += [value for source in settings.sources for value in _leaves(source.settings)]
        whole = [value.reveal() for value in held if isinstance(value, Secret)]
        whole += _of_database(settings.database.url.reveal())
        return [*whole, *(line for text in whole if "\n" in text for line in text.split())]

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Hold the store for one run, or raise `AlreadyRunning`; a killed holder frees it."""
        with self.database.only_one(now()):
            yield


def _of_database(url: str) -> list[str]:
    """Return the passwords in the address of a store, as they are and as they are written there."""
    from urllib.parse import quote

    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    from bridge.store.backend import password_of

    try:
        parsed = make_url(url)
    except ArgumentError:
        return []
    found = {password_of(parsed), parsed.password or "", str(parsed.query.get("sslpassword", ""))} - {""}
    return sorted(found | {quote(text, safe="") for text in found})


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping | list | tuple):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(part)
    else:
        yield value


def notify_socket() -> str | None:
    """Return where systemd waits to hear from a service, None when it doesn't."""
    return os.environ.get("NOTIFY_SOCKET")


def now() -> datetime:
    """Return the present time: the one clock."""
    return datetime.now(UTC)


def build_source(connector: str, settings: Mapping[str, Any], at: datetime) -> Source:
    """Build a source from its settings, telling it the time if it wants to know."""
    import dataclasses

    from connectors.registry import build, connector_class

    fields = {field.name for field in dataclasses.fields(connector_class(connector))}  # type: ignore[arg-type]
    clock = {"now": at} if "now" in fields and "now" not in settings else {}
    return build(connector, {**settings, **clock})
