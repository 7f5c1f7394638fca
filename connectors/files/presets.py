"""What the columns of well-known exports are called. Only names: the rest is as for any file.

Each preset lists, for each of our keys, the names to look for, best first; case, spaces and punctuation do
not count. docs/connectors.md says which names were verified and where not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.errors import BadSettings
from connectors.nearest import did_you_mean


@dataclass(frozen=True, slots=True)
class Preset:
    """Names of the columns of one tool's export, and how its rows are to be read."""

    title: str
    names: Mapping[str, tuple[str, ...]]
    has_turns: bool = False  # neighbouring rows of one speaker are one item

    def known(self) -> frozenset[str]:
        """All its column names, case-folded: they tell the header from the lines before it."""
        return frozenset(name.casefold() for names in self.names.values() for name in names)


SPRINKLR = Preset(
    "Sprinklr listening export",
    {
        "text": ("Conversation Stream", "Message", "Message Text", "Text"),
        "id": ("Universal Message ID", "Message ID", "Post ID"),
        "at": ("Created Time", "CreatedTime", "Message Post Time", "Message Post Date", "Date"),
        "author": (
            "Sender Screen Name",
            "SenderScreenName",
            "Author Screen Name",
            "User Name",
            "Author Name",
        ),
        "url": ("Permalink", "Resolved URL", "Message URL"),
        "lang": ("Language", "Message Language"),
        "parent": ("Parent Message ID", "In Reply To"),
    },
)
BRANDWATCH = Preset(
    "Brandwatch mentions export",
    {
        "text": ("Full Text", "Content", "Snippet"),
        "id": ("Mention Id", "Resource Id", "Guid"),
        "at": ("Date", "Added"),
        "author": ("Author", "Full Name"),
        "url": ("Url", "Original Url"),
        "lang": ("Language",),
        "account": ("Organization",),
        "thread": ("Thread Id",),
        "parent": ("Reply To", "Parent Id"),
        "rating": ("Rating",),
    },
)
LINKEDIN = Preset(
    "LinkedIn comments export",
    {
        "text": ("Comment Text", "Comment", "Message", "Content", "Commentary"),
        "id": ("Comment ID", "Comment URN"),
        "at": ("Comment Date", "Commented At", "Date", "Created At", "Created"),
        "author": (
            "Commenter Profile URL",
            "Profile URL",
            "Commenter Name",
            "Commenter",
            "Author",
            "From",
            "Name",
        ),
        "display": ("Commenter Name", "Commenter", "Author", "From", "Name"),
        "url": ("Comment URL", "Comment Link", "Link", "Post URL", "Post Link"),
        "account": ("Company", "Commenter Company"),
        "parent": ("Parent Comment ID", "Parent Comment"),
        "thread": ("Post URN", "Post ID", "Post URL", "Post Link", "Link"),
    },
)
TRANSCRIPT = Preset(
    "call transcript",
    {
        "text": ("Utterance", "Text", "Transcript", "Content", "Sentence", "Message"),
        "id": ("Utterance ID", "Segment ID", "Turn ID"),
        "at": (
            "Started At",
            "Timestamp",
            "Call Start",
            "Call Date",
            "Start Time",
            "Begin Time",
            "Date",
            "Time",
        ),
        "offset": ("Start", "Start Time", "Offset", "Begin", "Start Seconds", "From"),
        "author": (
            "Customer ID",
            "Caller ID",
            "Caller",
            "Speaker",
            "Speaker Name",
            "Speaker Label",
            "Participant",
        ),
        "role": ("Role", "Speaker Role", "Speaker Type", "Participant Role", "Channel", "Speaker"),
        "thread": ("Call ID", "Call", "Conversation ID", "Contact ID", "Session ID", "Recording ID"),
        "lang": ("Language", "Lang"),
        "account": ("Company", "Account"),
    },
    has_turns=True,
)

PRESETS: Mapping[str, Preset] = {
    "sprinklr": SPRINKLR,
    "brandwatch": BRANDWATCH,
    "linkedin": LINKEDIN,
    "transcript": TRANSCRIPT,
}


def preset_named(name: str) -> Preset:
    """Return a preset; raises `BadSettings` naming the nearest and all."""
    if name not in PRESETS:
        raise BadSettings(
            f"there is no preset {name!r}.{did_you_mean(name, PRESETS)} There are: {', '.join(PRESETS)}"
        )
    return PRESETS[name]
