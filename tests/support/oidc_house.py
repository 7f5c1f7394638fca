"""An identity provider on loopback that checks all that a real one checks, and can be told to lie."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey

CLIENT, SECRET = "feedback-bridge", "the client's secret"


class IdentityProvider:
    """Who people are, by one key. `claims` overrides what the next ID token says; None leaves a claim out."""

    def __init__(self, now: Any) -> None:
        self.now = now
        self.key = ECKey.generate_key("P-256", {"kid": "one", "use": "sig", "alg": "ES256"})
        self.signs_with: Any = self.key
        self.algorithm = "ES256"
        self.person = {"sub": "248289761001", "email": "ana@example.org", "email_verified": True}
        self.claims: dict[str, Any] = {}
        self.says: dict[str, Any] = {}  # overrides in its own description
        self.address = ""
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def about(self) -> dict[str, Any]:
        """Return its description."""
        places = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/keys",
        }
        own = {name: f"{self.address}{path}" for name, path in places.items()}
        return {"issuer": self.address, **own, **self.says}

    def new_key(self):
        """Sign with another key from now on."""
        self.key = self.signs_with = ECKey.generate_key("P-256", {"kid": "two", "use": "sig", "alg": "ES256"})

    def authorize(self, query: dict[str, str]) -> str:
        """Log the person in at once, and return where to send the browser."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        back = {"code": code, "state": query["state"], "iss": self.address}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Give the ID token for a code, once."""
        right = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        asked = self.codes.pop(form.get("code", ""), None)
        if authorization != f"Basic {right}":
            return 401, {"error": "invalid_client"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or form["redirect_uri"] != asked["redirect_uri"]
            or challenge.decode().rstrip("=") != asked["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        """Sign what it knows of the person."""
        at = int(self.now().timestamp())
        own = {"iss": self.address, "aud": CLIENT, "iat": at, "exp": at + 300, "nonce": nonce}
        claims = {**own, **self.person, **self.claims}
        header = {"alg": self.algorithm, "kid": self.signs_with.kid or "one"}
        told = {name: value for name, value in claims.items() if value is not None}
        if self.algorithm == "none":
            parts = [json.dumps(part).encode() for part in ({"alg": "none"}, told)]
            return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
        return jwt.encode(header, told, self.signs_with, algorithms=[self.algorithm])

    def public_as_secret(self):
        """Sign with the public key taken for a shared secret."""
        self.algorithm = "HS256"
        self.signs_with = OctKey.import_key(json.dumps(self.key.as_dict(private=False)))

    def keys(self) -> dict[str, Any]:
        """Return its public keys."""
        found: dict[str, Any] = KeySet([self.key]).as_dict(private=False)  # type: ignore[assignment]
        return found


class _Handler(BaseHTTPRequestHandler):
    house: IdentityProvider

    def do_GET(self):
        parts = urlsplit(self.path)
        self.house.asked.append(parts.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.house.authorize(query))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif parts.path == "/keys":
            self._answer(200, self.house.keys())
        elif parts.path == "/.well-known/openid-configuration":
            self._answer(200, self.house.about())
        else:
            self._answer(404, {})

    def do_POST(self):
        self.house.asked.append(self.path)
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(raw).items()}
        self._answer(*self.house.token(form, self.headers.get("Authorization", "")))

    def _answer(self, status: int, body: dict[str, Any]):
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any):
        """Say nothing."""


@contextmanager
def identity_provider(now: Any):
    """Let an identity provider run on a free port of loopback."""
    house = IdentityProvider(now)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"house": house}))
    house.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield house
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
