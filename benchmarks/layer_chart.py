"""The chart of `layers.py`: how many times zoo's time each peer takes, and what a training step costs by length."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

from layer_figures import (
    KERAS,
    KERAS_LSTM,
    LENGTH_SIZE,
    LSTM,
    MIN_GRU,
    MODES,
    PEERS,
    RNN,
    TARGETS,
    TORCH,
    TORCH_LSTM,
    UNROLL,
    XLA,
    Length,
    Row,
    means,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

# Distinct for the colour-blind too, and in grey.
COLOURS = {KERAS: "#b3262e", UNROLL: "#e07b54", XLA: "#f2b48c", RNN: "#6a4c93", TORCH: "#2f6f9f"}
LINES = {
    LSTM: ("#1f7a5c", "o", "-"),
    MIN_GRU: ("#7ab648", "s", "-"),
    KERAS_LSTM: (COLOURS[KERAS], "^", "--"),
    TORCH_LSTM: (COLOURS[TORCH], "D", "--"),
}
INK, QUIET, GRID = "#22252a", "#70757d", "#e3e5e8"
BAR_INCHES, GAP_INCHES = 0.15, 0.16  # thickness of a bar, and space between two rows
HEADER_INCHES = 1.15
MEAN = ("geometric mean", "")
MUSTS = {
    (peers[0], mode): must for _, peers, by_mode in TARGETS if len(peers) == 1 for mode, (must, _) in by_mode.items()
}


def draw(rows: Sequence[Row], lengths: Sequence[Length], path: str, *, subtitle: str) -> None:
    """Writes the chart as a PNG file: bars if there are rows, curves if there are lengths.

    Args:
        rows: What was measured, in the order in which it is to be seen.
        lengths: Cost against length.
        path: The file.
        subtitle: The machine.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = _shown(rows)
    bars = 0.6 + sum(BAR_INCHES * len(peers) + GAP_INCHES for peers in shown.values()) if shown else 0.0
    heights = [height for height in (bars, 4.0 if lengths else 0.0) if height]
    if not heights:
        return
    figure = Figure(figsize=(13.5, HEADER_INCHES + sum(heights)), dpi=144, layout="constrained", facecolor="white")
    canvas = FigureCanvasAgg(figure)
    header, *parts = figure.subfigures(len(heights) + 1, 1, height_ratios=[HEADER_INCHES, *heights])
    header.text(0.01, 0.74, "Recurrent layers: zoo beside its peers", fontsize=16, weight="bold", color=INK)
    header.text(0.01, 0.52, subtitle, fontsize=9.5, color=QUIET)
    if shown:
        _draw_legend(header, shown)
        _draw_ratios(parts.pop(0), rows, shown)
    if lengths:
        _draw_lengths(parts.pop(0), lengths)
    canvas.print_png(path)


def _draw_legend(header: SubFigure, shown: dict[tuple[str, str], list[str]]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    names = [peer for peer in PEERS if any(peer in peers for peers in shown.values())]
    handles = [Patch(color=COLOURS[name], label=name) for name in names]
    handles.append(Line2D([], [], color=INK, marker="|", markersize=11, markeredgewidth=2, linestyle="", label="must"))
    header.text(0.01, 0.13, "Time of the peer divided by zoo's; right of 1, zoo is faster:", fontsize=10, color=INK)
    header.legend(handles=handles, loc=(0.36, 0.03), ncols=len(handles), frameon=False, fontsize=10, handlelength=1.2)


def _shown(rows: Sequence[Row]) -> dict[tuple[str, str], list[str]]:
    """Returns the peers of every layer and size, in any mode, under the mean of all.

    A layer has the same place in all panels.
    """
    shown: dict[tuple[str, str], list[str]] = {MEAN: []} if rows else {}
    for row in rows:
        for peers in (shown[MEAN], shown.setdefault((row.case.label, row.case.size), [])):
            peers += [peer for peer in PEERS if peer in row.milliseconds and peer not in peers]
    return {key: sorted(peers, key=PEERS.index) for key, peers in shown.items()}


def _draw_ratios(part: SubFigure, rows: Sequence[Row], shown: dict[tuple[str, str], list[str]]) -> None:
    """Draws a panel of bars for each mode."""
    modes = [mode for mode in MODES if any(row.mode == mode for row in rows)]
    places, bottom = {}, 0.0
    for key, peers in shown.items():
        thickness = BAR_INCHES * len(peers)
        places[key] = bottom + thickness / 2
        bottom += thickness + GAP_INCHES
    # An export has one peer a row, and needs less room.
    widths = [0.5 if mode == "export" else 1.0 for mode in modes]
    panels = part.subplots(1, len(modes), sharey=True, sharex=len(modes) > 1, squeeze=False, width_ratios=widths)[0]
    ratios = [1.0]
    for axes, mode in zip(panels, modes, strict=True):
        ratios += _draw_mode(axes, [row for row in rows if row.mode == mode], shown, places)
        axes.set_title(mode, loc="left", fontsize=11, weight="bold", color=INK)
    # Room for the figures at the ends, whatever the range.
    margin = max(1.3, (max(ratios) / min(ratios)) ** 0.1)
    low, high = min(ratios) / margin, max(ratios) * margin
    possible = (0.1, 0.2, 0.5, 1, 2, 3, 5, 10, 20) if high / low < 30 else (0.01, 0.1, 1, 10, 100, 1000)
    for axes in panels:
        axes.set_xlim(low, high)
        ticks = [tick for tick in possible if low <= tick <= high]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_ylim(bottom - GAP_INCHES / 2, -GAP_INCHES / 2)
    panels[0].set_yticks(list(places.values()), [f"{label}   {size}".strip() for label, size in places], fontsize=8.5)
    panels[0].get_yticklabels()[0].set_fontweight("bold")


def _draw_mode(
    axes: Axes, rows: Sequence[Row], shown: dict[tuple[str, str], list[str]], places: dict[tuple[str, str], float]
) -> list[float]:
    """Draws one mode's bars; returns their ratios."""
    ratios = {
        (row.case.label, row.case.size): {p: row.ratio(p) for p in PEERS if p in row.milliseconds} for row in rows
    }
    ratios[MEAN] = {peer: means(rows, rows[0].mode, (peer,))[0] for peer in shown[MEAN]}
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.axhspan(-GAP_INCHES / 2, places[MEAN] * 2 + GAP_INCHES / 2, color="#f3f4f6", linewidth=0)
    axes.axvline(1, color=INK, linewidth=1)
    _quieten(axes, "x")
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    for key, by_peer in ratios.items():
        here = [peer for peer in shown[key] if math.isfinite(by_peer.get(peer, math.nan))]
        for index, peer in enumerate(here):
            y = places[key] + (index - (len(here) - 1) / 2) * BAR_INCHES
            must = MUSTS.get((peer, rows[0].mode)) if key == MEAN else None
            _draw_bar(axes, y, by_peer[peer], COLOURS[peer], must or 1.0)
            if must:
                axes.plot([must, must], [y - 0.55 * BAR_INCHES, y + 0.55 * BAR_INCHES], color=INK, linewidth=2)
    return [ratio for by_peer in ratios.values() for ratio in by_peer.values() if math.isfinite(ratio)]


def _draw_bar(axes: Axes, y: float, ratio: float, colour: str, must: float) -> None:
    """Draws one bar from 1 to `ratio`, with the figure at its end, or behind the mark of `must` where that is near."""
    end = must if 1 / 1.5 < ratio / must < 1.5 and abs(math.log(must)) > abs(math.log(ratio)) else ratio
    axes.barh(y, ratio - 1, BAR_INCHES * 0.86, left=1, color=colour)
    axes.annotate(
        f"{ratio:.2f}" if ratio < 0.995 else f"{ratio:.1f}" if ratio < 9.95 else f"{ratio:.0f}",
        (end, y),
        (4 if ratio >= 1 else -4, -0.5),
        textcoords="offset points",
        ha="left" if ratio >= 1 else "right",
        va="center",
        fontsize=7,
        color=INK,
    )


def _draw_lengths(part: SubFigure, lengths: Sequence[Length]) -> None:
    """Draws time and memory of a training step by length, on logarithmic axes."""
    batch, inputs, units = LENGTH_SIZE
    part.suptitle(
        f"forward+backward by length: batch {batch}, {inputs}->{units}",
        x=0.01,
        ha="left",
        fontsize=11,
        weight="bold",
        color=INK,
    )
    steps = [length.steps for length in lengths]
    time, memory = part.subplots(1, 2)
    for name, (colour, marker, style) in LINES.items():
        times = [
            statistics.median(length.milliseconds[name]) if name in length.milliseconds else math.nan
            for length in lengths
        ]
        peaks = [length.megabytes.get(name, math.nan) for length in lengths]
        for axes, values in ((time, times), (memory, peaks)):
            if any(map(math.isfinite, values)):
                known = [(step, value) for step, value in zip(steps, values, strict=True) if math.isfinite(value)]
                axes.plot(
                    *zip(*known, strict=True), color=colour, marker=marker, linestyle=style, markersize=5, label=name
                )
    for axes, label in ((time, "milliseconds"), (memory, "MiB that the first call adds to a fresh process")):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(steps, [f"{step:,}" for step in steps])
        axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
        axes.set_xlabel("steps", color=QUIET, fontsize=9)
        axes.set_title(label, loc="left", fontsize=9.5, color=INK)
        _quieten(axes, "both")
    handles, labels = time.get_legend_handles_labels()
    part.legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False, fontsize=9.5)


def _quieten(axes: Axes, axis: str) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.grid(axis=axis, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=QUIET, labelsize=8.5)
