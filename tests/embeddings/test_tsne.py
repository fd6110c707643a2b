import sys

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread

from zoo.embeddings import WordVectors, picture

RNG = np.random.default_rng(0)
CENTRES = np.eye(3, 12) * 5
VECTORS = WordVectors(
    (f"{kind}{i}" for kind in "abc" for i in range(10)),
    np.repeat(CENTRES, 10, axis=0) + RNG.normal(size=(30, 12)) * 0.3,
)
GROUPS = {f"group {kind} $x$": [f"{kind}{i}" for i in range(10)] for kind in "abc"}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The map, its image, and every label of the figure with its box."""
    seen = {}
    original = FigureCanvasAgg.print_png

    def spy(canvas, path, **kwargs):
        (axes,) = canvas.figure.axes
        renderer = canvas.get_renderer()
        seen["labels"] = {text.get_text(): text.get_window_extent(renderer) for text in axes.texts}
        seen["size"] = canvas.figure.bbox.size
        seen["legend"] = [text.get_text() for text in axes.get_legend().get_texts()]
        return original(canvas, path, **kwargs)

    path = tmp_path_factory.mktemp("map") / "new" / "map.png"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FigureCanvasAgg, "print_png", spy)
        places = picture(VECTORS, GROUPS, path, title="Words of $3")
    return places, path, seen


def test_similar_words_lie_together(drawn):
    places = np.array([drawn[0][word] for word in VECTORS.words])
    distances = np.linalg.norm(places[:, None] - places[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    nearest = np.argsort(distances, axis=1)[:, :5]
    assert (nearest // 10 == np.arange(30)[:, None] // 10).mean() > 0.95


def test_labels_lie_within_the_image_and_on_no_other(drawn):
    labels, (width, height) = drawn[2]["labels"], drawn[2]["size"]
    assert set(labels) == set(VECTORS.words)
    boxes = list(labels.values())
    for number, box in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
        assert not any(box.overlaps(other) for other in boxes[:number])
    assert drawn[2]["legend"] == [name.replace("$", r"\$") for name in GROUPS]


def test_the_image_is_drawn_in_a_colour_a_group(drawn):
    pixels = imread(drawn[1])[..., :3].reshape(-1, 3)
    colours = {tuple(pixel) for pixel in np.round(pixels * 255).astype(int)}
    assert {(0x2A, 0x6F, 0x97), (0xB0, 0x53, 0x2A), (0x2F, 0x7D, 0x5B)} <= colours
    assert [path.name for path in drawn[1].parent.iterdir()] == ["map.png"]


def test_equal_seeds_draw_equal_maps_of_as_few_as_two_words(tmp_path):
    for words in (["a0", "b0"], ["a0", "b0", "b1", "c1"]):
        once, again = (picture(VECTORS, words, tmp_path / name, seed=3) for name in ("one.png", "two.png"))
        assert once == again
        assert list(once) == words
        assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_what_cannot_be_drawn(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="1 words to draw; a map can show between 2 and"):
        picture(VECTORS, ["a1", "a1"], tmp_path / "map.png")
    with pytest.raises(ValueError, match="no vector for 'a11'; nearest in spelling"):
        picture(VECTORS, ["a1", "a11"], tmp_path / "map.png")
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)
    with pytest.raises(ImportError, match=r"needs scikit-learn: pip install 'zoo\[pictures\]'"):
        picture(VECTORS, ["a1", "a2"], tmp_path / "map.png")
    assert list(tmp_path.iterdir()) == []
