"""What can be wrong with a server of PostgreSQL, and what to do."""

from __future__ import annotations

import re

from sqlalchemy.exc import DBAPIError, OperationalError

_BY_STATE = {
    "55P03": "is locked by another program; wait for it to end, or stop it, and try again",
    "40P01": "is locked by another program; wait for it to end, or stop it, and try again",
    "57014": "took too long and stopped our statement; look at its load, and try again",
    "53100": "its disk can't take more; make room there and run again: nothing is lost",
    "53200": "is out of memory; give it more, and run again: nothing is lost",
    "53300": "takes no more connections; raise its max_connections, or stop what you don't need",
    "57P01": "was shut down; start it and run again: nothing is lost",
    "57P02": "has crashed; look at its log, start it and run again: nothing is lost",
    "57P03": "is starting or stopping; wait a moment and run again",
    "25006": "can't be written: it is a standby, or set to read only; name the primary in database.url",
    "42501": "lets our user do too little; make the user the owner of the database",
    "28P01": "doesn't take the password of database.url",
    "28000": "doesn't let our user in; mend the user in database.url, or the server's pg_hba.conf",
    "3D000": "has no such database; make it with createdb, or name another in database.url",
    "58030": "can't read or write its disk; look at its log",
    "XX001": "is damaged; it was not changed: restore a backup with feedback-bridge db restore COPY",
    "XX002": "has a damaged index; run REINDEX DATABASE, then feedback-bridge db check",
}
_BY_WORDS = (  # before there is a connection there is no state, only the words
    (re.compile("password|fe_sendauth|SCRAM", re.IGNORECASE), _BY_STATE["28P01"]),
    (re.compile(r'role ".*" does not exist|pg_hba\.conf', re.IGNORECASE), _BY_STATE["28000"]),
    (re.compile(r'database ".*" does not exist', re.IGNORECASE), _BY_STATE["3D000"]),
    (re.compile("too many (clients|connections)|slots are reserved", re.IGNORECASE), _BY_STATE["53300"]),
    (re.compile("starting up|shutting down|recovery mode", re.IGNORECASE), _BY_STATE["57P03"]),
    (re.compile("SSL|certificate", re.IGNORECASE), "and we found no common way to encrypt"),
)


def words(place: str, error: DBAPIError) -> str | None:
    """Say a foreseeable fault of a server, and what to do; None for one that is a mistake of ours."""
    state = getattr(error.orig, "sqlstate", None)
    if state in _BY_STATE:
        return f"{place} {_BY_STATE[state]}"
    if not isinstance(error, OperationalError) and not error.connection_invalidated:
        return None
    said = " ".join(str(error.orig).split())
    for pattern, advice in _BY_WORDS:
        if pattern.search(said):
            return f"{place} {advice} ({said})"
    return f"{place} doesn't answer; start it, or mend database.url, and run again: nothing is lost ({said})"
