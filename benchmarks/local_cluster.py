"""Several workers on this machine."""

from __future__ import annotations

import json
import socket


def free_addresses(count: int) -> list[str]:
    """Returns addresses of this machine that nobody listens to."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("localhost", 0))
    addresses = [f"localhost:{one.getsockname()[1]}" for one in sockets]
    for one in sockets:
        one.close()
    return addresses


def environment(addresses: list[str], index: int) -> dict[str, str]:
    """Returns what tells a process who the workers are, and which of them it is; nothing where it is alone."""
    if len(addresses) == 1:
        return {}
    return {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}})}
