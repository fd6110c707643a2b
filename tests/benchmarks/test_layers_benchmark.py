"""The arithmetic behind the table of `benchmarks/layers.py`."""

import math
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import layer_figures as figures
import layer_tables

CASE = figures.Case("lstm", batch=2, steps=3, inputs=4, units=5)
KERNEL, RECURRENT_KERNEL = (4, 20), (5, 20)


def row(mode="forward", case=CASE, skipped=None, **milliseconds):
    times = {getattr(figures, name): values for name, values in milliseconds.items()}
    return figures.Row(case, mode, times, skipped or {})


def test_geometric_mean():
    assert figures.geometric_mean([1, 4, 2]) == pytest.approx(2)
    assert math.isnan(figures.geometric_mean([]))


def test_half_spread_leaves_outliers_out():
    assert figures.half_spread([1, 2, 3, 4, 100]) == 1
    assert figures.half_spread([1, 4]) == 1.5


def test_operations_of_a_call():
    forward = 2 * 2 * 3 * (4 + 5) * 20
    assert figures.call_flops(CASE, "forward", [KERNEL, RECURRENT_KERNEL]) == forward
    assert figures.call_flops(CASE, "export", [KERNEL, RECURRENT_KERNEL]) == forward
    assert figures.call_flops(CASE, "forward+backward", [KERNEL, RECURRENT_KERNEL]) == 3 * forward


def test_products_alone_run_partly_in_the_loop():
    speeds = {figures.LARGE: 4e-6, figures.ONE_LOOP: 1e-6, figures.LOOP_A_CORE: 2e-6}  # 4, 1 and 2 operations a ms
    inputs, states = 2 * 6 * 4 * 20, 2 * 6 * 5 * 20
    floor = figures.floor_ms(CASE, "forward", [KERNEL], [RECURRENT_KERNEL], speeds)
    assert floor == pytest.approx(inputs / 4 + states / 2)
    floor = figures.floor_ms(CASE, "forward+backward", [KERNEL], [RECURRENT_KERNEL], speeds)
    assert floor == pytest.approx((3 * inputs + states) / 4 + 2 * states / 2)
    assert figures.floor_ms(CASE, "forward", [KERNEL], [], {figures.LARGE: 4e-6}) == pytest.approx(inputs / 4)


def test_ratios_are_of_medians_and_of_the_fastest_peer():
    measured = row(ZOO=[2, 1, 9], KERAS=[6, 6, 0], XLA=[3, 3, 3])
    assert measured.ratio(figures.KERAS) == 3
    assert measured.ratio(figures.KERAS, figures.UNROLL, figures.XLA) == 1.5
    assert measured.ratio(figures.TORCH) is None


def test_means_and_the_slowest_row():
    slow = row(ZOO=[4], KERAS=[2])
    rows = [row(ZOO=[1], KERAS=[8]), slow, row("export", ZOO=[1], KERAS=[100]), row(ZOO=[1], RNN=[0.1])]
    assert figures.means(rows, "forward", (figures.KERAS,)) == (pytest.approx(2), 2)
    assert figures.slowest_row(rows, "forward", figures.KERAS) is slow
    assert figures.slowest_row(rows, "forward", figures.TORCH) is None


def test_candidates_of_a_case():
    names, skipped = figures.planned(CASE, "forward", dynamic=False)
    assert {figures.KERAS, figures.UNROLL, figures.XLA, figures.TORCH} <= set(names)
    assert not skipped
    long = figures.Case("lstm", 1, figures.LONGEST_UNROLLED + 1, 1, 1)
    for case, dynamic in ((long, False), (CASE, True)):
        names, skipped = figures.planned(case, "forward", dynamic=dynamic)
        assert figures.UNROLL not in names
        assert figures.UNROLL in skipped
    names, _ = figures.planned(figures.Case("peephole_lstm", 1, 1, 1, 1), "forward", dynamic=False)
    assert names == [figures.ZOO, figures.LOOP, figures.RNN]


def test_table_shows_ratios_and_why_a_peer_is_missing():
    measured = row(ZOO=[2, 2], KERAS=[5, 5], skipped={figures.UNROLL: "too long"})
    table = layer_tables.times([measured], "forward")
    header, rule, line = table.splitlines()[:3]
    assert len({len(header), len(rule), len(line)}) == 1
    assert "5.0 ±0.0 (2.50x)" in line
    assert "[1]" in line
    assert table.endswith("[1] skipped: too long")


def test_summary_holds_means_against_targets():
    rows = [row(ZOO=[1], KERAS=[2]), row(ZOO=[1], KERAS=[2]), row(ZOO=[1], RNN=[1.9])]
    keras_line, best_line, rnn_line = layer_tables.summary(rows).splitlines()[2:]
    assert [cell.strip() for cell in keras_line.split("|")[1:-1]][3:] == ["2.00x", "1.8x", "2.5x", "must"]
    assert [cell.strip() for cell in best_line.split("|")[1:-1]][3:] == ["2.00x", "1.3x", "1.7x", "aim"]
    assert [cell.strip() for cell in rnn_line.split("|")[1:-1]][3:] == ["1.90x", "2.0x", "3.0x", "no"]
