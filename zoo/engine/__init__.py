"""Runs any cell over time, by the fastest way that gives the right numbers.

`run` is the way in; `paths` chooses among the ways: `compiled` (XLA), `plain` (ordinary operations), `cudnn`. On the
first two, cells that are linear in their state are scanned: `scan`, `plain_scan`.
"""

from zoo.engine.compiled import side_by_side
from zoo.engine.cudnn import run as run_in_one_call
from zoo.engine.paths import refuses_one_call, takes_cudnn
from zoo.engine.run import run
from zoo.engine.schedule import Schedule

__all__ = ["Schedule", "refuses_one_call", "run", "run_in_one_call", "side_by_side", "takes_cudnn"]
