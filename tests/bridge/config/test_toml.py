from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from bridge.config.toml import to_toml

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_values = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


@given(value=_values)
def test_what_is_written_reads_back(value: object):
    assert tomllib.loads(f"value = {to_toml(value)}")["value"] == value
