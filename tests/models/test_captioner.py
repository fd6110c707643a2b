from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.config.captioner import CaptionerConfig
from zoo.layers import backbones
from zoo.models.captioning.network import CaptionerNetwork, image_encoder
from zoo.models.captioning.writing import write
from zoo.preprocessing.vocabulary import END_ID, RESERVED_WITH_ENDS

COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
TINY = {
    "image_size": 16, "encoder_widths": (8, 16), "word_dim": 8, "units": 16, "attention_units": 8, "dropout": 0.0,
    "learning_rate": 0.02, "epochs": 2, "batch_size": 4, "max_words": 8,
}  # fmt: skip


def picture(upper, lower):
    """A PNG of 16 x 16 whose upper and lower halves have a colour each."""
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:8], pixels[8:] = COLOURS[upper], COLOURS[lower]
    return tf.io.encode_png(pixels).numpy()


PAIRS = [(upper, lower) for upper in COLOURS for lower in COLOURS if upper != lower]
X = [picture(*pair) for pair in PAIRS]
# Images with two captions and with one.
Y = [
    [f"{a} above {b}", f"the lower half is {b}"] if number % 3 else [f"{a} above {b}"]
    for number, (a, b) in enumerate(PAIRS)
]


MANY = 4  # times over, for epochs as long: beginning an epoch costs as much as many steps of a network as small


def make(**overrides):
    return zoo.get("cnn_lstm_caption", **{**TINY, **overrides})


@pytest.fixture(scope="module")
def captioner():
    # So the loss is nats a word and nothing else, and captions are ranked by their probability alone.
    task = make(epochs=5, concepts=0.0, length_penalty=0.0)
    task.fit(X * 10, Y * 10, verbose=0)
    return task


def test_captions_are_learnt_and_scored(captioner):
    answers = captioner.predict(X)
    assert all(answer.caption in texts for answer, texts in zip(answers, Y, strict=True))
    assert captioner.score(X, Y)["bleu_1"] == pytest.approx(1.0)
    for answer in answers:
        assert len(answer.captions) == 3
        chances = [caption.log_probability for caption in answer.captions]
        assert chances == sorted(chances, reverse=True)
        assert sum(np.exp(chances)) < 1.0


def test_what_is_no_image_gets_an_empty_caption_and_harms_nobody(captioner):
    whole = captioner.predict(X[:2])
    mixed = captioner.predict([X[0], b"", b"no image", X[1][:40], X[1]])
    assert [answer.valid for answer in mixed] == [True, False, False, False, True]
    assert [answer.caption for answer in mixed[1:4]] == ["", "", ""]
    assert mixed[1].captions == ()
    assert str(mixed[1]) == "(no image)"
    assert [mixed[0].caption, mixed[4].caption] == [answer.caption for answer in whole]


def test_the_reported_log_probability_is_the_models_own(captioner):
    (answer,) = captioner.predict(X[:1])
    x, y = next(iter(captioner.batches(captioner.records(X[:1], [[answer.caption]]), training=False)))
    values, _ = captioner._nats(y, captioner(x))
    # A search never writes padding, unknown or begin, and no empty caption; their shares are not given to the others.
    assert answer.captions[0].log_probability == pytest.approx(-float(tf.reduce_sum(values)), abs=1e-4)


def test_another_configuration_of_the_search_is_heard(captioner):
    before = captioner.config
    several = captioner.predict(X[:1])
    try:
        captioner.config = replace(before, beam_width=2, n_best=1)
        assert [len(answer.captions) for answer in captioner.predict(X[:1])] == [1]
    finally:
        captioner.config = before
    assert len(several[0].captions) > 1
    assert captioner.predict(X[:1]) == several


def test_no_caption_has_more_than_max_words(captioner):
    def captions(max_words):
        config = replace(captioner.config, max_words=max_words)
        written = write(captioner.network, captioner.preprocessor, config, tf.constant(X[:3]))
        return [text.decode() for text in written["captions"].numpy().ravel()]

    assert {len(text.split()) for text in captions(2)} == {2}  # the model would go on
    assert max(len(text.split()) for text in captions(3)) == 3
    # The end takes no word's place: a caption of as many words is whole.
    assert captions(3)[0] == captioner.predict(X[:1])[0].caption


def test_evaluation_counts_nats_a_word_over_all_captions(captioner):
    scores = captioner.evaluate(X[:3], Y[:3], return_dict=True, verbose=0)
    total, count = 0.0, 0.0
    pairs = [(image, [text]) for image, texts in zip(X[:3], Y[:3], strict=True) for text in texts]
    singly = captioner.records(*map(list, zip(*pairs, strict=True)))
    for x, y in captioner.batches(singly, training=False, batch_size=1):
        values, weights = captioner._nats(y, captioner(x))
        total, count = total + float(tf.reduce_sum(values)), count + float(tf.reduce_sum(weights))
    assert scores["loss"] == pytest.approx(total / count, rel=1e-4)
    assert scores["perplexity"] == pytest.approx(np.exp(total / count), rel=1e-4)
    assert scores["share_cut"] == 0.0
    long = ["red above " + "green " * 10]
    assert captioner.evaluate(X[:1], [long], return_dict=True, verbose=0)["share_cut"] == 1.0


def test_attention_maps_are_a_distribution_a_word(captioner):
    attended = captioner.attend([*X[:2], b"no image"])
    words = captioner.predict(X[:1])[0].caption.split()
    assert attended[0].words == words
    assert attended[0].caption == " ".join(words)
    assert attended[0].weights.shape == (len(words), 4, 4)
    assert attended[0].image.shape == (16, 16, 3)
    np.testing.assert_allclose(attended[0].weights.sum(axis=(1, 2)), np.ones(len(words)), rtol=1e-5)
    assert (attended[2].words, attended[2].weights.shape) == ([], (0, 4, 4))


def test_files_and_the_export_answer_the_same(captioner, tmp_path):
    path = tmp_path / "image.png"
    path.write_bytes(X[3])
    (answer,) = captioner.predict([path])
    captioner.save(tmp_path / "captioner.keras")
    assert zoo.load(tmp_path / "captioner.keras").predict([X[3]]) == [answer]
    serve = tf.saved_model.load(captioner.export(tmp_path / "export")).signatures["serving_default"]
    served = serve(image=tf.constant([X[3], b"no image"]))
    assert served["caption"].numpy().tolist() == [answer.caption.encode(), b""]
    assert [text.decode() for text in served["captions"][0].numpy()] == [each.text for each in answer.captions]
    np.testing.assert_allclose(
        served["log_probabilities"][0], [each.log_probability for each in answer.captions], rtol=1e-4
    )
    assert served["valid"].numpy().tolist() == [True, False]


@pytest.mark.parametrize(
    "overrides",
    [
        {"attention": False, "tied": True},
        {"attention_gate": True, "attention_coverage": 0.1, "label_smoothing": 0.1, "reinjection": 0.5},
        {"cell": "gru", "depth": 2, "augment": True, "concepts": 0.1, "bucket_boundaries": (6,), "fit": "pad"},
    ],
    ids=str,
)
def test_every_shape_of_captioner_learns(overrides):
    task = make(**overrides)
    losses = task.fit(X * MANY, Y * MANY, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    if overrides.get("reinjection"):
        assert float(task._reinjected) == pytest.approx(0.5)
    if not overrides.get("attention", True):
        with pytest.raises(ValueError, match="made with attention=false"):
            task.attend(X[:1])


def test_regularisers_are_sums_over_words_captions_and_images():
    task = make(attention_coverage=0.5, concepts=2.0, label_smoothing=0.2)
    task.adapt(task.records(X, Y))
    x, y = next(iter(task.batches(task.records(X[:3], Y[:3]), training=False)))
    output = {name: value.numpy().astype("float64") for name, value in task(x).items()}
    words = y["words"].numpy()
    log_p = output["logits"] - np.log(np.exp(output["logits"]).sum(-1, keepdims=True))
    wanted = 0.0
    for image in range(3):
        for caption in range(2):
            real = words[image, caption] > 0
            for place in np.flatnonzero(real):
                at = log_p[image, caption, place]
                wanted -= 0.8 * at[words[image, caption, place]] + 0.2 * at.mean()
            if real.any():
                wanted += 0.5 * np.sum((1 - output["attention"][image, caption][real].sum(0)) ** 2)
        held = np.isin(np.arange(log_p.shape[-1]), words[image])[4:]
        chance = 1 / (1 + np.exp(-output["concepts"][image][4:]))
        wanted -= 2.0 * np.sum(np.log(np.where(held, chance, 1 - chance)))
    values, weights = task.loss_terms(x, y, task(x))
    assert float(tf.reduce_sum(values)) == pytest.approx(wanted, rel=1e-4)
    assert float(tf.reduce_sum(weights)) == np.sum(words > 0)


@pytest.mark.parametrize(("zoom", "cut"), [(1.0, False), (4.0, True)])
def test_augmented_images_are_enlarged_as_the_configuration_says(zoom, cut):
    halves = [np.full((16, 16, 3), (number, 90, 90), np.uint8) for number in range(16)]
    for pixels in halves:
        pixels[:, :8] = 200
    images = [tf.io.encode_png(pixels).numpy() for pixels in halves]
    task = make(augment=True, zoom=zoom)
    task.adapt(task.records(images, [["half red"]] * 16))
    batch = next(iter(task.batches(task.records(images, [["half red"]] * 16), training=True, batch_size=16)))[0]
    middle = batch["image"].numpy()[:, 8, :, 1]
    assert np.any(np.ptp(middle, axis=1) < 0.05) == cut  # of some, only one half is left


def test_mirrored_images_are_a_function_of_the_epoch_and_spare_those_that_tell_sides():
    texts = [["red on the left"] if number % 2 else ["red above"] for number in range(12)]
    sides = []
    for number in range(12):
        pixels = np.zeros((16, 16, 3), np.uint8)
        pixels[:, :8] = 20 * number + 20
        sides.append(tf.io.encode_png(pixels).numpy())
    task = make(augment=True)
    task.adapt(task.records(sides, texts))

    words = task.preprocessor.encode(tf.constant([each[0] for each in texts])).targets[:, tf.newaxis]
    batch = {"image": tf.constant(sides), "name": tf.constant(["x"] * 12), "inputs": words, "targets": words}
    batch["cut"] = tf.zeros([12, 1], tf.int32)

    def mirrored():
        pixels = task.tensors(batch, training=True)[0]["image"].numpy()[:, 8, :, 0]
        return pixels[:, 15] > pixels[:, 0]

    first = mirrored()
    np.testing.assert_array_equal(mirrored(), first)
    assert not first[1::2].any()
    assert 0 < first[::2].sum() < 6
    task._epoch.assign(1)
    assert np.any(mirrored() != first)


@pytest.mark.parametrize("attention", [True, False])
def test_words_start_from_a_file_of_vectors(tmp_path, attention):
    path = tmp_path / "vectors.txt"
    path.write_text(", 9 9 9\nred 1 2 3\nRed 7 8 9\nviolet 4 5 6\n")
    task = make(word_vectors=str(path), word_dim=3, train_word_vectors=False, attention=attention)
    task.adapt(task.records(X, Y))
    words = task.vocabulary.words
    assert words[-1] == "violet"
    assert "," not in words
    embeddings = task.network.decoder.embeddings
    np.testing.assert_array_equal(embeddings.numpy()[RESERVED_WITH_ENDS + words.index("red")], [1, 2, 3])
    assert not embeddings.trainable


def test_features_of_a_backbone_that_does_not_learn_are_kept_on_disk(tmp_path, monkeypatch):
    overrides = {"train_backbone": False, "feature_cache": str(tmp_path / "features"), "attention": False}
    task = make(**overrides)
    before = task.fit(X, Y, validation_data=(X[:3], Y[:3]), verbose=0).history
    assert len(list((tmp_path / "features").iterdir())) == 2
    frozen = [weight.numpy() for weight in task.network.encoder.weights]
    assert not task.network.encoder.trainable_weights
    plain = make(**{**overrides, "feature_cache": None})
    history = plain.fit(X, Y, validation_data=(X[:3], Y[:3]), verbose=0).history
    np.testing.assert_allclose(before["loss"], history["loss"], rtol=1e-4)
    np.testing.assert_allclose(before["val_loss"], history["val_loss"], rtol=1e-4)
    for mine, theirs in zip(frozen, plain.network.encoder.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    # A second run encodes nothing; another seed has another encoder, so it does not find these features.
    again = make(**overrides)
    again.adapt(again.records(X, Y))
    monkeypatch.setattr(again, "_features", None)
    assert len(list(again.batches(again.records(X, Y), training=True))) == 3
    other = make(**overrides, seed=2)
    other.adapt(other.records(X, Y))
    assert len(list(other.batches(other.records(X, Y), training=True))) == 3
    assert len(list((tmp_path / "features").iterdir())) == 3


def test_a_folder_of_features_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "features").touch()
    with pytest.raises(NotADirectoryError, match=r"feature_cache=.*features is a file: name a folder"):
        make(train_backbone=False, feature_cache=str(tmp_path / "features")).fit(X, Y, verbose=0)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        (X[0], Y, TypeError, "two lists: images and their captions"),
        (X[:2], Y[:1], ValueError, "2 images, 1 lists of captions"),
        (X[:1], [[]], ValueError, "image 0.*one or more texts with words"),
        (X[:1], [[" "]], ValueError, "image 0.*one or more texts with words"),
        ([3], Y[:1], TypeError, "image 0 .from 0.: expected bytes or the path of a file, got int"),
        ([X[0], X[1][:50]], Y[:2], ValueError, r"not a whole JPEG or PNG image:.*image 1 \(from 0\)"),
    ],
)
def test_what_cannot_be_learnt_from_is_named(x, y, error, message):
    with pytest.raises(error, match=message):
        make(epochs=1, attention=False).fit(x, y, verbose=0)


def test_records_are_checked():
    task = make(epochs=1)
    with pytest.raises(ValueError, match="records with `image` and `captions`; got"):
        task.fit(tf.data.Dataset.from_tensors({"image": b""}), verbose=0)
    records = tf.data.Dataset.from_tensors({"image": X[0], "captions": ["red", ""], "name": "a.png"})
    with pytest.raises(ValueError, match=r"a.png.*has an empty caption"):
        task.fit(records, verbose=0)
    with pytest.raises(ValueError, match=r"leave out .batch"):
        task.fit(records.batch(1), verbose=0)


def test_backbones_by_name():
    config = CaptionerConfig(image_size=32, backbone="MobileNetV2", train_backbone=False)
    encoder = image_encoder(config)
    network = CaptionerNetwork(config, 10, encoder)
    images = tf.random.stateless_uniform([2, 32, 32, 3], [1, 2])
    assert network.encode(images).shape == (2, 1, 1, 1280)
    moving = encoder.layers[-1].get_layer("bn_Conv1").moving_mean.numpy()
    network.encode(images, training=True)
    np.testing.assert_array_equal(encoder.layers[-1].get_layer("bn_Conv1").moving_mean, moving)
    assert not encoder.trainable_weights
    scaled = backbones.ApplicationInput("MobileNetV2")(images)
    np.testing.assert_allclose(scaled, images * 2 - 1, atol=1e-5)
    caffe = backbones.ApplicationInput("VGG16")(images)  # blue first, the mean of ImageNet taken away
    np.testing.assert_allclose(caffe[..., 0], images[..., 2] * 255 - 103.939, atol=1e-3)
    with pytest.raises(ValueError, match=r"no backbone .mobilenet_v2. .near it: MobileNetV2"):
        image_encoder(config.replace(backbone="mobilenet_v2"))


def test_a_backbone_that_is_nowhere_is_one_line():
    with pytest.raises(ValueError, match=r"no backbone .\.\./x.: no preset, no address of one") as caught:
        image_encoder(CaptionerConfig(backbone="../x"))
    assert "\n" not in str(caught.value)


def test_weights_that_cannot_be_fetched_are_told_with_the_remedy(monkeypatch):
    def fails(*arguments, **named):
        raise Exception("URL fetch failure on https://example.org: None -- no route")  # as Keras does

    monkeypatch.setattr("keras.src.applications.mobilenet_v2.file_utils.get_file", fails)
    task = make(image_size=32, backbone="MobileNetV2", pretrained=True, epochs=1)
    with pytest.raises(ValueError, match=r"weights of MobileNetV2 cannot be fetched .*pretrained=false"):
        task.fit(X, Y, verbose=0)


def test_a_backbone_of_keras_hub_is_saved_with_the_captioner(tmp_path):
    hub = pytest.importorskip("keras_hub")
    backbone = hub.models.ResNetBackbone(
        input_conv_filters=[64], input_conv_kernel_sizes=[3], stackwise_num_filters=[64], stackwise_num_blocks=[1],
        stackwise_num_strides=[1], block_type="basic_block", image_shape=(None, None, 3),
    )  # fmt: skip
    preset = tmp_path / "preset"
    backbone.save_to_preset(str(preset))
    task = make(backbone=str(preset), pretrained=True, epochs=1, train_backbone=False)
    task.fit(X, Y, verbose=0)
    for mine, theirs in zip(task.network.encoder.layers[-1].weights, backbone.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    wanted = task.predict(X[:1])
    task.save(tmp_path / "captioner.keras")
    preset.rename(tmp_path / "gone")  # a saved captioner has its backbone with it
    assert zoo.load(tmp_path / "captioner.keras").predict(X[:1]) == wanted


def test_paths_and_fields_of_no_use_are_named(captioner, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"image 1 \(from 0\): no such file: .*gone.jpg; check the path"):
        captioner.predict([X[0], tmp_path / "gone.jpg"])
    with pytest.raises(ValueError, match=r"image 0 \(from 0\): .* is a folder; name the files in it"):
        captioner.predict([str(tmp_path)])
    with pytest.raises(ValueError, match="`image` is float32, not string"):
        captioner.predict(tf.data.Dataset.from_tensors({"image": 1.0}))
    wordless = tf.data.Dataset.from_tensors({"image": X[0], "captions": ["red", "..."], "name": "a.png"})
    with pytest.raises(ValueError, match=r"a.png.*without a word.*\.\.\."):
        captioner.evaluate(wordless, verbose=0)


def test_no_images_at_all_are_an_empty_answer(captioner):
    # What a replica gets whose share of the last batch is nothing.
    assert captioner.network.encode(tf.zeros([0, 16, 16, 3])).shape[0] == 0
    written = captioner.caption(tf.constant([], tf.string))
    assert {name: tuple(value.shape) for name, value in written.items()} == {
        "caption": (0,), "captions": (0, 3), "log_probabilities": (0, 3), "valid": (0,),
    }  # fmt: skip


def test_words_that_came_already_can_be_made_less_likely(captioner, monkeypatch):
    scores = np.full(captioner.preprocessor.tokens.size, -10.0, np.float32)
    scores[END_ID], scores[RESERVED_WITH_ENDS : RESERVED_WITH_ENDS + 3] = 1.0, (3.0, 2.0, 1.5)

    def step(tokens, state):
        return tf.tile(scores[np.newaxis], [tf.shape(tokens)[0], 1]), state

    monkeypatch.setattr(captioner.network.decoder, "stepper", lambda memory: step)
    first, second, third = captioner.vocabulary.words[:3]
    for penalty, expected in ((1.0, [first] * 8), (4.0, [first, second, third])):
        config = replace(captioner.config, beam_width=1, n_best=1, repetition_penalty=penalty)
        written = write(captioner.network, captioner.preprocessor, config, tf.constant(X[:1]))
        assert written["caption"].numpy()[0].decode().split() == expected
