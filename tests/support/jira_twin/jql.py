"""A subset of JQL, bounded as the site wants it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jira_twin.exchange import jql_error
from jira_twin.jql_terms import NAMES, ORDERS, Terms
from jira_twin.records import Issue
from jira_twin.state import Site

Test = Callable[[Issue], bool]
TOKEN = re.compile(
    r"""\s*(?:("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(>=|<=|!=|!~|[=<>~(),])|([^\s()"',=!<>~]+))""", re.DOTALL
)
WORDS = {"and", "or", "not", "in", "is", "order", "by", "empty", "null", "asc", "desc"}
MOST_ORDERS = 7


@dataclass(slots=True)
class Query:
    """A query made ready: a test (None: everything), and the order."""

    test: Test | None
    order: list[tuple[str, bool]] = field(default_factory=list)

    def sorted(self, issues: list[Issue]) -> list[Issue]:
        """Return the issues in the order asked for; without one, the newest first."""
        found = sorted(issues, key=lambda one: int(one.id), reverse=True)
        for name, falling in reversed(self.order):
            found.sort(key=ORDERS[name], reverse=falling)
        return found


def unquote(token: str) -> str:
    """Return the text of a quoted string."""
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), token[1:-1])


def tokens(text: str) -> list[str]:
    """Take a query apart."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match or match.end() == at:
            raise jql_error(
                f"Error in the JQL Query: The character '{text[at]}' is a reserved JQL character."
            )
        found.append(match[1] or match[2] or match[3])
        at = match.end()
    return found


class Parser:
    """Reads tokens from left to right."""

    def __init__(self, site: Site, text: str) -> None:
        self.tokens = tokens(text)
        self.at = 0
        self.terms = Terms(site)

    def peek(self) -> str:
        """Return the next token in small letters, empty at the end."""
        return self.tokens[self.at].lower() if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        """Return the next token; refuse another than wanted."""
        if self.at >= len(self.tokens) or (wanted and self.peek() not in wanted):
            where = self.tokens[self.at] if self.at < len(self.tokens) else "end of the query"
            raise jql_error(
                f"Error in the JQL Query: Expecting {' or '.join(wanted) or 'a value'} but got '{where}'."
            )
        self.at += 1
        return self.tokens[self.at - 1]

    def query(self) -> Query:
        """Read the whole."""
        test = None if self.peek() in {"", "order"} else self.either()
        order: list[tuple[str, bool]] = []
        if self.peek() == "order":
            self.take()
            self.take("by")
            order = self.orders()
        if self.peek():
            self.take("and", "or", "order")
        return Query(test, order)

    def orders(self) -> list[tuple[str, bool]]:
        """Read what to order by."""
        found: list[tuple[str, bool]] = []
        while True:
            name = NAMES.get(self.word(self.take()).lower(), "")
            if name not in ORDERS:
                raise jql_error(f"Not able to sort using field '{self.tokens[self.at - 1]}'.")
            falling = self.peek() == "desc"
            if self.peek() in {"asc", "desc"}:
                self.take()
            found.append((name, falling))
            if self.peek() != ",":
                break
            self.take()
        if len(found) > MOST_ORDERS:
            raise jql_error(f"The maximum number of fields to order by is {MOST_ORDERS}.")
        return found

    def either(self) -> Test:
        """Read terms with OR between."""
        tests = [self.both()]
        while self.peek() == "or":
            self.take()
            tests.append(self.both())
        return lambda issue: any(test(issue) for test in tests)

    def both(self) -> Test:
        """Read terms with AND between."""
        tests = [self.term()]
        while self.peek() == "and":
            self.take()
            tests.append(self.term())
        return lambda issue: all(test(issue) for test in tests)

    def term(self) -> Test:
        """Read NOT, parentheses or a clause."""
        if self.peek() == "not":
            self.take()
            inner = self.term()
            return lambda issue: not inner(issue)
        if self.peek() == "(":
            self.take()
            inner = self.either()
            self.take(")")
            return inner
        return self.clause()

    def clause(self) -> Test:
        """Read field, operator and values."""
        raw = self.word(self.take())
        name = NAMES.get(raw.lower())
        if name is None:
            raise jql_error(f"Field '{raw}' does not exist or you do not have permission to view it.")
        sign = self.take("=", "!=", "in", "not", "is", "~", "!~", ">", ">=", "<", "<=").lower()
        if sign == "not":
            self.take("in")
            sign = "not in"
        if sign == "is":
            if self.peek() == "not":
                self.take()
                sign = "is not"
            self.take("empty", "null")
            return self.terms.clause(name, sign, [])
        values = self.values() if sign in {"in", "not in"} else [self.value()]
        return self.terms.clause(name, sign, values)

    def values(self) -> list[str]:
        """Read a list in parentheses."""
        self.take("(")
        found = [self.value()]
        while self.peek() == ",":
            self.take()
            found.append(self.value())
        self.take(")")
        return found

    def value(self) -> str:
        """Read one value."""
        if self.peek() in WORDS - {"empty", "null"} | {"", "(", ")", ",", "=", "~"}:
            self.take("a value")
        return self.word(self.take())

    @staticmethod
    def word(token: str) -> str:
        """Return a token without its quotes."""
        return unquote(token) if token[:1] in {'"', "'"} else token


def read(site: Site, text: Any) -> Query:
    """Return the query of a text, or refuse it with the site's words."""
    if not isinstance(text, str):
        raise jql_error("The JQL query must be a string.")
    return Parser(site, text).query()
