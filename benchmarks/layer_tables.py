"""The tables of `layers.py`, as Markdown that is also readable in a terminal."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from layer_figures import (
    KERAS,
    KERAS_CELLS,
    LARGE,
    LENGTH_SIZE,
    LOOP,
    LOOP_A_CORE,
    LSTM,
    MIN_GRU,
    MODES,
    MUST_BE_FASTER,
    ONE_LOOP,
    PARALLEL_SIZE,
    PARALLEL_STEPS,
    PEERS,
    RNN,
    TARGETS,
    ZOO,
    Length,
    Row,
    half_spread,
    means,
    slowest_row,
)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """Returns an aligned table, its first columns, `words` of them, to the left and the others to the right."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    rule = ["-" * width if column < words else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    return "\n".join(
        "| " + " | ".join(_justified(text, width, i < words) for i, (text, width) in enumerate(pairs)) + " |"
        for pairs in (list(zip(row, widths, strict=True)) for row in (cells[0], rule, *cells[1:]))
    )


def _justified(text: str, width: int, left: bool) -> str:
    return text.ljust(width) if left else text.rjust(width)


def times(rows: Sequence[Row], mode: str) -> str:
    """Returns the tables of one mode: the cells that Keras has, then the others."""
    parts = []
    for known in (True, False):
        chosen = [row for row in rows if row.mode == mode and (row.case.cell in KERAS_CELLS) == known]
        if chosen:
            parts.append(_times(chosen))
    return "\n\n".join(parts)


def _times(rows: Sequence[Row]) -> str:
    peers = [name for name in (LOOP, *PEERS) if any(name in row.milliseconds or name in row.skipped for row in rows)]
    reasons = sorted({reason for row in rows for reason in row.skipped.values()})
    lines = []
    for row in rows:
        line = [row.case.label, row.case.size, _time(row, ZOO)]
        line += [_peer(row, peer, reasons) for peer in peers]
        line += [f"{row.gflops_per_second:.0f}", f"{row.floor_ms:.1f} ({row.floor_ms / row.median(ZOO):.0%})"]
        lines.append(line)
    header = ["layer", "batch x steps, input -> units", ZOO, *peers, "GFLOP/s", "products alone"]
    notes = "".join(f"\n[{number}] skipped: {reason}" for number, reason in enumerate(reasons, 1))
    return markdown(header, lines, words=2) + ("\n" + notes if notes else "")


def _time(row: Row, name: str) -> str:
    return f"{row.median(name):.1f} ±{half_spread(row.milliseconds[name]):.1f}"


def _peer(row: Row, peer: str, reasons: list[str]) -> str:
    if peer in row.skipped:
        return f"[{reasons.index(row.skipped[peer]) + 1}]"
    return f"{_time(row, peer)} ({row.ratio(peer):.2f}x)" if peer in row.milliseconds else ""


def products(rows: Sequence[Row]) -> str:
    """Returns the speeds of the matrix products, each the median over all rows it was measured beside, in GFLOP/s."""
    large = [row.speeds[LARGE] for row in rows]
    sizes: dict[tuple[int, int, int], list[Row]] = {}
    for row in rows:
        if ONE_LOOP in row.speeds:
            sizes.setdefault((row.case.batch, row.case.units, row.loop_columns), []).append(row)
    lines = []
    for (batch, units, columns), measured in sizes.items():
        line = [f"[{batch}, {units}] x [{units}, {columns}]"]
        for name in (ONE_LOOP, LOOP_A_CORE):
            speeds = [row.speeds[name] for row in measured if name in row.speeds]
            line.append(f"{statistics.median(speeds):.0f}" if speeds else "")
        lines.append(line)
    lines.append(["large, outside any loop", f"{statistics.median(large):.0f}", ""])
    return markdown(["product", "one loop", "batch cut, a loop a core"], lines)


def summary(rows: Sequence[Row]) -> str:
    """Returns the geometric means beside what they are to reach."""
    lines = []
    for name, peers, targets in TARGETS:
        for mode in MODES:
            mean, count = means(rows, mode, peers)
            if not count or (mode == "export" and len(peers) > 1):
                continue
            must, aim = targets.get(mode, (None, None))
            bounds = ["", "", ""] if must is None else [f"{must}x", f"{aim}x", _verdict(mean, must, aim)]
            lines.append([name, mode, str(count), f"{mean:.2f}x", *bounds])
    return markdown(["zoo against", "mode", "rows", "geometric mean", "must", "aim", "reached"], lines, words=2)


def _verdict(value: float, must: float, aim: float) -> str:
    return "aim" if value >= aim else "must" if value >= must else "no"


def slowest(rows: Sequence[Row]) -> str:
    """Returns, for every mode, the row in which zoo is least ahead of Keras as anyone calls it."""
    lines = []
    for mode in MODES:
        for peer in (KERAS, RNN):
            row = slowest_row(rows, mode, peer)
            if row is not None:
                ratio = row.ratio(peer)
                verdict = "yes" if ratio >= 1 else "no"
                lines.append([peer, mode, f"{row.case.label}, {row.case.size}", f"{ratio:.2f}x", "1.0x", verdict])
    return markdown(["least ahead of", "mode", "row", "ratio", "must", "reached"], lines, words=3)


def lengths(measured: Sequence[Length]) -> str:
    """Returns time and memory of a training step by length."""
    names = list(measured[0].milliseconds)
    lines = []
    for length in measured:
        times = [
            f"{statistics.median(values):.1f} ±{half_spread(values):.1f}" for values in length.milliseconds.values()
        ]
        memory = [f"{length.megabytes[name]:.0f}" if name in length.megabytes else "" for name in names]
        lines.append([f"{length.steps:,} steps", *times, *memory])
    batch, inputs, units = LENGTH_SIZE
    header = [f"batch {batch}, {inputs}->{units}", *(f"{name}, ms" for name in names), *(f"{n}, MiB" for n in names)]
    return markdown(header, lines)


def parallel(milliseconds: dict[str, list[float]]) -> str:
    """Returns the line about the cell that trains in parallel over time."""
    medians = {name: statistics.median(values) for name, values in milliseconds.items()}
    ratio = medians[LSTM] / medians[MIN_GRU]
    batch, inputs, units = PARALLEL_SIZE
    each = ", ".join(f"{name} {median:.1f}" for name, median in medians.items())
    return (
        f"{PARALLEL_STEPS} steps, batch {batch}, {inputs}->{units}, forward+backward, ms: {each}.\n"
        f"MinGRU trains {ratio:.1f} times as fast as the LSTM (must: {MUST_BE_FASTER:.0f}; "
        f"reached: {'yes' if ratio >= MUST_BE_FASTER else 'no'})."
    )
