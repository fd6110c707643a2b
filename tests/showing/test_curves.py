import math
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from zoo.showing import training_curve
from zoo.showing.curves import best_epoch

HISTORY = {
    "loss": [3.0, 2.0, 1.5],
    "val_loss": [3.1, 2.5, 2.6],
    "val_f1": [0.1, 0.5, 0.4],
    "learning_rate": [0.1, 0.1, 0.05],
}


def drawn(path):
    """Width, height and the set of colours of an image; reading it proves that it is a whole PNG."""
    pixels = np.round(imread(path)[..., :3] * 255).astype(int)
    return pixels.shape[1], pixels.shape[0], {tuple(color) for color in pixels.reshape(-1, 3).tolist()}


ORANGE, BLUE, VIOLET = (194, 112, 61), (42, 111, 151), (123, 107, 168)


def test_losses_and_metrics_get_a_panel_each(tmp_path):
    training_curve(HISTORY, tmp_path / "new" / "both.png")
    training_curve({"loss": HISTORY["loss"]}, tmp_path / "loss.png")
    width, height, colors = drawn(tmp_path / "new" / "both.png")
    assert {ORANGE, BLUE} <= colors
    loss_width, loss_height, loss_colors = drawn(tmp_path / "loss.png")
    assert (loss_width, loss_height) == (width // 2, height)
    assert ORANGE in loss_colors
    assert BLUE not in loss_colors


@pytest.mark.parametrize(
    ("history", "colors"),
    [
        ({"loss": [1.0], "val_loss": [1.2], "val_f1": [0.3]}, {ORANGE, BLUE}),
        ({"loss": [1.0, math.nan, 0.5], "accuracy": [0.1]}, {ORANGE, VIOLET}),
        ({"loss": [1.0, 0.5, math.inf], "val_f1": [None, 0.2, None]}, {ORANGE, BLUE}),
        ({"val_f1": [math.nan, 0.0, 0.0], "loss": [math.nan] * 3}, {BLUE}),
    ],
    ids=["one epoch", "NaN and a shorter series", "None and infinity", "no finite loss"],
)
def test_short_and_broken_histories_are_drawn(tmp_path, history, colors):
    training_curve(history, tmp_path / "curve.png", title="a $title$ with <signs>")
    assert colors <= drawn(tmp_path / "curve.png")[2]


@pytest.mark.parametrize("history", [{}, {"loss": []}, {"loss": [math.nan]}, {"learning_rate": [0.1]}])
def test_nothing_to_draw_is_an_error_and_no_file(tmp_path, history):
    with pytest.raises(ValueError, match="no training curve to draw"):
        training_curve(history, tmp_path / "curve.png")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_monitor_names_what_there_is(tmp_path):
    with pytest.raises(ValueError, match=r"'val_bleu'.*\['loss', 'val_f1', 'val_loss'\]"):
        training_curve(HISTORY, tmp_path / "curve.png", monitor="val_bleu")


def test_best_epoch_is_the_earliest_of_the_best():
    assert best_epoch([0.1, 0.5, math.nan, 0.5, None]) == 1
    assert best_epoch([3.0, math.nan, 1.0, 1.0], smaller_is_better=True) == 2
    with pytest.raises(ValueError, match="no value is finite"):
        best_epoch([math.nan, None])


def test_drawing_leaves_matplotlibs_global_state_alone():
    program = (
        "import sys, tempfile, zoo.showing; assert 'matplotlib' not in sys.modules, 'not lazy'\n"
        "zoo.showing.training_curve({'loss': [1.0]}, tempfile.mkdtemp() + '/curve.png')\n"
        "assert 'matplotlib.pyplot' not in sys.modules, 'pyplot was imported'\n"
        "assert 'tensorflow' not in sys.modules, 'TensorFlow was imported'\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
