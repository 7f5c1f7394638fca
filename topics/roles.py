"""Who speaks: customer, employee, brand or bot, by configuration first and by behaviour second.

Behaviour is judged on the posts of one author taken together, never on one post; an author with few posts is
always a customer. No account is known here by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from topics.records import Role

_FEW_POSTS = 5
_MOSTLY = 0.8
_ALMOST_NEVER = 0.1
_ALWAYS = 0.95
_FEED_POSTS = 8
_MANY_OTHERS = 20
_OFTEN = 0.3
_SPAM_POSTS = 10
_ALL_ALIKE = 0.2
_TITLE_CASED = 0.6
_MIN_TITLE_WORDS = 4
_END_CHARS = 400

_LINK = re.compile(r"https?://\S+|www\.\S+")
_LINK_AT_END = re.compile(r"(?:https?://|www\.)\S+\s*(?:[@#]\w{1,50}\s*){0,5}$")
_HANDLE = re.compile(r"(?<![A-Za-z0-9_/@&])@([A-Za-z0-9_]{1,30})")
_REPLY = re.compile(r"[\s.\"\u201c]{0,3}@\w")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_SOURCE_SUFFIX = re.compile(r"\s[-\u2013\u2014|]\s(?:from\s|via\s)?@?[A-Z0-9][^\n]{1,60}$")
_FIRST_PERSON_WORDS = (
    "i i'm im i've ive i'd i'll me my mine myself we we're we've we'll us our ours ich mich mir mein "
    "meine meinen meinem meiner wir uns unser unsere unseren unserem je j'ai j'en j'y j'avais j'attends "
    "moi mon ma mes nous notre nos yo mi mis mí nosotros nosotras nuestro nuestra nuestros nuestras eu "
    "meu minha meus minhas nós nosso nossa nossos nossas"
)
_FIRST_PERSON = frozenset(_FIRST_PERSON_WORDS.split())
_SECOND_PERSON_WORDS = (
    "you your yours you're youre you've u ur ya y'all du dich dir dein deine ihr euch euer eure vous "
    "votre vos tu ton te usted ustedes você vocês"
)
_SECOND_PERSON = frozenset(_SECOND_PERSON_WORDS.split())
_APOLOGY = re.compile(
    r"\b(?:we(?:'re|\u2019re| are)?(?: \w{1,12}){0,2} (?:sorry|apologi[sz]e)|our apologies|apologi[sz]e for"
    r"|sorry (?:to hear|for|about|you|we)|(?:please|kindly)(?: \w{1,12}){0,3} (?:dm|pm) us|(?:send|dm"
    r"|pm) us (?:a|your|the)"
    r"|(?:let us|we'll|we will|we\u2019ll) (?:know|look into|follow up|check)"
    r"|thanks? (?:you )?for (?:letting us|reaching|your feedback)"
    r"|tut uns (?:sehr )?leid|(?:wir )?entschuldigen (?:uns|sie)|sommes d\u00e9sol\u00e9s|nous excuser"
    r"|lamentamos|disculpa por|disculpas|pedimos desculpa|sentimos muito)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostSignals:
    """What one post shows of the one who wrote it; the flags, in this order, are the bits of `mask`."""

    has_link: bool = False
    first_person: bool = False  # I, my, we … in five languages
    second_person: bool = False
    is_headline: bool = False  # speaks of nobody present, reads like a title, ends in a link
    is_reply: bool = False  # begins with a handle
    is_apology: bool = False  # the formulas of customer service
    addressed: tuple[str, ...] = ()  # handles in it, lower case, each once; not part of the mask

    @property
    def mask(self) -> int:
        """The flags as one number, bit 0 for the first."""
        return sum(1 << bit for bit, name in enumerate(_FLAGS) if getattr(self, name))

    @classmethod
    def from_mask(cls, mask: int, addressed: tuple[str, ...] = ()) -> PostSignals:
        """Return the signals that `mask` was made of; unknown bits are ignored."""
        flags = {name: bool(mask >> bit & 1) for bit, name in enumerate(_FLAGS)}
        return cls(addressed=addressed, **flags)


_FLAGS = tuple(field.name for field in fields(PostSignals) if field.name != "addressed")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorStats:
    """The posts of one author taken together; all are counts of posts but the last two."""

    posts: int = 0
    with_link: int = 0
    first_person: int = 0
    headlines: int = 0
    replies: int = 0
    apologies: int = 0
    distinct_texts: int = 0  # different exact fingerprints; 0 if nobody counted
    addressed_by: int = 0  # other authors who name this one

    def plus(self, post: PostSignals) -> AuthorStats:
        """Return these counts with one more post; `distinct_texts` and `addressed_by` stay as they are."""
        return AuthorStats(
            posts=self.posts + 1,
            with_link=self.with_link + post.has_link,
            first_person=self.first_person + post.first_person,
            headlines=self.headlines + post.is_headline,
            replies=self.replies + post.is_reply,
            apologies=self.apologies + post.is_apology,
            distinct_texts=self.distinct_texts,
            addressed_by=self.addressed_by,
        )


def signals(text: str) -> PostSignals:
    """Read the signals off one clean text (handles and links still in it)."""
    said = _HANDLE.sub(" ", _LINK.sub(" ", text))
    spoken = _spoken_words(said)
    first, second = not spoken.isdisjoint(_FIRST_PERSON), not spoken.isdisjoint(_SECOND_PERSON)
    return PostSignals(
        has_link=_LINK.search(text) is not None,
        first_person=first,
        second_person=second,
        is_headline=not first and not second and _is_title(text, said),
        is_reply=_REPLY.match(text) is not None,
        is_apology=_APOLOGY.search(said) is not None,
        addressed=tuple(dict.fromkeys(match[1].lower() for match in _HANDLE.finditer(text))),
    )


def _spoken_words(said: str) -> frozenset[str]:
    """Return the words in lower case, without abbreviations (US, MA) unless the whole text is shouted."""
    is_shouted = said.isupper()
    words = (word.replace("\u2019", "'") for word in _WORD.findall(said))
    return frozenset(word.lower() for word in words if is_shouted or len(word) == 1 or not word.isupper())


def _is_title(text: str, said: str) -> bool:
    """Say whether a text ends in a link and names its source or writes Most Words With Capitals."""
    link = _LINK_AT_END.search(text[-_END_CHARS:])
    if link is None or "?" in said:
        return False
    words = [word for word in _WORD.findall(said) if len(word) >= _MIN_TITLE_WORDS]
    capitals = sum(word[0].isupper() and not word.isupper() for word in words)
    is_title_cased = len(words) >= _MIN_TITLE_WORDS and capitals >= _TITLE_CASED * len(words)
    before_link = text[-_END_CHARS:][: link.start()].rstrip()
    return is_title_cased or _SOURCE_SUFFIX.search(before_link) is not None


def judge(
    handle: str | None, stats: AuthorStats, *, brand_accounts: frozenset[str], is_staff: bool
) -> tuple[Role, str]:
    """Return the role of an author and the reason in words.

    `brand_accounts` are handles with or without @, in any case; `is_staff` is the source's own word that the
    author works for the company.
    """
    name = (handle or "").lstrip("@").casefold()
    if name and name in {account.lstrip("@").casefold() for account in brand_accounts}:
        return Role.BRAND, f"@{name} is one of the brand's accounts in the settings"
    if is_staff:
        return Role.EMPLOYEE, "the source says that the author is staff"
    if stats.posts < _FEW_POSTS:
        return Role.CUSTOMER, f"{stats.posts} posts are too few to tell anything else"
    return _by_behaviour(stats)


def _by_behaviour(stats: AuthorStats) -> tuple[Role, str]:
    if _is_brand(stats):
        return Role.BRAND, (
            f"{stats.addressed_by} others address this account, and {stats.apologies} of its "
            f"{stats.posts} posts are answers of a customer service"
        )
    if stats.first_person <= _ALMOST_NEVER * stats.posts:
        if min(stats.headlines, stats.with_link) >= _MOSTLY * stats.posts:
            return Role.BOT, f"{stats.headlines} of {stats.posts} posts are headlines with a link"
        if _is_spam(stats):
            return (
                Role.BOT,
                f"{stats.posts} posts with links say only {stats.distinct_texts} different things",
            )
    if stats.first_person <= _ALMOST_NEVER * stats.posts and _only_links(stats):
        own = stats.first_person
        return Role.BOT, f"{stats.with_link} of {stats.posts} posts carry a link, {own} speak of the writer"
    return Role.CUSTOMER, f"{stats.posts} posts, written as a person writes"


def _is_brand(stats: AuthorStats) -> bool:
    answers_often = stats.apologies >= _OFTEN * stats.posts
    return stats.addressed_by >= _MANY_OTHERS and answers_often and stats.replies >= stats.posts / 2


def _only_links(stats: AuthorStats) -> bool:
    """Say whether an author of several posts never writes without a link: a feed, whatever its style."""
    return stats.posts >= _FEED_POSTS and stats.with_link >= _ALWAYS * stats.posts


def _is_spam(stats: AuthorStats) -> bool:
    is_alike = 0 < stats.distinct_texts <= _ALL_ALIKE * stats.posts
    return stats.posts >= _SPAM_POSTS and is_alike and stats.with_link >= _MOSTLY * stats.posts
