"""What a caller wants of a run over time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """In which order the steps are walked, which results are kept, and how.

    Attributes:
        go_backwards: Walk from the last step to the first.
        in_order_of_time: Results come in the order of time, else in the order of the walk.
        return_sequences: Keep every step's output, else only the last real one's.
        zero_output_for_mask: With `return_sequences`, masked steps give zeros; else they repeat the output before them.
        unroll: Write every step into the graph instead of a loop. Needs a static number of steps.
        fast: Whether a way may be taken that has first derivatives only.
        cudnn: Whether cuDNN may be that way.
    """

    go_backwards: bool = False
    in_order_of_time: bool = False
    return_sequences: bool = True
    zero_output_for_mask: bool = False
    unroll: bool = False
    fast: bool = True
    cudnn: bool = True
