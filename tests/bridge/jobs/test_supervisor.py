from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.jobs.notify import Notifier
from bridge.jobs.pulse import Pulse
from bridge.jobs.supervisor import CHECK_S, LEAP_S, Supervisor
from tests.bridge.jobs.conftest import Hands, Station


class Watched:
    """A supervisor and what it did."""

    def __init__(self, station: Station) -> None:
        self.alive, self.rescheduled, self.clock = True, 0, station.clock
        self.deadline = 0.0
        self.supervisor = Supervisor(
            station.clock,
            station.pulse,
            station.log,
            alive={"scheduler": lambda: self.alive},
            hung_after=timedelta(minutes=10),
            reschedule=self._count,
            notify=lambda _: None,
            end=lambda _: None,
            last_resort=self._renew,
        )

    def look_for(self, **time: float) -> str | None:
        """Let time pass with a look every few seconds; return the first reason to end."""
        for _ in range(int(timedelta(**time).total_seconds() / CHECK_S)):
            self.clock.pass_(seconds=CHECK_S)
            if why := self.supervisor.check():
                return why
        return None

    def _renew(self, seconds: float) -> None:
        self.deadline = self.clock.seconds + seconds

    def _count(self) -> None:
        self.rescheduled += 1


@pytest.fixture
def watched(station: Station):
    return Watched(station)


def test_all_well_says_nothing(watched: Watched, clock: Hands):
    clock.pass_(days=400)

    assert watched.supervisor.check() is None
    assert watched.rescheduled == 0


def test_a_dead_scheduler_ends_the_process(watched: Watched):
    watched.alive = False

    assert "the scheduler has died" in (watched.supervisor.check() or "")


def test_a_job_without_a_sign_of_life_ends_the_process(watched: Watched, station: Station):
    station.pulse.begin("sync")

    assert watched.look_for(minutes=10) is None
    assert "the job 'sync' gave no sign of life for 605 s" in (watched.look_for(minutes=2) or "")


def test_a_process_that_stood_still_blames_no_job(watched: Watched, clock: Hands, station: Station):
    station.pulse.begin("sync")
    watched.look_for(minutes=5)
    clock.pass_(hours=8)

    assert watched.supervisor.check() is None
    assert station.lines[-1]["message"] == "the process stood still for 28795 s"
    assert watched.look_for(minutes=10) is None
    assert "gave no sign of life" in (watched.look_for(minutes=2) or "")


def test_each_look_puts_the_last_resort_off_beyond_the_limit_of_a_job(watched: Watched, clock: Hands):
    watched.look_for(minutes=1)

    assert watched.deadline == clock.seconds + 630


@pytest.mark.parametrize("jump", [-LEAP_S, LEAP_S, 400 * LEAP_S])
def test_a_jump_of_a_day_or_more_ends_the_process(watched: Watched, clock: Hands, jump: float):
    clock.set(seconds=jump)

    assert f"jumped by {jump:+.0f} s, a day or more" in (watched.supervisor.check() or "")
    assert watched.rescheduled == 0


def test_a_long_job_that_gives_signs_of_life_may_go_on(watched: Watched, clock: Hands, station: Station):
    station.pulse.begin("run")
    for part in range(20):
        clock.pass_(minutes=9)
        station.pulse.step("embed", part, 20)

    assert watched.supervisor.check() is None
    assert station.pulse.end() == 20 * 9 * 60


@pytest.mark.parametrize("jump", [-3600, -31, 31, 3600])
def test_a_jump_of_the_wall_clock_reschedules_all_once(
    watched: Watched, clock: Hands, station: Station, jump: int
):
    clock.set(seconds=jump)

    assert watched.supervisor.check() is None
    assert watched.supervisor.check() is None
    assert watched.rescheduled == 1
    assert f"jumped by {jump:+d} s" in station.lines[-1]["message"]


def test_small_corrections_of_the_clock_are_no_jump_but_add_up(watched: Watched, clock: Hands):
    for _ in range(1000):
        clock.pass_(seconds=5)
        clock.set(milliseconds=100)
        watched.supervisor.check()
    assert watched.rescheduled == 0

    for _ in range(4):
        clock.set(seconds=10)
        watched.supervisor.check()
    assert watched.rescheduled == 1


def test_a_reschedule_that_failed_is_tried_again(watched: Watched, clock: Hands, station: Station):
    clock.set(hours=1)
    watched.supervisor._reschedule = lambda: 1 / 0  # type: ignore[assignment]
    with pytest.raises(ZeroDivisionError):
        watched.supervisor.check()

    watched.supervisor._reschedule = watched._count
    watched.supervisor.check()

    assert watched.rescheduled == 1


def test_lag_counts_from_the_last_tick_or_sign_of_life(clock: Hands):
    pulse = Pulse(clock)
    clock.pass_(seconds=30)
    assert pulse.since_tick_s() == 30

    pulse.begin("run")
    clock.pass_(seconds=20)
    assert pulse.since_tick_s() == 20
    pulse.end()
    assert pulse.since_tick_s() == 0


def test_systemd_hears_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("notify")
        listening.settimeout(5)
        Notifier("notify")("READY=1")

        assert listening.recv(100) == b"READY=1"


def test_an_abstract_socket_is_heard_too():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0feedback-bridge-test")
        listening.settimeout(5)
        Notifier("@feedback-bridge-test")("WATCHDOG=1")

        assert listening.recv(100) == b"WATCHDOG=1"


def test_without_a_listener_nothing_happens(tmp_path: Path):
    Notifier(None)("READY=1")
    Notifier(str(tmp_path / "nowhere"))("READY=1")
