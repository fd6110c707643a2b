"""The greatest of many scores, a block of questions at a time, so that memory does not grow with their number."""

from collections.abc import Callable

import numpy as np

# Scores that are held at a time (a float32 and an int64 each): 48 MB.
_BLOCK = 1 << 22


def greatest(
    count: int, excluded: np.ndarray, scores_of: Callable[[slice], np.ndarray], k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns which scores are the greatest, and these.

    Args:
        count: Scores a question.
        excluded: Whose scores do not count, int64 `[questions, any]`.
        scores_of: From a slice of the questions to their scores, float32 `[questions, count]`, which are overwritten.
        k: How many are wanted; fewer are returned if there are no more.

    Returns:
        `(places, scores)`: int64 and float32 `[questions, k]`, the greatest first.

    Raises:
        ValueError: k is below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; at least 1 answer must be asked for")
    questions, k = len(excluded), max(0, min(k, count - excluded.shape[1]))
    places, best = np.empty((questions, k), np.int64), np.empty((questions, k), np.float32)
    step = max(1, _BLOCK // count)
    for start in range(0, questions if k else 0, step):
        block = slice(start, start + step)
        scores = scores_of(block)
        np.put_along_axis(scores, excluded[block], -np.inf, axis=1)
        found = np.sort(np.argpartition(scores, count - k, axis=1)[:, count - k :], axis=1)
        found_scores = np.take_along_axis(scores, found, axis=1)
        order = np.argsort(-found_scores, axis=1, kind="stable")
        places[block] = np.take_along_axis(found, order, axis=1)
        best[block] = np.take_along_axis(found_scores, order, axis=1)
    return places, best
