"""The settings of the sample company, as the text of `.demo/bridge.toml`."""

from __future__ import annotations

import json
from datetime import date

from bridge.demo.noise import BRAND_ACCOUNTS
from bridge.demo.plan import SOURCES

_HEAD = """\
# The sample company: Ternwing, an invented airline. Delete the folder of this file to be rid of it.

# Where the sample's topics and backlog are kept, apart from your own data.
database.url = {url}

# The embedded backlog; no Jira is needed to try the bridge.
tracker = "local"

# Posts of these accounts are the company's own and never count as customers.
brand.accounts = [{accounts}]

[policy]
# Every ticket waits for a person's yes.
mode = "review"
# A ticket is proposed when this many people said it within so many days; confidence 0.0 never holds back.
create_when = {{ people = 5, within_days = 28, confidence = 0.0 }}
"""

_SOURCE = """
# {what}
[[source]]
name = "{name}"
connector = "sample"
channel_name = "{name}"
end = "{end}"
"""

_WHAT = {
    "post": "Short posts that mention the company; some are reposts, news or spam.",
    "review": "Reviews in the app shops, with stars.",
    "mail": "Letters to customer care, with signatures and quoted replies.",
    "ticket": "Tickets of the help-desk, with the agents' notes.",
    "forum": "The community forum, opened half way: a new channel brings hidden demand.",
    "call": "What callers said, as transcribed.",
}


def demo_toml(end: date, database_path: str) -> str:
    """Return the settings file for the sample whose last day is `end`, with its database at a path."""
    accounts = ", ".join(json.dumps(account) for account in BRAND_ACCOUNTS)
    head = _HEAD.format(url=json.dumps(f"sqlite:///{database_path}"), accounts=accounts)
    channels = (
        _SOURCE.format(what=_WHAT[kind], name=name, end=end.isoformat()) for name, kind in SOURCES.items()
    )
    return head + "".join(channels)
