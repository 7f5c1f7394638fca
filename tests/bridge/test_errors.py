from __future__ import annotations

import re

import pytest

from bridge import errors
from bridge.errors import BridgeError, SettingsError, StoreError

CODES = {
    "BridgeError": 1,
    "InputError": 2,
    "SettingsError": 3,
    "StoreError": 3,
    "ModelError": 3,
    "PartialFailure": 4,
    "TrackerError": 5,
    "InDoubt": 5,
    "SendError": 5,
    "AlreadyRunning": 6,
}


@pytest.mark.parametrize(("name", "code"), CODES.items())
def test_every_error_ends_with_its_documented_exit_code(name: str, code: int):
    error = getattr(errors, name)

    assert issubclass(error, BridgeError)
    assert error.exit_code == code


def test_the_drawn_tree_names_every_error_with_its_code():
    drawn = dict(re.findall(r"(\w+) {2,}(\d)", errors.__doc__))

    assert {name: int(code) for name, code in drawn.items()} == CODES
    ours = {kind.__name__ for kind in BridgeError.__subclasses__() if kind.__module__ == errors.__name__}
    assert ours | {"BridgeError"} == set(CODES)  # what the page answers with stands where it is raised


def test_an_error_without_a_message_says_what_its_class_means():
    assert str(StoreError()) == "The database is locked, newer than this program, corrupt, read-only or full."
    assert str(StoreError("bridge.db is locked")) == "bridge.db is locked"
    assert str(SettingsError()) == "A setting is wrong."


def test_one_wrong_setting_is_a_line_and_several_are_a_list():
    one = SettingsError("a is wrong")
    two = SettingsError("a is wrong", "b is wrong")

    assert str(one) == "a is wrong"
    assert str(two) == "2 settings are wrong:\n  - a is wrong\n  - b is wrong"
    assert two.faults == ("a is wrong", "b is wrong")
