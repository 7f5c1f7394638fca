"""Rate limits on the twin's clock: buckets per endpoint, and writes per issue."""

from __future__ import annotations

from collections import defaultdict, deque

from jira_twin.clock import Clock
from jira_twin.exchange import Answer, Call, Refusal
from jira_twin.fault_answers import throttled

RATES = {"GET": 100, "POST": 100, "PUT": 50, "DELETE": 50}
ISSUE_READ = 150
PER_ISSUE = ((20, 2.0), (100, 30.0))
DC_LIMIT, DC_FILL = 600, 100


class Limits:
    """Counts requests; refuses with 429 what is too fast when `on`."""

    def __init__(self, clock: Clock, *, on: bool) -> None:
        self.clock = clock
        self.on = on
        self._buckets: dict[str, tuple[float, float]] = {}
        self._writes: dict[str, deque[float]] = defaultdict(deque)

    def _take(self, name: str, size: float, rate: float) -> float:
        """Take a token; return what is left, less than zero when there was none."""
        now = self.clock.seconds()
        left, at = self._buckets.get(name, (size, now))
        left = min(size, left + (now - at) * rate)
        self._buckets[name] = (left - 1 if left >= 1 else left, now)
        return left - 1

    def check_cloud(self, call: Call, issue_id: str | None) -> None:
        """Refuse a request over a limit of Cloud."""
        rate = ISSUE_READ if call.route == "GET /issue/{id}" else RATES.get(call.method, 100)
        if not self.on:
            return
        if self._take(call.route, rate, rate) < 0:
            raise Refusal(
                throttled(self.clock, {"reason": "jira-burst-based", "retry_after": 1, "limit": rate})
            )
        if issue_id and call.method != "GET":
            self._check_issue(issue_id)

    def _check_issue(self, issue_id: str) -> None:
        now, writes = self.clock.seconds(), self._writes[issue_id]
        while writes and writes[0] <= now - PER_ISSUE[-1][1]:
            writes.popleft()
        for most, span in PER_ISSUE:
            within = [at for at in writes if at > now - span]
            if len(within) >= most:
                wait = int(within[-most] + span - now) + 1
                raise Refusal(
                    throttled(
                        self.clock, {"reason": "jira-per-issue-on-write", "retry_after": wait, "limit": most}
                    )
                )
        writes.append(now)

    def dc_headers(self, user: str) -> tuple[dict[str, str], bool]:
        """Return Data Center's headers, and whether this request is too much."""
        left = self._take(f"user {user}", DC_LIMIT, DC_FILL)
        over = self.on and left < 0
        return {
            "X-RateLimit-Limit": str(DC_LIMIT),
            "X-RateLimit-Remaining": str(max(0, int(left))),
            "X-RateLimit-FillRate": str(DC_FILL),
            "X-RateLimit-Interval-Seconds": "1",
            "retry-after": "1" if over else "0",
        }, over

    @staticmethod
    def dc_refusal(headers: dict[str, str]) -> Answer:
        """Return Data Center's 429."""
        return Answer(429, {"errorMessages": ["Rate limit exceeded"]}, headers)
