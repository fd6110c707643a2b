"""What `layers.py` measures, and the arithmetic on it; standard library only."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

MODES = ("forward", "forward+backward", "export")
VARIANTS = ("plain", "bidirectional", "two layers")

# Candidates, by the names under which the tables and the chart show them.
ZOO, LOOP, KERAS, UNROLL, XLA, RNN, TORCH = (
    "zoo",
    "zoo, fast=False",
    "Keras",
    "Keras, unroll",
    "Keras, XLA",
    "keras.layers.RNN",
    "PyTorch",
)
PEERS = (KERAS, UNROLL, XLA, RNN, TORCH)
KERAS_CELLS = ("lstm", "gru", "elman")  # those that Keras and PyTorch have layers for
LONGEST_UNROLLED = 128
# Measured beside the candidates, in the same rounds.
ONE_LOOP, LOOP_A_CORE, LARGE = "product, one loop", "product, a loop a core", "product, large"

# (name, peers of whom the fastest counts, (must, aim) by mode): how many times as fast zoo is to be, as the geometric
# mean over all rows that have such a peer.
TARGETS: tuple[tuple[str, tuple[str, ...], dict[str, tuple[float, float]]], ...] = (
    ("Keras as anyone calls it", (KERAS,), {"forward": (1.8, 2.5), "forward+backward": (2.2, 3.5)}),
    ("best of default, unroll, XLA", (KERAS, UNROLL, XLA), {"forward": (1.3, 1.7), "forward+backward": (2.0, 2.8)}),
    ("keras.layers.RNN, same cell", (RNN,), {"forward": (2.0, 3.0), "forward+backward": (2.5, 4.0)}),
    ("PyTorch", (TORCH,), {"forward": (0.8, 1.0), "forward+backward": (1.0, 1.3)}),
)


# Cost against length is measured at this (batch, input, units),
LENGTH_SIZE = (8, 64, 64)
# and a cell that trains in parallel over time is held against the LSTM at these.
PARALLEL_STEPS, PARALLEL_SIZE = 4096, (4, 64, 128)
MUST_BE_FASTER = 4.0
LSTM, MIN_GRU, KERAS_LSTM, TORCH_LSTM = "zoo LSTM", "zoo MinGRU", "Keras LSTM", "PyTorch LSTM"


@dataclass(frozen=True)
class Case:
    """One layer at one size.

    Attributes:
        cell: A name of `zoo.cells.names()`.
        batch: Sequences in the batch.
        steps: Steps of every sequence.
        inputs: Width of a step.
        units: Width of the states.
        variant: One of `VARIANTS`.
    """

    cell: str
    batch: int
    steps: int
    inputs: int
    units: int
    variant: str = "plain"

    @property
    def label(self) -> str:
        """What the layer is, in words."""
        return self.cell if self.variant == "plain" else f"{self.cell}, {self.variant}"

    @property
    def size(self) -> str:
        """Batch x steps, input -> units."""
        return f"{self.batch}x{self.steps}, {self.inputs}->{self.units}"


def planned(case: Case, mode: str, *, dynamic: bool) -> tuple[list[str], dict[str, str]]:
    """Returns the candidates for a case, and, of those that would be, why some are skipped.

    Args:
        case: What is run.
        mode: One of `MODES`. Nobody exports an unrolled graph or XLA's: the peer there is the default.
        dynamic: Whether batch size and number of steps are unknown when the graphs are traced.
    """
    default = KERAS if case.cell in KERAS_CELLS else RNN
    if mode == "export":
        return [ZOO, default], {}
    names, skipped = [ZOO, LOOP, default], {}
    if default == KERAS:
        names += [UNROLL, XLA, TORCH]
        if dynamic:
            skipped[UNROLL] = "unrolling needs a known number of steps"
        elif case.steps > LONGEST_UNROLLED:
            skipped[UNROLL] = f"a graph unrolled over more than {LONGEST_UNROLLED} steps takes minutes to compile"
    return [name for name in names if name not in skipped], skipped


@dataclass
class Row:
    """All that one case took in one mode.

    Attributes:
        case: What was run.
        mode: One of `MODES`.
        milliseconds: For every candidate and every product, the time of each round.
        skipped: For every candidate that was not run, why.
        flops: Operations in the matrix products of one call.
        floor_ms: What these products alone take at the speeds measured in the same rounds.
        speeds: GFLOP/s of each product measured.
        loop_columns: Columns of the recurrent kernel; 0 without one.
    """

    case: Case
    mode: str
    milliseconds: dict[str, list[float]]
    skipped: dict[str, str] = field(default_factory=dict)
    flops: float = 0.0
    floor_ms: float = 0.0
    speeds: dict[str, float] = field(default_factory=dict)
    loop_columns: int = 0

    def median(self, name: str) -> float:
        """Milliseconds of a candidate: the median over the rounds."""
        return statistics.median(self.milliseconds[name])

    def ratio(self, *peers: str) -> float | None:
        """How many times as long as zoo the fastest of `peers` takes; None if none of them was run."""
        times = [self.median(peer) for peer in peers if peer in self.milliseconds]
        return min(times) / self.median(ZOO) if times else None

    @property
    def gflops_per_second(self) -> float:
        """Operations of zoo's matrix products over all the time it takes."""
        return self.flops / self.median(ZOO) / 1e6

    def to_dict(self) -> dict[str, Any]:
        """Returns every figure, for JSON."""
        return {**asdict(self), "gflops_per_second": self.gflops_per_second}


@dataclass
class Length:
    """Forward and backward over one number of steps.

    Attributes:
        steps: The number.
        milliseconds: The time of each round, by layer.
        megabytes: What the first call adds to a fresh process at its peak, by layer; empty where the system does not
            tell.
    """

    steps: int
    milliseconds: dict[str, list[float]]
    megabytes: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Returns every figure, for JSON."""
        return asdict(self)


def geometric_mean(values: Iterable[float]) -> float:
    """Returns the n-th root of the product of n positive values; NaN of none."""
    logarithms = [math.log(value) for value in values]
    return math.exp(statistics.fmean(logarithms)) if logarithms else math.nan


def half_spread(values: Sequence[float]) -> float:
    """Returns half the distance between the quartiles; of fewer than four values, half that of the extremes."""
    if len(values) < 4:
        return (max(values) - min(values)) / 2
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return (third - first) / 2


def product_flops(rows: int, matrix: tuple[int, int]) -> float:
    """Multiplications and additions of `[rows, m] x [m, n]`."""
    return 2.0 * rows * matrix[0] * matrix[1]


def call_flops(case: Case, mode: str, kernels: Iterable[tuple[int, int]]) -> float:
    """Returns the operations in the matrix products of one call, all else left out.

    Every step of every sequence is multiplied by every kernel once, `2 batch steps (input + units) columns` for one
    layer; its gradient takes two more products of that size, one by the operand and one by the kernel.
    """
    forward = sum(product_flops(case.batch * case.steps, kernel) for kernel in kernels)
    return 3 * forward if mode == "forward+backward" else forward


def floor_ms(
    case: Case,
    mode: str,
    kernels: Iterable[tuple[int, int]],
    recurrent_kernels: Iterable[tuple[int, int]],
    speeds: Mapping[str, float],
) -> float:
    """Returns the milliseconds that the matrix products of one call take at measured speeds.

    The products of a state run in a loop, forwards and backwards, at the better of the two loops' speed; the products
    of all steps at once (the inputs', and in the backward pass the kernels' and the inputs' gradients) at that of a
    large product.

    Args:
        case: What is run.
        mode: One of `MODES`.
        kernels: Shapes of the inputs' kernels.
        recurrent_kernels: Shapes of the recurrent kernels.
        speeds: GFLOP/s by name of the product.
    """
    large = call_flops(case, mode, kernels)
    in_loop = call_flops(case, "forward", recurrent_kernels)
    if mode == "forward+backward":
        large += in_loop  # the recurrent kernels' gradients
        in_loop *= 2
    loop_speed = max(speeds.get(ONE_LOOP, 0.0), speeds.get(LOOP_A_CORE, 0.0))
    return (large / speeds[LARGE] + (in_loop / loop_speed if in_loop else 0.0)) / 1e6


def means(rows: Iterable[Row], mode: str, peers: tuple[str, ...]) -> tuple[float, int]:
    """Returns the geometric mean of zoo's advantage over the fastest of `peers`, and over how many rows.

    Rows without the first of `peers` do not count: a best of three is a best of one's own default at least.
    """
    ratios = [row.ratio(*peers) for row in rows if row.mode == mode and peers[0] in row.milliseconds]
    return geometric_mean(ratios), len(ratios)


def slowest_row(rows: Iterable[Row], mode: str, peer: str) -> Row | None:
    """Returns the row in which zoo is least ahead of `peer`; None if none has this peer."""
    having = [row for row in rows if row.mode == mode and peer in row.milliseconds]
    return min(having, key=lambda row: row.ratio(peer), default=None)
