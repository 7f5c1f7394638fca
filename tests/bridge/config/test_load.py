from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.keys import settings_keys, shown_values
from bridge.config.load import load
from bridge.errors import SettingsError

if TYPE_CHECKING:
    from tests.bridge.config.conftest import Desk

PLACES = ("flag", "env", "common env", "file", "user file")
JIRA = (
    *(f"jira.{name}" for name in ["url", "project", "user", "token", "flavour", "site_url", "settle_s"]),
    *(f"jira.{name}" for name in ["when_back", "when_back_in", "reopen_within_days", "wont_do"]),
    *(f"jira.{name}" for name in ["comment_every_days", "cool_down_days", "service_desk", "labels"]),
    *(f"jira.{name}" for name in ["authors", "templates", "webhook_secret"]),
    *(f"jira.types.{kind}" for kind in ["problem", "request", "question", "praise", "other"]),
    *(f"jira.fields.{figure}" for figure in ["reach", "mentions", "topic", "recurrence"]),
)
DIGEST = (
    *(
        f"digest.{name}"
        for name in ["every", "hour", "weekday", "zone", "to", "sender", "slack_url", "folder"]
    ),
    *(f"digest.smtp.{name}" for name in ["host", "port", "security", "user", "password"]),
)
PORTS = dict(zip(PLACES, (9001, 9002, 9003, 9004, 9005), strict=True))


def _load_from(places: set[str], root: Path):
    """Load with the port given in each of these places."""
    user, cwd = root / "user", root / "cwd"
    env = {}
    for folder, place in ((user, "user file"), (cwd, "file")):
        folder.mkdir(exist_ok=True)
        text = f"server.port = {PORTS[place]}" if place in places else ""
        (folder / "bridge.toml").write_text(text)
    if "env" in places:
        env["FEEDBACK_BRIDGE_SERVER__PORT"] = str(PORTS["env"])
    if "common env" in places:
        env["PORT"] = str(PORTS["common env"])
    return load(
        flags={"server.port": PORTS["flag"] if "flag" in places else None},
        env=env,
        file=None,
        cwd=cwd,
        user_dir=user,
        data_dir=root / "data",
        cache_dir=root / "cache",
    )


@given(places=st.sets(st.sampled_from(PLACES)))
def test_the_strongest_place_that_gives_a_value_wins(
    tmp_path_factory: pytest.TempPathFactory, places: set[str]
):
    root = tmp_path_factory.mktemp("places")
    loaded = _load_from(places, root)

    strongest = next((place for place in PLACES if place in places), None)

    assert loaded.settings.server.port == (PORTS[strongest] if strongest else 8765)
    assert loaded.origins["server.port"].kind == (strongest or "default").removeprefix("common ")


def test_places_are_merged_setting_by_setting(desk: Desk):
    desk.write_user('[policy]\nmode = "shadow"\ncreate_when = { people = 9, within_days = 7 }')
    desk.write("[policy]\ncreate_when = { people = 3 }\n[server]\nport = 1")

    settings = desk.load(env={"FEEDBACK_BRIDGE_SERVER__PORT": "2"}, flags={"server.host": "::1"}).settings

    assert settings.policy.mode == "shadow"
    assert settings.policy.create_when.people == 3
    assert settings.policy.create_when.within_days == 7
    assert (settings.server.host, settings.server.port) == ("::1", 2)


def test_a_stronger_list_takes_the_place_of_the_weaker_one(desk: Desk):
    desk.write_user('[[source]]\nname = "old"\nconnector = "files"\n[brand]\naccounts = ["@old"]')
    desk.write('[[source]]\nname = "new"\nconnector = "files"\n[brand]\naccounts = ["@new"]')

    settings = desk.load().settings

    assert [source.name for source in settings.sources] == ["new"]
    assert settings.brand.accounts == ("@new",)


def test_nothing_set_means_defaults_in_the_users_folders(desk: Desk):
    loaded = desk.load()

    assert loaded.settings.database.url.reveal() == f"sqlite:///{desk.data}/bridge.db"
    assert loaded.settings.paths.cache == desk.cache
    assert loaded.settings.policy.create_when.people == 5
    assert {origin.kind for origin in loaded.origins.values()} == {"default"}
    assert loaded.warnings == ()
    assert loaded.files == ()


def test_the_names_that_others_write_are_these():
    assert {key.name for key in settings_keys()} == {
        "database.url",
        "tracker",
        "paths.data",
        "paths.cache",
        "policy.mode",
        "policy.kinds",
        "policy.create_when.people",
        "policy.create_when.within_days",
        "policy.create_when.confidence",
        "policy.max_creates_per_day",
        "rule",
        "source",
        "brand.accounts",
        "brand.names",
        "serve.jobs",
        "serve.tick_s",
        "serve.run_every",
        "serve.sync_every",
        "serve.night_hour",
        "serve.backups",
        "serve.hung_after",
        "serve.ping_url",
        "topics.granularity",
        "topics.encoder",
        "topics.encoder_api_key",
        "topics.labeller",
        "topics.labeller_api_key",
        "topics.languages",
        "server.host",
        "server.port",
        "server.url",
        "access.login",
        "access.newcomers",
        "access.proxy_addresses",
        "access.proxy_header",
        "access.oidc.issuer",
        "access.oidc.client_id",
        "access.oidc.client_secret",
        "access.oidc.name_claim",
        "serve.read_every",
        "serve.recluster",
        "serve.apply",
        "serve.keep_runs",
        "work.where",
        "work.stalled_after",
        *DIGEST,
        *JIRA,
    }


def test_every_setting_has_an_origin_and_it_names_the_place(desk: Desk):
    desk.write_user('topics.granularity = "finer"')
    desk.write('[policy]\nmode = "shadow"')
    env = {"FEEDBACK_BRIDGE_TOPICS__ENCODER": "e5", "PORT": "80"}

    origins = desk.load(env=env, flags={"server.host": "0.0.0.0"}).origins  # noqa: S104 - nothing listens

    assert set(origins) == {key.name for key in settings_keys()}
    places = {key: (origin.kind, origin.where) for key, origin in origins.items() if origin.kind != "default"}
    assert places == {
        "topics.granularity": ("user file", str(desk.user / "bridge.toml")),
        "policy.mode": ("file", "bridge.toml"),
        "topics.encoder": ("env", "FEEDBACK_BRIDGE_TOPICS__ENCODER"),
        "server.port": ("env", "PORT"),
        "server.host": ("flag", "the command line"),
    }


def test_a_named_file_is_read_instead_of_the_one_here(desk: Desk):
    desk.write('policy.mode = "shadow"\nserver.port = 1')
    (desk.cwd / "demo").mkdir()
    (desk.cwd / "demo" / "bridge.toml").write_text("server.port = 2")

    loaded = desk.load(file=Path("demo/bridge.toml"))

    assert loaded.settings.policy.mode == "review"
    assert loaded.settings.server.port == 2
    assert loaded.files == (desk.cwd / "demo" / "bridge.toml",)
    assert loaded.origins["server.port"].where == "demo/bridge.toml"


def test_a_named_file_that_is_missing_is_an_error_that_says_how_to_write_it(desk: Desk):
    with pytest.raises(SettingsError, match=r"nowhere\.toml is not there; .*--config nowhere\.toml init"):
        desk.load(file=Path("nowhere.toml"))


def test_relative_paths_begin_at_the_file_that_names_them(desk: Desk):
    (desk.cwd / "demo").mkdir()
    (desk.cwd / "demo" / "bridge.toml").write_text(
        '[database]\nurl = "sqlite:///demo.db?timeout=5"\n[paths]\ndata = "files"\ncache = "/absolute"'
    )

    settings = desk.load(file=Path("demo/bridge.toml")).settings

    assert settings.database.url.reveal() == f"sqlite:///{desk.cwd}/demo/demo.db?timeout=5"
    assert settings.paths.data == desk.cwd / "demo" / "files"
    assert settings.paths.cache == Path("/absolute")


def test_relative_paths_of_variables_and_flags_begin_at_the_current_folder(desk: Desk):
    env = {"DATABASE_URL": "sqlite:///env.db"}

    settings = desk.load(env=env, flags={"paths.data": "mine"}).settings

    assert settings.database.url.reveal() == f"sqlite:///{desk.cwd}/env.db"
    assert settings.paths.data == desk.cwd / "mine"


def test_the_default_database_lies_in_the_data_folder(desk: Desk):
    desk.write('[paths]\ndata = "/srv/bridge"')

    assert desk.load().settings.database.url.reveal() == "sqlite:////srv/bridge/bridge.db"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("sqlite:////srv/a.db", "sqlite:////srv/a.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgresql://ann@db/feedback", "postgresql://ann@db/feedback"),
        ("postgresql+psycopg://db/feedback", "postgresql+psycopg://db/feedback"),
        ("postgres://ann:pw@db/feedback", "postgresql://ann:pw@db/feedback"),
    ],
)
def test_database_addresses_are_kept_as_they_are_meant(desk: Desk, url: str, kept: str):
    loaded = desk.load(env={"DATABASE_URL": url})

    assert loaded.settings.database.url.reveal() == kept


def test_variables_hold_lists_and_tables_as_toml_or_json(desk: Desk):
    env = {
        "FEEDBACK_BRIDGE_POLICY__KINDS": '["question"]',
        "FEEDBACK_BRIDGE_POLICY__CREATE_WHEN": '{"people": 2}',
        "FEEDBACK_BRIDGE_BRAND": "{ names = ['Acme'] }",
        "FEEDBACK_BRIDGE_SOURCE": '[{ name = "a", connector = "files", every = "90s", paused = true }]',
        "FEEDBACK_BRIDGE_TOPICS__ENCODER": "123",
        "FEEDBACK_BRIDGE_TRACKER": "",
    }

    settings = desk.load(env=env).settings

    assert settings.policy.kinds == ("question",)
    assert settings.policy.create_when.people == 2
    assert settings.brand.names == ("Acme",)
    assert settings.sources[0].every.total_seconds() == 90
    assert settings.sources[0].paused
    assert settings.topics.encoder == "123"
    assert settings.tracker == "local"


def test_the_variable_that_asks_for_tracebacks_is_no_setting(desk: Desk):
    loaded = desk.load(env={"FEEDBACK_BRIDGE_TRACEBACK": "1"})

    assert {origin.kind for origin in loaded.origins.values()} == {"default"}


def test_a_variable_for_one_key_is_stronger_than_one_for_its_table(desk: Desk):
    env = {
        "FEEDBACK_BRIDGE_POLICY__CREATE_WHEN__PEOPLE": "4",
        "FEEDBACK_BRIDGE_POLICY__CREATE_WHEN": "{ people = 2, within_days = 3 }",
    }

    when = desk.load(env=env).settings.policy.create_when

    assert (when.people, when.within_days) == (4, 3)


def test_a_rules_numbers_fall_back_to_the_policy_one_by_one(desk: Desk):
    desk.write(
        """
        [policy]
        create_when = { people = 8, confidence = 0.5 }
        [[rule]]
        name = "payments"
        when = { kinds = ["problem"], words = ["refund"], languages = ["de"], sources = ["shop"] }
        project = "PAY"
        mode = "automatic"
        create_when = { people = 2 }
        """
    )

    settings = desk.load().settings
    rule = settings.rules[0]

    assert (rule.project, rule.type, rule.mode) == ("PAY", None, "automatic")
    assert rule.when.words == ("refund",)
    assert settings.create_when(rule).model_dump() == {"people": 2, "within_days": 28, "confidence": 0.5}
    assert settings.create_when(None).people == 8


def test_a_sources_further_keys_are_kept_for_its_connector(desk: Desk):
    desk.write('[[source]]\nname = "a"\nconnector = "files"\npattern = "*.csv"\nmap = { text = "Body" }')

    source = desk.load().settings.sources[0]

    assert source.settings == {"pattern": "*.csv", "map": {"text": "Body"}}
    assert source.revealed() == source.settings


def test_a_key_that_looks_like_a_mistyped_one_of_ours_is_a_warning(desk: Desk):
    desk.write('[[source]]\nname = "a"\nconnector = "files"\nevry = "5m"\npattern = "*"')

    assert desk.load().warnings == (
        '`evry` of [[source]] "a" is handed on to its connector; did you mean `every`?',
    )


def test_settings_never_change_after_loading(desk: Desk):
    settings = desk.load().settings

    with pytest.raises(ValueError, match="frozen"):
        settings.policy.mode = "automatic"


def test_a_byte_order_mark_and_dos_line_ends_are_read(desk: Desk):
    (desk.cwd / "bridge.toml").write_bytes(b'\xef\xbb\xbftracker = "local"\r\n[server]\r\nport = 1\r\n')

    assert desk.load().settings.server.port == 1


def test_the_shown_values_are_plain_data_for_every_setting(desk: Desk):
    values = shown_values(desk.load().settings)

    assert list(values) == [key.name for key in settings_keys()]
    assert values["policy.kinds"] == ["problem", "request"]
    assert values["source"] == []


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ('server.url = "https://feedback.acme.example"', 1),
        ('server.url = "https://feedback.acme.example"\naccess.login = ["accounts"]', 0),
        ('server.url = "http://127.0.0.1:8765"', 0),
        ('server.url = "http://localhost:8765"', 0),
    ],
)
def test_an_address_for_others_at_a_page_without_a_login_is_warned_of(desk: Desk, more: str, count: int):
    desk.write(more)

    found = desk.load().warnings

    assert len([words for words in found if "`access.login` is empty" in words]) == count == len(found)
