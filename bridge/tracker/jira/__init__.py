"""Jira as a tracker, Cloud and Data Center."""

from __future__ import annotations

from bridge.tracker.jira.gateway import JiraTracker
from bridge.tracker.jira.site import Account, JiraSite

__all__ = ["Account", "JiraSite", "JiraTracker"]
