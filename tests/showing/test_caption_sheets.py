import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread
from PIL import Image

from zoo.showing import attention_sheet, caption_sheet

RED, INK, QUIET, ALARM = (255, 0, 0), (28, 28, 26), (92, 92, 87), (179, 38, 30)
PIXELS = np.zeros([8, 8, 3], np.uint8)
PIXELS[..., 0] = 255


def drawn(path):
    """Pixels [height, width, 3], and the set of their colours."""
    pixels = np.round(imread(path)[..., :3] * 255).astype(int)
    return pixels, {tuple(color) for color in pixels.reshape(-1, 3).tolist()}


def png(pixels, mode="RGB"):
    file = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(file, "PNG")
    return file.getvalue()


def test_a_sheet_shows_images_captions_and_references(tmp_path):
    caption_sheet([PIXELS], ["one"], tmp_path / "new" / "plain.png")
    pixels, colors = drawn(tmp_path / "new" / "plain.png")
    assert {RED, INK} <= colors
    assert not {QUIET, ALARM} & colors
    caption_sheet(
        [PIXELS, png(PIXELS), PIXELS / 255], ["one", "two", "x" * 90], tmp_path / "more.png",
        references=[["said"], [], ["a", "b"]], log_probabilities=[-1.0, -2.0, -3.0], columns=2,
    )  # fmt: skip
    more, more_colors = drawn(tmp_path / "more.png")
    assert {RED, INK, QUIET} <= more_colors
    assert more.shape[0] > 1.5 * pixels.shape[0]  # two rows of two
    assert abs(more.shape[1] / pixels.shape[1] - 2) < 0.02


def test_what_is_no_image_and_what_has_no_caption_is_marked(tmp_path):
    caption_sheet([b"no image"], ["fine"], tmp_path / "a.png")
    assert ALARM in drawn(tmp_path / "a.png")[1]
    caption_sheet([png(PIXELS)], [""], tmp_path / "b.png", title="costs $5 and \x1b[31m")
    assert ALARM in drawn(tmp_path / "b.png")[1]
    transparent = np.zeros([4, 4, 4], np.uint8)
    caption_sheet([png(transparent, "RGBA")], ["over white"], tmp_path / "c.png")
    assert np.all(drawn(tmp_path / "c.png")[0][100:200, 100:200] == 255)


def test_attention_lights_what_was_looked_at(tmp_path):
    maps = np.zeros([2, 2, 2])
    maps[0, 0, 0] = maps[1, 1, 1] = 0.9
    attention_sheet(np.repeat(np.repeat(PIXELS, 8, 0), 8, 1), ["upper", "lower"], maps, tmp_path / "maps.png")
    pixels = drawn(tmp_path / "maps.png")[0]
    reddish = (pixels[..., 0] > 200) & (pixels[..., 1] < 50) & (pixels[..., 2] < 50)
    width = reddish.shape[1]
    first, second = reddish[:, width // 3 : 2 * width // 3], reddish[:, 2 * width // 3 :]
    assert reddish[:, : width // 3].sum() > 50_000  # the image itself
    for lit, corner in ((first, -1), (second, 1)):
        rows, columns = np.nonzero(lit)
        assert 1000 < len(rows) < 40_000
        assert (np.mean(columns) - lit.shape[1] / 2) * corner > 10


def test_a_map_of_nothing_is_dark(tmp_path):
    attention_sheet(PIXELS, ["word"], np.zeros([1, 3, 3]), tmp_path / "dark.png")
    right = drawn(tmp_path / "dark.png")[0]
    right = right[100:, right.shape[1] // 2 + 20 :]
    assert not np.any((right[..., 0] > 200) & (right[..., 1] < 50))
    attention_sheet(b"no image", ["word"], np.ones([1, 3, 3]), tmp_path / "none.png")
    assert ALARM in drawn(tmp_path / "none.png")[1]


def test_what_does_not_fit_is_an_error_and_no_file(tmp_path):
    with pytest.raises(ValueError, match="got 2 images, 1 captions, 2 references"):
        caption_sheet([PIXELS, PIXELS], ["one"], tmp_path / "a.png")
    with pytest.raises(ValueError, match="got 0 images"):
        caption_sheet([], [], tmp_path / "a.png")
    with pytest.raises(ValueError, match=r"each of 2 words, got shape \(1, 3, 3\)"):
        attention_sheet(PIXELS, ["a", "b"], np.ones([1, 3, 3]), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_sheets_need_no_tensorflow_and_no_global_state():
    program = (
        "import sys, tempfile, numpy as np, zoo.showing; assert 'matplotlib' not in sys.modules, 'not lazy'\n"
        "zoo.showing.caption_sheet([np.zeros([2, 2, 3])], ['a'], tempfile.mkdtemp() + '/a.png')\n"
        "assert not {'matplotlib.pyplot', 'tensorflow'} & set(sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_a_sheet_calls_an_image_what_a_captioner_does(tmp_path):
    gif, large = io.BytesIO(), io.BytesIO()
    Image.fromarray(PIXELS).save(gif, "GIF")
    Image.new("1", (8200, 8200)).save(large, "PNG")
    for number, content in enumerate((gif, large)):
        caption_sheet([content.getvalue()], ["fine"], tmp_path / f"{number}.png")
        assert ALARM in drawn(tmp_path / f"{number}.png")[1]
