"""Webhook: what another system sends us, signed, as JSON."""

from __future__ import annotations

from connectors.webhook.signature import SCHEMES, Scheme
from connectors.webhook.source import Webhook

__all__ = ["SCHEMES", "Scheme", "Webhook"]
