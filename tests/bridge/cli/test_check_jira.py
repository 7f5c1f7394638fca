"""`check` against a Jira of our own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from command import Desk as Commands
from jira_twin import Twin

from bridge.cli.jira_check import Desk, Finding, findings
from bridge.cli.jira_live import Probe, _count, live
from bridge.config.model import Settings
from bridge.errors import InputError
from bridge.tracker.jira import JiraSite


@pytest.fixture(params=["cloud", "dc"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    with Twin(request.param) as served:
        yield served


@pytest.fixture
def cloud() -> Iterator[Twin]:
    with Twin("cloud") as served:
        yield served


def settings_for(twin: Twin, *, rules: tuple[dict[str, Any], ...] = (), **jira: Any) -> Settings:
    user = {"user": twin.user} if twin.flavour == "cloud" else {}
    values = {
        "tracker": "jira",
        "database": {"url": "sqlite:///unused.db"},
        "paths": {"data": "unused", "cache": "unused"},
        "jira": {"url": twin.url, "project": "WEB", "token": twin.token, **user, **jira},
        "rule": list(rules),
    }
    return Settings.model_validate(values)


def desk_of(settings: Settings, now: datetime | None = None) -> Desk:
    jira = settings.jira
    site = JiraSite(
        url=jira.url,
        token=jira.token.reveal,
        user=jira.user or None,
        flavour=jira.flavour,
        types=jira.types.given(),
        fields=jira.fields.given(),
        service_desks_allowed=jira.service_desk,
    )
    return Desk(settings, site, now or datetime.now(UTC), wait=lambda _seconds: None)


def told(settings: Settings) -> list[Finding]:
    return list(findings(desk_of(settings)))


def faulty(found: list[Finding]) -> list[str]:
    return [f"{one.name}: {one.words}" for one in found if one.fine is False]


def one_named(found: list[Finding], name: str) -> str:
    return next(one.words for one in found if one.name == name)


def test_a_ready_jira_is_described(twin: Twin):
    found = told(settings_for(twin))

    assert faulty(found) == []
    who = one_named(found, "tracker")
    assert who.startswith("Jira Cloud at " if twin.flavour == "cloud" else "Jira Data Center at ")
    assert "company-managed" in one_named(found, "tracker project WEB")
    assert one_named(found, "tracker project WEB types").startswith("problem → Bug, request → Story")
    assert not any(twin.journal)


def test_a_token_with_scopes_is_used_at_the_gateway(cloud: Twin):
    site = {"url": cloud.gateway_url, "site_url": "https://acme.atlassian.net"}

    cloud.scopes = {"read:jira-work", "write:jira-work", "read:jira-user"}
    found = told(settings_for(cloud, **site))
    cloud.scopes = {"write:jira-work"}
    lacking = told(settings_for(cloud, **site))

    assert faulty(found) == []
    assert one_named(found, "tracker").startswith("Jira Cloud by the gateway, as ")
    assert any("scope" in line for line in faulty(lacking))


def test_a_wrong_token_ends_the_check_of_jira_with_one_line(twin: Twin):
    found = told(settings_for(twin, token="wrong-canary"))  # noqa: S106 - a wrong one

    assert [one.fine for one in found] == [False]
    assert found[0].name == "tracker"
    assert "canary" not in found[0].words


def test_no_server_at_all_is_told():
    with Twin("cloud") as gone:
        own = settings_for(gone, flavour="cloud")

    found = told(own)

    assert [(one.name, one.fine) for one in found] == [("tracker", False)]


def test_projects_of_rules_are_looked_at_too_and_those_that_are_not_there_are_named(twin: Twin):
    twin.project("DOCS", style="team")
    twin.project("OLD", archived=True)
    twin.project("HELP", kind="service_desk")
    rules = ({"name": "a", "project": "DOCS", "also": ["OLD", "NOPE"]}, {"name": "b", "project": "HELP"})

    found = told(settings_for(twin, rules=rules))

    bad = faulty(found)
    assert any("OLD" in line and "archived" in line for line in bad)
    assert any("NOPE" in line and "isn't there" in line for line in bad)
    assert any("HELP" in line and "service desk" in line for line in bad)
    assert len(bad) == 3
    if twin.flavour == "cloud":
        assert "team-managed" in one_named(found, "tracker project DOCS")


def test_a_service_desk_is_fine_once_it_is_allowed(twin: Twin):
    twin.project("HELP", kind="service_desk", types=("Bug", "Task"))

    assert faulty(told(settings_for(twin, project="HELP", service_desk=True))) == []


def test_lacking_permissions_are_named_with_what_to_do(twin: Twin):
    twin.deny("WEB", "EDIT_ISSUES", "LINK_ISSUES")

    (line,) = faulty(told(settings_for(twin)))

    assert "lacks EDIT_ISSUES, LINK_ISSUES" in line
    assert "project's permissions" in line


def test_a_required_field_that_nobody_fills_is_named_before_the_first_create(twin: Twin):
    twin.project("WEB", required={"Bug": {"customfield_10050": "Severity"}})

    (line,) = faulty(told(settings_for(twin)))

    assert line.startswith(
        "tracker project WEB Bug: requires what nobody fills: Severity (customfield_10050)"
    )
    assert "default" in line


def test_a_type_of_the_settings_that_is_not_there_is_told_with_those_that_are(twin: Twin):
    (line,) = faulty(told(settings_for(twin, types={"problem": "Defect"})))

    assert "jira.types.problem is 'Defect', which isn't there; types: " in line
    assert "Bug" in line


def test_fields_are_found_by_name_or_id_and_a_missing_one_is_told(twin: Twin):
    twin.project("WEB", fields={"customfield_10050": ("Reach", "number")})

    found = told(settings_for(twin, fields={"reach": "reach", "mentions": "Nope"}))

    assert one_named(found, "tracker field reach") == "reach is customfield_10050"
    assert [line.partition(":")[0] for line in faulty(found)] == ["tracker field mentions"]
    assert "jira.fields.mentions" in one_named(found, "tracker field mentions")


def test_a_screen_without_labels_is_a_remark(twin: Twin):
    twin.project("WEB", hidden={"labels"})

    found = told(settings_for(twin))

    assert faulty(found) == []
    assert "last line of the description" in one_named(found, "tracker project WEB Bug")


def test_a_folder_of_templates_that_is_not_there_is_told(twin: Twin, tmp_path: Path):
    (line,) = faulty(told(settings_for(twin, templates=str(tmp_path / "nope"))))

    assert "is no folder: mend jira.templates" in line


def test_live_reads_only_and_says_what_it_measured(twin: Twin):
    own = settings_for(twin)
    twin.as_person().create("WEB", "Something")
    before = len(twin.journal)

    found = list(live(desk_of(own)))

    assert [one for one in found if one.fine is False] == []
    assert "version " in one_named(found, "live server")
    assert "the server's clock is 0 s" in one_named(found, "live clock")
    assert "what it shows is as the issue itself is" in one_named(found, "live index")
    assert any("check --write-probe measures it" in one.words for one in found)
    assert len(twin.journal) == before


def test_a_clock_that_is_off_is_told(cloud: Twin):
    found = list(live(desk_of(settings_for(cloud), datetime.now(UTC) + timedelta(minutes=10))))

    clock = next(one for one in found if one.name == "live clock")
    assert clock.fine is None
    assert "s behind ours; set this machine's clock" in clock.words


class Watch:
    """Seconds that pass only when somebody waits, in the twin too."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin
        self.now = 0.0

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.twin.advance(seconds)

    def tick(self) -> float:
        return self.now


def probe_of(twin: Twin, project: str = "WEB", **jira: Any) -> Probe:
    watch = Watch(twin)
    desk = desk_of(settings_for(twin, **jira))
    return Probe(desk=desk, project=project, wait=watch.wait, tick=watch.tick)


@pytest.fixture(params=["cloud", "dc"])
def lagging(request: pytest.FixtureRequest) -> Iterator[Twin]:
    with Twin(request.param, index_lag=150.0, fake_clock=True) as served:
        yield served


def test_a_probe_measures_the_index_and_leaves_nothing_behind(lagging: Twin):
    issue = lagging.as_person().create("WEB", "Sandbox", labels=["kept"])
    lagging.advance(1000)
    probe = probe_of(lagging)

    found = list(probe.run(probe.issue(issue.key)))

    assert faulty(found) == []
    seen = [float(re.findall(r"after ([\d.]+) s", one.words)[0]) for one in found[:5]]
    assert all(150 <= lag <= 152 for lag in seen)
    recommended = tomllib.loads(found[-1].words.partition("recommended:")[2])["jira"]
    assert recommended == {"flavour": lagging.flavour, "settle_s": round(4 * max(seen))}
    after = lagging.issue(issue.id)
    assert list(after.labels) == ["kept"]
    assert list(after.comments) == []
    assert not after.properties
    assert len(lagging.issues()) == 1


def test_a_quick_index_still_gets_the_safe_time(twin: Twin):
    issue = twin.as_person().create("WEB", "Sandbox")
    probe = probe_of(twin)

    found = list(probe.run(probe.issue(issue.key)))

    assert "settle_s = 420.0" in found[-1].words


def test_a_probe_goes_on_where_a_comment_may_not_be_deleted_or_written(twin: Twin):
    issue = twin.as_person().create("WEB", "Sandbox")
    twin.deny("WEB", "ADD_COMMENTS")
    probe = probe_of(twin)

    found = list(probe.run(probe.issue(issue.key)))

    assert [line.partition(":")[0] for line in faulty(found)] == ["probe comment"]
    assert found[-1].name == "probe settings"


def test_a_probe_stops_where_it_may_not_write(twin: Twin):
    issue = twin.as_person().create("WEB", "Sandbox")
    twin.deny("WEB", "EDIT_ISSUES")
    probe = probe_of(twin)

    found = list(probe.run(probe.issue(issue.key)))

    assert [one.fine for one in found] == [False]
    assert "no settings are recommended" in found[0].words


def test_a_probe_writes_in_the_named_project_only(twin: Twin):
    twin.project("SAND")
    issue = twin.as_person().create("WEB", "Real work")
    before = len(twin.journal)

    with pytest.raises(InputError, match="is in WEB, not in SAND"):
        probe_of(twin, "SAND").issue(issue.key)
    with pytest.raises(InputError, match="SAND-99 can't be seen"):
        probe_of(twin, "SAND").issue("SAND-99")

    assert len(twin.journal) == before


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(tmp_path, monkeypatch)


def toml_for(twin: Twin) -> str:
    user = f'user = "{twin.user}"\n' if twin.flavour == "cloud" else ""
    return f'tracker = "jira"\n[jira]\nurl = "{twin.url}"\nproject = "WEB"\n{user}token = "{twin.token}"\n'


def test_the_command_prints_a_line_each_and_ends_by_them(cli: Commands, twin: Twin):
    cli.set(toml_for(twin))

    fine = cli("check", "--live")
    twin.deny("WEB", "CREATE_ISSUES")
    bad = cli("check")

    assert fine.code == 0, fine.out + fine.err
    assert re.search(r"^ok    tracker: Jira ", fine.out, re.MULTILINE)
    assert re.search(r"^ok    live server: ", fine.out, re.MULTILINE)
    assert bad.code == 3
    assert re.search(r"^FAIL  tracker project WEB rights: lacks CREATE_ISSUES", bad.out, re.MULTILINE)
    assert "checks failed: tracker project WEB rights" in bad.err


def test_the_probe_asks_for_a_yes_and_for_an_issue(cli: Commands, twin: Twin):
    cli.set(toml_for(twin))
    issue = twin.as_person().create("WEB", "Sandbox")
    before = len(twin.journal)

    nowhere = cli("check", "--write-probe", "WEB", "--yes")
    unsure = cli("check", "--write-probe", "WEB", "--on", issue.key)
    stray = cli("check", "--on", issue.key)
    both = cli("check", "--offline", "--live")

    assert [nowhere.code, unsure.code, stray.code, both.code] == [2, 2, 2, 2]
    assert "name an issue of it with --on KEY" in nowhere.err
    assert "say so with --yes" in unsure.err
    assert len(twin.journal) == before


def test_the_probe_prints_settings_that_can_be_pasted(cli: Commands, twin: Twin):
    cli.set(toml_for(twin))
    issue = twin.as_person().create("WEB", "Sandbox")

    done = cli("check", "--write-probe", "WEB", "--on", issue.key, "--yes")

    assert done.code == 0, done.out + done.err
    assert tomllib.loads(done.out.partition("recommended:")[2])["jira"]["settle_s"] == 420.0
    assert twin.token not in done.out.replace("live token", "")


def test_without_jira_there_is_nothing_to_probe(cli: Commands):
    assert cli("check", "--write-probe", "WEB", "--yes", "--on", "WEB-1").code == 2


def test_the_report_of_limits_is_counted_by_issue():
    near = {"comment": {"10000L": 4997, "15073L": 4999}, "remoteIssueLinks": {"15107L": 2000}}

    assert (_count(near), _count({}), _count(None)) == (3, 0, 0)
