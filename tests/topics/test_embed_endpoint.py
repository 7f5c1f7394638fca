from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from topics.embed import make_encoder
from topics.encoders.hashed import Hashed
from topics.errors import ModelError, ModelUnavailable

Handler = Callable[[httpx.Request], httpx.Response]
KEY = "sk-very-secret"
NAME = "openai:https://model.example/v1#small"


def answer(request: httpx.Request) -> dict[str, object]:
    vectors = Hashed().encode(json.loads(request.content)["input"])
    return {"data": [{"index": i, "embedding": row.tolist()} for i, row in enumerate(vectors)][::-1]}


def encoder_behind(handler: Handler):
    def client(**keywords: Any):
        return httpx.Client(transport=httpx.MockTransport(handler), **keywords)

    return make_encoder(NAME, cache=Path("never-written"), http=client, api_key=KEY)


def after_the_first(later: Handler) -> Handler:
    """Answer the first question well, so that the encoder can be made, and the rest with `later`."""
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=answer(request)) if len(asked) == 1 else later(request)

    return handler


def test_an_endpoint_is_asked_in_the_openai_way_and_rows_come_back_in_order():
    requests = []

    def handler(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json=answer(request))

    encoder = encoder_behind(handler)
    texts = [f"bag {number}" for number in range(150)]
    vectors = encoder.encode(texts)

    assert np.allclose(vectors, Hashed().encode(texts), atol=1e-6)
    assert encoder.dimension == 256
    assert [str(request.url) for request in requests] == ["https://model.example/v1/embeddings"] * 4
    assert requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert json.loads(requests[1].content)["model"] == "small"
    assert KEY not in f"{encoder.model_id} {encoder.revision} {encoder!r}"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([[float("nan")] * 256], "NaN"),
        ([[float("inf")] * 256], "infinity"),
        ([[0.0] * 256], "zeros"),
        ([[1.0] * 255], "255 numbers instead of 256"),
        ([[1.0] * 256] * 2, "2 vectors for 1 texts"),
        ([], "0 vectors for 1 texts"),
        ([None], "no list of vectors|vectors for"),
        ([["a"] * 256], "no list of vectors"),
    ],
)
def test_a_doubtful_vector_is_refused_with_its_reason(rows: list[Any], said: str):
    body = json.dumps({"data": [{"index": i, "embedding": row} for i, row in enumerate(rows)]})
    encoder = encoder_behind(after_the_first(lambda _: httpx.Response(200, text=body)))

    with pytest.raises(ModelError, match=said):
        encoder.encode(["bag"])


@pytest.mark.parametrize("indices", [[1, 2], [0, 0], [0, 2], [-1, 0]])
def test_vectors_that_are_not_those_of_the_texts_are_refused(indices: list[int]):
    body = json.dumps({"data": [{"index": i, "embedding": [1.0] * 256} for i in indices]})
    encoder = encoder_behind(after_the_first(lambda _: httpx.Response(200, text=body)))

    with pytest.raises(ModelError, match="indices are not those of the texts"):
        encoder.encode(["bag", "seat"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"data": [{"index": 1e400, "embedding": [1.0]}]}', "no list of vectors"),
        ('{"data": [{"index": NaN, "embedding": [1.0]}]}', "no list of vectors"),
        ('{"data": [{"index": 0, "embedding": [1e400, 1.0]}]}', "NaN, infinity"),
        ('{"data": [{"index": 0, "embedding": [1e39, 1.0]}]}', "NaN, infinity"),
        (f'{{"data": [{{"index": 0, "embedding": [1{"0" * 400}, 1.0]}}]}}', "no list of vectors"),
        (f'{{"data": [{{"index": 0, "embedding": [1{"0" * 5000}, 1.0]}}]}}', "something that is not JSON"),
        ("[" * 100_000 + "]" * 100_000, "something that is not JSON"),
        ('{"data": ' * 50_000 + "1" + "}" * 50_000, "something that is not JSON"),
    ],
    ids=lambda value: value[:60],
)
def test_numbers_and_nesting_beyond_all_bounds_are_refused_in_words(body: str, said: str):
    with pytest.raises(ModelError, match=rf"openai:small sent .*{said}.*nothing of it was used"):
        encoder_behind(lambda _: httpx.Response(200, text=body))


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"data": 3}', '{"data": [{}]}'])
def test_an_answer_of_another_shape_is_refused(body: str):
    with pytest.raises(ModelError, match=r"openai:small sent .*nothing of it was used"):
        encoder_behind(lambda _: httpx.Response(200, text=body))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_endpoint_is_to_be_tried_again(status: int):
    with pytest.raises(ModelUnavailable, match=str(status)):
        encoder_behind(lambda _: httpx.Response(status))


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_is_for_a_person_and_does_not_show_the_key(status: int):
    with pytest.raises(ModelError, match=str(status)) as caught:
        encoder_behind(lambda _: httpx.Response(status, text=f"bad key {KEY}"))

    assert not isinstance(caught.value, ModelUnavailable)
    assert KEY not in str(caught.value)


def test_a_dropped_connection_is_to_be_tried_again():
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"no route, {KEY}", request=request)

    with pytest.raises(ModelUnavailable, match="ConnectError") as caught:
        encoder_behind(handler)

    assert KEY not in str(caught.value)
    assert caught.value.__suppress_context__


def test_the_revision_tells_models_and_addresses_apart():
    def revision(name: str) -> str:
        def client(**keywords: Any):
            transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer(request)))
            return httpx.Client(transport=transport, **keywords)

        return make_encoder(name, cache=Path("never-written"), http=client).revision

    names = [NAME, NAME + "er", NAME.replace("v1", "v2")]

    assert len({revision(name) for name in names}) == 3
    assert revision(NAME) == revision(NAME)


def test_a_wordless_text_is_sent_as_something_an_endpoint_accepts():
    sent = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.extend(json.loads(request.content)["input"])
        return httpx.Response(200, json=answer(request))

    encoder_behind(handler).encode(["", " \0 ", "\ud800"])

    assert all(text.strip() for text in sent)
