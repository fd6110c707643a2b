"""What a run leaves to be read."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.files import replacing
from zoo.showing import training_curve


def write_report(
    folder: Path,
    metrics: Mapping[str, Any],
    history: Mapping[str, Sequence[float]],
    curves: Mapping[str, Sequence[float]],
    title: str,
) -> None:
    """Writes `metrics.json`, `history.csv` and `training_curve.png`.

    Args:
        folder: Where.
        metrics: Figures and settings, by name.
        history: One list a column, one entry an epoch.
        curves: Those of them to draw.
        title: Of the drawing.
    """
    with replacing(folder / "metrics.json") as path:
        path.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    with replacing(folder / "history.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *history])
        writer.writerows([epoch, *row] for epoch, row in enumerate(zip(*history.values(), strict=True), 1))
    training_curve(curves, folder / "training_curve.png", title=title)
