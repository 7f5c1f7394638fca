"""Whether a request is believed: every scheme, what is wrong with it, and when."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import BadSettings
from connectors.webhook.signature import SCHEMES, Scheme, check_scheme, keys_of, names, refusal

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = "a secret of these tests"  # noqa: S105 - not one
KEY = SECRET.encode()
BODY = b'{"text": "The app is slow."}'
TIMED = sorted(name for name, scheme in SCHEMES.items() if scheme.is_timed)


def request(
    scheme: Scheme, *, key: bytes = KEY, at: datetime = NOW, body: bytes = BODY, name: str = "msg_1"
) -> dict[str, str]:
    """Return the headers of a request, signed as the senders' own pages tell, by other means than ours."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ") if scheme == SCHEMES["zendesk"] else str(int(at.timestamp()))
    content = scheme.signed.format(timestamp=stamp, id=name, body="").encode() + body
    digest = hmac.digest(key, content, "sha256")
    signature = scheme.prefix + (
        digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()
    )
    if scheme.is_timed and not scheme.timestamp_header:
        signature = f"t={stamp},{signature}"
    headers = {scheme.signature_header: signature, scheme.timestamp_header: stamp, scheme.id_header: name}
    return {header.lower(): value for header, value in headers.items() if header}


@pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
def test_every_scheme_believes_its_own_and_nothing_else(scheme: Scheme):
    headers = request(scheme)

    assert refusal(scheme, [KEY], headers, BODY, NOW) is None
    assert refusal(scheme, [KEY], headers, None, NOW) is None
    assert refusal(scheme, [KEY], headers, BODY + b" ", NOW)
    assert refusal(scheme, [b"another secret, long enough"], headers, BODY, NOW)
    assert refusal(scheme, [KEY], {}, None, NOW)
    assert refusal(scheme, [KEY], {**headers, scheme.signature_header.lower(): ""}, None, NOW)


def test_the_example_of_the_standard_is_believed():
    key = b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    secret = "whsec_" + base64.b64encode(key).decode()
    stamp = str(int(NOW.timestamp()))
    digest = hmac.new(key, b"msg_2KWP." + stamp.encode() + b"." + BODY, hashlib.sha256).digest()
    mine = "v1," + base64.b64encode(digest).decode()
    headers = {"webhook-id": "msg_2KWP", "webhook-timestamp": stamp, "webhook-signature": f"v1a,x= {mine}"}

    assert keys_of(secret) == (key,)
    assert refusal(SCHEMES["standard"], keys_of(secret), headers, BODY, NOW) is None
    assert refusal(SCHEMES["standard"], keys_of(secret), {**headers, "webhook-id": "msg_3"}, BODY, NOW)


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize(("seconds", "believed"), [(299, True), (301, False), (-299, True), (-301, False)])
def test_a_time_may_be_five_minutes_off_either_way(name: str, seconds: int, believed: bool):
    headers = request(SCHEMES[name], at=NOW - timedelta(seconds=seconds))

    assert (refusal(SCHEMES[name], [KEY], headers, BODY, NOW) is None) is believed
    assert (refusal(SCHEMES[name], [KEY], headers, None, NOW) is None) is believed


@pytest.mark.parametrize("name", [name for name in TIMED if SCHEMES[name].timestamp_header])
@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e9", "9" * 40, "2026-11-21T12:00:00", "١٧٩٥٢٥٥٢٠٠"])
def test_a_time_that_is_none_is_refused(name: str, stamp: str):
    scheme = SCHEMES[name]
    headers = {**request(scheme), scheme.timestamp_header.lower(): stamp}

    assert "time" in (refusal(scheme, [KEY], headers, None, NOW) or "")


def test_a_changed_time_is_no_longer_what_was_signed():
    scheme = SCHEMES["bridge"]
    old = request(scheme, at=NOW - timedelta(minutes=6))
    fresh = {**old, scheme.timestamp_header.lower(): str(int(NOW.timestamp()))}

    assert "HMAC" in (refusal(scheme, [KEY], fresh, BODY, NOW) or "")


def test_two_times_in_one_header_are_none():
    headers = request(SCHEMES["stripe"])
    doubled = {"stripe-signature": "t=1," + headers["stripe-signature"]}

    assert refusal(SCHEMES["stripe"], [KEY], doubled, BODY, NOW)


@pytest.mark.parametrize(
    "given", ["sha256=", "sha256=zz", "sha1=" + "0" * 40, "0" * 64, "sha256=" + "0" * 63]
)
def test_what_is_no_signature_of_the_scheme_is_refused_by_its_headers(given: str):
    headers = {**request(SCHEMES["bridge"]), "x-webhook-signature": given}

    assert "holds no signature" in (refusal(SCHEMES["bridge"], [KEY], headers, None, NOW) or "")


def test_a_header_full_of_signatures_costs_nothing():
    headers = {**request(SCHEMES["bridge"]), "x-webhook-signature": " ".join(["sha256=" + "0" * 64] * 500)}

    assert refusal(SCHEMES["bridge"], [KEY], headers, None, NOW)


def test_during_a_rotation_both_secrets_are_believed():
    keys = keys_of("the new secret, long enough\nthe old secret, long enough\n")

    for secret in (b"the new secret, long enough", b"the old secret, long enough"):
        assert refusal(SCHEMES["github"], keys, request(SCHEMES["github"], key=secret), BODY, NOW) is None
    third = request(SCHEMES["github"], key=b"a third secret, long enough")
    assert refusal(SCHEMES["github"], keys, third, BODY, NOW)


@pytest.mark.parametrize(
    "secret", ["", "\n", "short", "a secret long enough\nshort", "whsec_not base64 at all"]
)
def test_a_secret_that_is_none_is_refused(secret: str):
    with pytest.raises(BadSettings, match="secret") as caught:
        keys_of(secret)
    assert not secret.strip() or secret.split("\n", maxsplit=1)[0] not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"signed": "{timestamp}"}, "must end with"),
        ({"signed": "{body}{body}"}, "must end with"),
        ({"signed": "{body}"}, "without_timestamp = true"),
        ({"signed": "{id}.{timestamp}.{body}", "id_header": ""}, "needs id_header"),
        ({"signature_header": ""}, "signature_header"),
        ({"signature_header": "X Signature"}, "no name of a header"),
        ({"encoding": "base32"}, "encoding"),
    ],
)
def test_a_scheme_that_cant_work_is_refused(change: dict[str, str], named: str):
    with pytest.raises(BadSettings, match=named):
        check_scheme(replace(SCHEMES["bridge"], **change), without_timestamp=False)


def test_a_scheme_without_a_time_is_allowed_where_it_is_said():
    check_scheme(SCHEMES["github"], without_timestamp=True)


def test_a_delivery_is_known_by_what_was_signed_and_by_the_senders_name():
    one = names(SCHEMES["bridge"], request(SCHEMES["bridge"]), BODY)
    again = names(SCHEMES["bridge"], request(SCHEMES["bridge"], name="msg_2"), BODY)
    later = names(SCHEMES["bridge"], request(SCHEMES["bridge"], at=NOW + timedelta(seconds=1)), BODY)

    assert one[1] == "msg_1"
    assert again == (one[0], "msg_2")
    assert later[0] != one[0]


@given(
    name=st.sampled_from(sorted(SCHEMES)),
    raw=st.binary(max_size=60),
    bit=st.integers(0, 8 * 60 - 1),
    junk=st.dictionaries(st.sampled_from(sorted(request(SCHEMES["standard"]))), st.text(max_size=30)),
)
def test_no_changed_byte_and_no_header_gets_by(name: str, raw: bytes, bit: int, junk: dict[str, str]):
    scheme = SCHEMES[name]
    headers = request(scheme, body=raw)

    assert refusal(scheme, [KEY], headers, raw, NOW) is None
    changed = bytearray(raw or b"\0")
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    assert refusal(scheme, [KEY], headers, bytes(changed), NOW)
    assert refusal(SCHEMES["standard"], [KEY], junk, raw, NOW)
