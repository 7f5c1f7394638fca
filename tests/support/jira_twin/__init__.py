"""A stateful Jira, Cloud or Data Center, to test against: faults, people, a journal of what it committed."""

from __future__ import annotations

from jira_twin.calling import Caller
from jira_twin.faults import Fault, Hook
from jira_twin.person import Person
from jira_twin.records import Effect, Issue, Request
from jira_twin.twin import Twin

__all__ = ["Caller", "Effect", "Fault", "Hook", "Issue", "Person", "Request", "Twin"]
