"""Login at an identity provider by OpenID Connect: authorization code with PKCE (RFC 7636).

Nothing is kept between the two halves of a login but a signed cookie in the browser: it holds a random
`state`, and the nonce and the verifier are derived from that and a secret of ours.
"""

from __future__ import annotations

import base64
import hmac
import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from bridge.access.keys import derived, new_key, same
from bridge.config.values import is_loopback, quoted
from bridge.errors import BridgeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from authlib.integrations.requests_client import OAuth2Session
    from joserfc.jwk import KeySet

    from bridge.config.access import Oidc

COOKIE_S: Final = 600
"""How long a person may take at the identity provider."""
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "Ed25519", "EdDSA")
"""Signatures that are believed: those with a public key. `none` and shared secrets are not."""
_LEEWAY_S: Final = 60
_KEPT_S: Final = 3600.0
_WAIT_S: Final = 10.0
_LIMIT: Final = 500  # characters of a claim
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class OidcFault(BridgeError):  # noqa: N818 - says what is the case
    """The login at the identity provider did not work."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the cookie it is to bring back."""

    address: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who came back: known for ever by issuer and subject, found at first by name; and where to go next."""

    issuer: str
    subject: str
    name: str | None
    next_page: str


class Provider:
    """The identity provider. `back` is the address it sends people back to, `secret` signs the cookie."""

    def __init__(
        self, settings: Oidc, back: str, secret: Callable[[], bytes], clock: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._back = back
        self._secret = secret
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[float, dict[str, Any]] | None = None
        self._keys: KeySet | None = None

    def begin(self, next_page: str) -> Begun:
        """Return the first half of a login; raises `OidcFault`."""
        state = new_key()
        with self._client() as client:
            endpoint = self._about(client)["authorization_endpoint"]
            address, _ = client.create_authorization_url(
                endpoint,
                state=state,
                code_verifier=self._derived("verifier", state),
                nonce=self._derived("nonce", state),
            )
        where = base64.urlsafe_b64encode(next_page.encode()).decode()
        content = f"{state}.{int(self._clock().timestamp())}.{where}"
        return Begun(str(address), f"{content}.{self._derived('cookie', content)}")

    def finish(self, cookie: str, answer: Mapping[str, str]) -> Person:
        """Return who came back with this answer in the address; raises `OidcFault`."""
        state, next_page = self._read(cookie)
        if not same(answer.get("state", ""), state):
            raise OidcFault("this login was not begun in this browser; log in again")
        if "error" in answer:
            raise OidcFault(f"the identity provider says {quoted(answer['error'])}; log in again")
        with self._client() as client:
            about = self._about(client)
            if answer.get("iss", about["issuer"]) != about["issuer"]:
                raise OidcFault("the answer is from another identity provider; log in again")
            given = client.fetch_token(
                about["token_endpoint"],
                grant_type="authorization_code",
                code=answer.get("code", ""),
                code_verifier=self._derived("verifier", state),
            )
            claims = self._claims(client, str(given.get("id_token") or ""), self._derived("nonce", state))
        return Person(about["issuer"], claims["sub"], self._name(claims), next_page)

    def _read(self, cookie: str) -> tuple[str, str]:
        content, _, mark = cookie.rpartition(".")
        if not content or not same(mark, self._derived("cookie", content)):
            raise OidcFault("this login was not begun in this browser; log in again")
        state, at, where = content.split(".")
        if not 0 <= self._clock().timestamp() - int(at) <= COOKIE_S:
            raise OidcFault("this login took too long; log in again")
        return state, base64.urlsafe_b64decode(where).decode()

    def _claims(self, client: OAuth2Session, id_token: str, nonce: str) -> dict[str, Any]:
        """Return what the provider says, after checking signature, iss, aud, azp, exp, iat, nonce and sub."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            token = jwt.decode(id_token, self._key_set(client), algorithms=ALGORITHMS)
        except JoseError:  # it may have new keys since; they are asked for once
            token = jwt.decode(id_token, self._key_set(client, anew=True), algorithms=ALGORITHMS)
        options = {
            "iss": {"essential": True, "value": self._about(client)["issuer"]},
            "aud": {"essential": True, "value": self._settings.client_id},
        }
        params = {"nonce": nonce, "client_id": self._settings.client_id}
        claims = CodeIDToken(token.claims, token.header, options, params)
        claims.validate(now=int(self._clock().timestamp()), leeway=_LEEWAY_S)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= _LIMIT or "\0" in subject:
            raise OidcFault("the identity provider tells no `sub` that can be used; ask who runs it")
        if not hmac.compare_digest(str(claims.get("nonce")), nonce):
            raise OidcFault("the answer belongs to another login; log in again")
        return dict(claims)

    def _name(self, claims: Mapping[str, Any]) -> str | None:
        claim = self._settings.name_claim
        value = claims.get(claim)
        is_vouched = claim != "email" or claims.get("email_verified") is True
        return value if isinstance(value, str) and value.strip() and is_vouched else None

    def _about(self, client: OAuth2Session) -> dict[str, Any]:
        """Return what the provider publishes about itself; kept for an hour."""
        now = self._clock().timestamp()
        with self._lock:
            if self._known is not None and 0 <= now - self._known[0] < _KEPT_S:
                return self._known[1]
        about = _json(client, f"{self._settings.issuer}/.well-known/openid-configuration")
        issuer = about.get("issuer")
        if not isinstance(issuer, str) or issuer.removesuffix("/") != self._settings.issuer:
            raise OidcFault(
                f"access.oidc.issuer: {quoted(self._settings.issuer)} names itself {quoted(str(issuer))}; "
                "write it as it names itself"
            )
        for name in _ENDPOINTS:
            _refuse_unencrypted(name, about.get(name))
        with self._lock:
            self._known = (now, about)
        return about

    def _key_set(self, client: OAuth2Session, *, anew: bool = False) -> KeySet:
        from joserfc.jwk import KeySet

        with self._lock:
            kept = self._keys
        if kept is not None and not anew:
            return kept
        fresh = KeySet.import_key_set(_json(client, self._about(client)["jwks_uri"]))  # type: ignore[arg-type]
        with self._lock:
            self._keys = fresh
        return fresh

    @contextmanager
    def _client(self) -> Iterator[OAuth2Session]:
        """Yield a client of the provider; what goes wrong with it becomes an `OidcFault`."""
        import requests
        from authlib.common.errors import AuthlibBaseError
        from authlib.integrations.requests_client import OAuth2Session
        from joserfc.errors import JoseError

        client = OAuth2Session(
            self._settings.client_id,
            self._settings.client_secret.reveal() or None,
            scope="openid email profile",
            redirect_uri=self._back,
            code_challenge_method="S256",
            default_timeout=_WAIT_S,
        )
        try:
            with client:
                yield client
        except requests.RequestException as error:
            raise OidcFault(
                f"the identity provider can't be reached ({type(error).__name__}); try again later"
            ) from error
        except (AuthlibBaseError, JoseError, ValueError, KeyError) as error:
            raise OidcFault(
                f"the identity provider's answer is not to be trusted ({type(error).__name__}); log in again"
            ) from error

    def _derived(self, purpose: str, text: str) -> str:
        return derived(self._secret(), f"oidc {purpose}", text)


def _json(client: OAuth2Session, address: str) -> dict[str, Any]:
    answer = client.get(address, withhold_token=True, allow_redirects=False)
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise OidcFault(f"{quoted(address)} is no JSON object; is access.oidc.issuer right?")
    return found


def _refuse_unencrypted(name: str, value: object) -> None:
    parts = urlsplit(value) if isinstance(value, str) else urlsplit("")
    is_sound = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    if not is_sound or not parts.hostname:
        raise OidcFault(f"the identity provider's {name} is no address with https://; ask who runs it")
