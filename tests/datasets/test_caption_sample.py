import hashlib
import re

import numpy as np
import pytest
import tensorflow as tf

from zoo import datasets
from zoo.datasets import caption_sample
from zoo.datasets.caption_sample import COLORS, ROLES, SHAPES, SIDE, SIZES


def shapes(split):
    return [shape for scene in caption_sample.scenes(split) for shape in scene[:2]]


@pytest.mark.parametrize("split", SIZES)
def test_every_colour_shape_and_role_is_in_every_split(split):
    found = shapes(split)
    assert len(caption_sample.scenes(split)) == SIZES[split]
    assert {(shape.color, shape.shape) for shape in found} == {(color, kind) for color in COLORS for kind in SHAPES}
    assert {(shape.color, shape.role) for shape in found} == {(color, role) for color in COLORS for role in ROLES}
    assert {(shape.shape, shape.role) for shape in found} == {(kind, role) for kind in SHAPES for role in ROLES}


def test_every_scene_of_the_test_has_a_combination_that_training_never_shows():
    seen = set(shapes("train"))
    assert len(seen) == 72  # of 96: each of 24 coloured shapes in three of four roles
    for split in ("validation", "test"):
        scenes = caption_sample.scenes(split)
        assert all(seen.isdisjoint({scene.first}) or seen.isdisjoint({scene.second}) for scene in scenes)
        assert len({scene[:2] for scene in scenes}) == len(scenes)
    unseen = [{shape for shape in shapes(split) if shape not in seen} for split in ("validation", "test")]
    assert unseen[0].isdisjoint(unseen[1])
    assert len(unseen[0] | unseen[1]) == 24


def test_captions_say_what_is_in_the_scene():
    assert {len(scene.captions) for scene in caption_sample.scenes("train")} == {caption_sample.CAPTIONS["train"]}
    for scene in caption_sample.scenes("test"):
        assert len(set(scene.captions)) == caption_sample.CAPTIONS["test"]
        for caption in scene.captions:
            assert re.fullmatch(r"[A-Z][a-z ]+\.", caption)
            assert not re.search(r"\ba [aeiou]|\ban [^aeiou]", caption)
            named = re.findall(rf"({'|'.join(COLORS)}) ({'|'.join(SHAPES)})", caption)
            role = next(role for role in ROLES if role in caption)
            subject, other = (scene.first, scene.second) if named[0] == scene.first[:2] else (scene.second, scene.first)
            assert named == [subject[:2], other[:2]]
            assert role == subject.role  # "a red cross to the left of ...": it is the one on the left


def test_every_python_writes_the_same_captions():
    written = "\n".join(text for split in SIZES for scene in caption_sample.scenes(split) for text in scene.captions)
    assert (
        hashlib.sha256(written.encode()).hexdigest()
        == "a32a88e669b4e191ee63cf5c3733cad14fdd6a18a896a35533cf98d623314f24"
    )


def test_pictures_show_each_colour_where_its_captions_say():
    images, captions = caption_sample.images_and_captions("validation")
    assert len(images) == len(captions) == SIZES["validation"]
    for data, scene in zip(images[:60], caption_sample.scenes("validation"), strict=False):
        if scene.first.color == scene.second.color:
            continue
        pixels = tf.io.decode_png(data).numpy().astype(float)
        assert pixels.shape == (SIDE, SIDE, 3)
        middles = []
        for shape in scene[:2]:
            distance = np.abs(pixels - COLORS[shape.color]).max(axis=-1)
            rows, columns = np.nonzero(distance < 40)
            assert 40 < len(rows) < 600
            middles.append((np.mean(columns), np.mean(rows)))
        (x, y), (other_x, other_y) = middles
        first_is = "left" if x < other_x - 15 else "above" if y < other_y - 15 else None
        assert first_is == scene.first.role


def test_outlines_have_about_the_same_area():
    count = len(SHAPES)
    kinds = [caption_sample.Shape("red", kind, "left") for kind in SHAPES]
    middle = np.full(count, SIDE / 2)
    cover = caption_sample._cover(kinds, middle, middle, np.full(count, 10.0), np.zeros(count))
    areas = cover.sum(axis=(1, 2))
    assert areas[0] == pytest.approx(np.pi * 100, rel=0.01)
    assert areas[1] == pytest.approx(4 * 8.9**2, rel=0.02)
    assert np.all(areas > 200)
    assert np.all(areas < 340)
    np.testing.assert_allclose(cover, cover[:, :, ::-1], atol=1e-9)  # all are symmetrical


def test_load():
    records = datasets.load("caption_sample", split="dev")
    images, captions = caption_sample.images_and_captions("validation")
    assert records.cardinality().numpy() == len(images)
    first = next(records.as_numpy_iterator())
    assert first["image"] == images[0]
    assert [text.decode() for text in first["captions"]] == list(captions[0])
    assert datasets.splits("caption_sample") == ("train", "validation", "test")
    with pytest.raises(ValueError, match="the sample has no split 'tests'; it has train, validation, test"):
        datasets.load("caption_sample", split="tests")
