"""Words to systemd, for a service of `Type=notify`: ready, alive, stopping."""

from __future__ import annotations

import socket


class Notifier:
    """Speaks to the socket that systemd names in `NOTIFY_SOCKET`; without one it says nothing."""

    def __init__(self, address: str | None) -> None:
        self._address = "\0" + address[1:] if address and address.startswith("@") else address

    def __call__(self, words: str) -> None:
        """Send words such as ``READY=1``; that nobody hears them is no fault of ours."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            try:
                out.sendto(words.encode(), self._address)
            except OSError:
                return
