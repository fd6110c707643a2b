"""What the figures of a benchmark were measured on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path


def cores() -> int:
    """Returns how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def processor() -> str:
    """Returns the processor's name, family and model, as far as the system tells."""
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return platform.processor() or platform.machine()
    lines = path.read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name = facts.get("model name", platform.machine())
    # Virtual machines often call themselves after the maker only.
    return f"{name} (family {facts['cpu family']}, model {facts['model']})" if "cpu family" in facts else name


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Returns the versions of those packages that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def describe(packages: Sequence[str], gpus: Sequence[str] = ()) -> dict[str, str | int]:
    """Returns processor, cores, GPUs, system and versions, by name; nothing that identifies a machine or its user."""
    facts = {"processor": processor(), "cores": cores()}
    if gpus:
        facts["gpu"] = ", ".join(gpus)
    facts["system"] = f"{platform.system()} {platform.machine()}"
    return {**facts, "python": platform.python_version(), **versions(packages)}


def line(facts: Mapping[str, str | int]) -> str:
    """Returns what `describe` found as one line, for a chart."""
    alone = ("processor", "gpu", "system")
    parts = [str(fact) if name in alone else f"{name} {fact}" for name, fact in facts.items() if name != "cores"]
    return " · ".join([*parts[:1], f"{facts['cores']} cores", *parts[1:]])
