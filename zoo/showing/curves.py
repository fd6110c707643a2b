"""Training curves as an image."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NOT_CURVES = {"epoch", "learning_rate", "lr", "seconds"}
_TRAINING, _VALIDATION, _QUIET = "#c2703d", "#2a6f97", "#8a8a85"
# Validation metrics beyond the first, which is the one that is looked at.
_OTHERS = ["#7b6ba8", "#4f9d69", "#b0578d", "#948b3d", "#5b9aa0", "#9c5a4b"]

Series = Sequence[float | None]


def training_curve(
    history: Mapping[str, Series], path: str | Path, *, title: str = "Training", monitor: str | None = None
) -> None:
    """Draws losses and metrics by epoch into a PNG file, with the best epoch marked.

    The left panel has every series whose name ends in `loss`, the right one all others; `val_` marks what was measured
    on validation data. Learning rates and times are left out.

    Args:
        history: As Keras' `History.history`: each name's value after every epoch. None and NaN are values that are
            missing; series may be shorter than others.
        path: The PNG file, written whole or not at all; missing folders are made.
        title: Heading of the image.
        monitor: The series that says which epoch is best: the one with its largest value, or its smallest if its name
            is that of a loss, a perplexity, an error, a distance or bits per character. By default `val_f1`, or else
            the first of: a validation metric, the validation loss, the loss.

    Raises:
        ValueError: There is nothing to draw, or no series called `monitor`.
        OSError: The file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    curves = {name: _floats(values) for name, values in history.items() if name not in _NOT_CURVES}
    curves = {name: values for name, values in curves.items() if any(map(math.isfinite, values))}
    if not curves:
        raise ValueError("there is no training curve to draw: no series of the history has a finite value")
    if monitor is not None and monitor not in curves:
        raise ValueError(
            f"the history has no finite series {monitor!r} to find the best epoch by; it has {sorted(curves)}"
        )
    monitor = monitor or _default_monitor(curves)
    best = best_epoch(curves[monitor], _smaller_is_better(monitor))

    losses = {name: values for name, values in curves.items() if name.endswith("loss")}
    metrics = {name: values for name, values in curves.items() if name not in losses}
    panels = [(name, panel) for name, panel in (("loss", losses), ("metric", metrics)) if panel]
    # A figure with its own canvas: pyplot would choose a backend for the whole process and keep the figure.
    figure = Figure(figsize=(5.4 * len(panels), 4), dpi=144, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    figure.suptitle(title, x=0.012, ha="left", fontsize=13, fontweight="bold", parse_math=False)
    epochs = max(map(len, curves.values()))
    for index, (name, panel) in enumerate(panels):
        axes = figure.add_subplot(1, len(panels), index + 1)
        _draw_panel(axes, panel, epochs, best, monitor)
        axes.set_ylabel(name)
    with replacing(path) as temporary:
        canvas.print_png(temporary)


def best_epoch(values: Series, smaller_is_better: bool = False) -> int:
    """Returns the index, from 0, of the best finite value; the earliest if there are several.

    Raises:
        ValueError: No value is finite.
    """
    finite = [(value, index) for index, value in enumerate(_floats(values)) if math.isfinite(value)]
    if not finite:
        raise ValueError("no epoch is the best: no value is finite")
    return min(finite)[1] if smaller_is_better else max(finite, key=lambda pair: (pair[0], -pair[1]))[1]


def _floats(values: Series) -> list[float]:
    return [math.nan if value is None else float(value) for value in values]


def _smaller_is_better(name: str) -> bool:
    return name.endswith(("loss", "perplexity", "error", "distance", "per_character"))


def _default_monitor(curves: Mapping[str, Series]) -> str:
    validation = [name for name in curves if name.startswith("val_") and not name.endswith("loss")]
    wishes = ["val_f1", *validation, "val_loss", "loss", *curves]
    return next(name for name in wishes if name in curves)


def _draw_panel(axes: "Axes", curves: Mapping[str, list[float]], epochs: int, best: int, monitor: str) -> None:
    from matplotlib.ticker import MaxNLocator

    others = iter(_OTHERS * len(curves))
    for name, values in sorted(curves.items(), key=lambda item: item[0] != monitor):
        validation = name.startswith("val_")
        leading = name == monitor or name.endswith("loss")
        color = (_VALIDATION if validation else _TRAINING) if leading else next(others)
        numbers = range(1, len(values) + 1)
        # A marker a point, so that one epoch, or one between two that are missing, can be seen.
        axes.plot(
            numbers, values, color=color, label=_label(name), linewidth=2 if leading else 1.4,
            linestyle="-" if validation or leading else "--", marker="o", markersize=3.5 if len(values) <= 60 else 1.5,
        )  # fmt: skip
    mark = f"best epoch: {best + 1}"
    if monitor in curves:
        value = curves[monitor][best]
        axes.plot([best + 1], [value], marker="o", markersize=9, fillstyle="none", color=_QUIET, linestyle="none")
        mark += f" ({value:.4g})"
    axes.axvline(best + 1, color=_QUIET, linewidth=1, linestyle=":", label=mark, zorder=0)
    axes.set_xlabel("epoch")
    axes.set_xlim(0.5, epochs + 0.5)
    axes.margins(y=0.12)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e4e4e0", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, fontsize=9)


def _label(name: str) -> str:
    kind = "validation" if name.startswith("val_") else "training"
    name = name.removeprefix("val_").replace("_", " ")
    # A dollar would begin a formula.
    return f"{kind} {name}".replace("$", r"\$")
