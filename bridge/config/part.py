"""What every table of settings has in common."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from bridge.config.secret import Secret


class Part(BaseModel):
    """A table of settings: unknown keys refused, types kept strict, never changed after loading."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )


def meta(unit: str = "", default: str = "", example: str = "") -> dict[str, Any]:
    """Say what the type can't: the unit, the default in words, an example in TOML."""
    return {"unit": unit, "default": default, "example": example}


def _secret(value: object) -> object:
    return Secret(value) if isinstance(value, str) else value


Hidden = Annotated[Secret, BeforeValidator(_secret), PlainSerializer(str)]
"""A secret as a setting; empty when there is none."""
