import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import zoo

TINY = {
    "word_dim": 6, "encoder_units": 5, "context_units": 7, "units": 8, "batch_size": 2, "max_turns": 6, "max_words": 9,
    "max_reply": 5, "bucket_boundaries": (6,), "learning_rate": 0.02, "epochs": 2,
}  # fmt: skip
DIALOGUES = [
    ["Hello there .", "Hi !"],
    ["A cat ?", "No , a small dog .", "Which one ?", "The brown dog over there .", "Oh , fine !"],
    ["Yes", "One two zebra two", "No ."],
]
ACTS = [["greet", "greet"], ["ask", "tell", "ask", "tell", "tell"], ["tell", "tell", "tell"]]
CONTEXTS = ("hierarchy", "last", "flat")


def make(**overrides):
    return zoo.get("hred_dialog", **{**TINY, **overrides})


def adapted(**overrides):
    """A model of large random weights, so that every word and every turn before it tells."""
    task = make(**overrides)
    task.adapt(task.records(DIALOGUES, ACTS))
    rng = np.random.default_rng(1)
    for weight in task.network.trainable_weights:
        weight.assign(rng.normal(scale=0.8, size=weight.shape))
    return task


@pytest.fixture(scope="module")
def models():
    """One of each kind, by its `context`. Nothing here changes them."""
    return {context: adapted(context=context) for context in CONTEXTS}


def numbered(task, dialogue):
    return task.preprocessor.encode(tf.constant([dialogue]))


def by_hand(task, dialogue):
    """Hears all before each turn, then takes the turn step by step: nats and whether wrong, of each word, by turn."""
    ids = numbered(task, dialogue).token_ids.numpy()[0]
    turns = []
    for number, turn in enumerate(ids):
        before = numbered(task, [*dialogue[:number]] or [""])
        heard = task.network.hear(before.token_ids, before.inputs)
        states, read, words = heard.states, 2, []
        for word in turn[turn > 0]:
            logits, states = task.decoder.step(tf.constant([read]), states, heard.context)
            logits = logits.numpy()[0].astype("float64")
            words.append((np.log(np.exp(logits).sum()) - logits[word], logits.argmax() != word))
            read = word
        turns.append(np.array(words))
    return turns


@pytest.mark.parametrize("context", CONTEXTS)
def test_figures_are_those_counted_word_by_word_after_what_was_heard(models, context):
    task = models[context]
    turns = [by_hand(task, dialogue) for dialogue in DIALOGUES]
    every = np.concatenate([turn for each in turns for turn in each])
    last = np.concatenate([each[-1] for each in turns])
    # Two batches, of dialogues of different lengths: what stands beside a dialogue makes no difference.
    scores = task.evaluate(DIALOGUES, ACTS, return_dict=True, verbose=0)
    assert scores["perplexity"] == pytest.approx(np.exp(every[:, 0].mean()), rel=1e-3)
    assert scores["last_perplexity"] == pytest.approx(np.exp(last[:, 0].mean()), rel=1e-3)
    assert scores["word_error_rate"] == pytest.approx(every[:, 1].mean())
    assert scores["last_word_error_rate"] == pytest.approx(last[:, 1].mean())
    assert scores["share_unknown"] == scores["share_cut"] == 0.0
    assert ("act_accuracy" in scores) == (context != "flat")


@pytest.mark.parametrize("context", CONTEXTS)
def test_padding_changes_nothing(models, context):
    task = models[context]
    together = task.preprocessor.encode(tf.ragged.constant([["a cat ?", "no !"], DIALOGUES[1]]))
    alone = numbered(task, ["a cat ?", "no !"])
    out = {}
    for name, read in (("together", together), ("alone", alone)):
        x = {"token_ids": read.token_ids, "inputs": read.inputs}
        found = task.network(x)
        logits = dict(zip(found["places"].numpy(), found["logits"].numpy(), strict=True))
        turns, words = read.inputs.shape[1:]
        out[name] = {(p // words, p % words): row for p, row in logits.items() if p < turns * words}
        heard = task.network.hear(read.token_ids, read.inputs)
        out[f"{name} states"] = heard.states[0].numpy()[0]
        for label in ("acts",) if context != "flat" else ():
            out[f"{name} {label}"] = found[label].numpy()[0, :2]
    assert out["together"].keys() == out["alone"].keys()
    for place, row in out["alone"].items():
        np.testing.assert_allclose(out["together"][place], row, atol=1e-5)
    np.testing.assert_allclose(out["together states"], out["alone states"], atol=1e-5)
    if context != "flat":
        np.testing.assert_allclose(out["together acts"], out["alone acts"], atol=1e-5)


@pytest.mark.parametrize("context", CONTEXTS)
def test_only_the_last_turns_model_forgets_earlier_turns(models, context):
    task = models[context]
    ones, others = (by_hand(task, [first, "Which one ?", "The brown dog ."]) for first in ("Hello !", "A cat ?"))
    difference = np.abs(ones[2][:, 0] - others[2][:, 0]).max()
    assert difference < 1e-6 if context == "last" else difference > 1e-3
    assert np.abs(ones[1][:, 0] - others[1][:, 0]).max() > 1e-3  # the turn before is heard by all


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_reply_is_as_probable_as_it_says(models, context):
    task = models[context]
    (reply,) = task.predict([DIALOGUES[1][:3]])
    assert len(reply.alternatives) == 3
    assert reply.alternatives[0] == (reply.text, reply.log_probability)
    assert all(each.text for each in reply.alternatives)
    assert (reply.act in ("ask", "greet", "tell")) == (context != "flat")
    # What is never written (padding, the unknown word, no word at all) keeps its share.
    text = " ".join(reply.text.split())
    nats = by_hand(task, [*DIALOGUES[1][:3], text])[3][:, 0]
    words = len(numbered(task, [text]).token_ids.numpy()[0]) - 1
    if words < TINY["max_reply"] and " ".join(text.split()) == text:
        assert reply.log_probability == pytest.approx(-nats.sum(), abs=1e-3)


def test_replies_are_drawn_by_the_seed(models):
    task = models["hierarchy"]
    history = DIALOGUES[1][:2]
    drawn = {seed: task.reply(history, temperature=1.0, seed=seed).text for seed in range(6)}
    assert len(set(drawn.values())) > 1
    assert drawn[3] == task.reply(history, temperature=1.0, seed=3).text
    assert all(text and "<unk>" not in text for text in drawn.values())
    assert task.reply(history, temperature=0.0).text == task.reply(history, top_k=1, seed=5).text
    with pytest.raises(ValueError, match="reply: temperature must be between 0"):
        task.reply(history, temperature=-1.0)


def test_a_dialogue_is_followed_and_scored(models):
    task = models["flat"]
    followed = task.follow(DIALOGUES[2])
    assert [reply.text for reply in followed] == [
        reply.text for reply in task.predict([DIALOGUES[2][:1], DIALOGUES[2][:2]])
    ]
    scores = task.score(DIALOGUES)
    assert set(scores) == {"distinct_1", "distinct_2"}
    assert all(0.0 <= value <= 1.0 for value in scores.values())


def test_a_file_answers_the_same(models, tmp_path):  # one with a hierarchy: see the conformance tests
    histories = [dialogue[:-1] for dialogue in DIALOGUES]
    models["flat"].save(tmp_path / "model.keras")
    loaded = zoo.load(tmp_path / "model.keras")
    assert loaded.config.context == "flat"
    assert loaded.predict(histories) == models["flat"].predict(histories)


@pytest.mark.parametrize(
    "history",
    [["Hello"], ["Hi !"] * 500, ["cat " * 5000], ["🙂 ☃", "zebras quagga"], ["a\0b", "\0"], ["Hello", "\ud800"]],
    ids=["single", "500 turns", "5000 words", "unknown", "NUL", "surrogate"],
)
@pytest.mark.parametrize("context", ["hierarchy", "flat"])
def test_whatever_is_said_is_answered_and_what_is_not_read_is_counted(models, context, history):
    (reply,) = models[context].predict([history])
    assert reply.text
    assert np.isfinite(reply.log_probability)
    assert reply.turns_cut == max(len(history) - 6, 0)
    assert reply.words_cut == (5000 - 9 if "cat" in history[0] else 0)
    assert models[context].predict([["Hello"], history])[1].text == reply.text


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ("Hello", TypeError, "predict takes a list of histories .lists of turns., not str"),
        (["Hello", "Hi"], ValueError, "history 0 .from 0. is 'Hello'; give a list of turns"),
        ([["Hello"], []], ValueError, r"history 1 .from 0. is \[\]; give a list of turns, none of them empty"),
        ([["Hello", " \t", "Hi"]], ValueError, "none of them empty"),
        ([["Hello", 3]], ValueError, "give a list of turns"),
        (3, TypeError, "not int"),
    ],
)
def test_what_is_no_history_is_named(models, x, error, message):
    with pytest.raises(error, match=message):
        models["hierarchy"].predict(x)


def test_no_histories_have_no_replies(models):
    assert models["hierarchy"].predict([]) == []


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([], None, "no dialogues; give at least one"),
        ([["Hello"]], None, r"dialogue 0 .from 0. is \['Hello'\]; give a list of two or more turns"),
        ([["Hello", " "]], None, "give turns that are texts and not empty"),
        (["Hello", "Hi"], None, "dialogue 0 .from 0. is 'Hello'"),
        (DIALOGUES, ACTS[:1], "3 dialogues, but 1 lists of acts"),
        (DIALOGUES[:1], [["greet"]], "has 2 turns, but 1 acts"),
    ],
)
def test_what_cannot_be_learnt_from_is_named(x, y, message):
    with pytest.raises(ValueError, match=message):
        make().fit(x, y, verbose=0)


def test_records_are_checked(models):
    with pytest.raises(ValueError, match=r"reads records with `turns`; these have \['text'\]: take a .*dialogue"):
        make().fit(tf.data.Dataset.from_tensors({"text": "a"}), verbose=0)
    with pytest.raises(ValueError, match=r"leave out .batch"):
        make().fit(zoo.datasets.from_dialogues(DIALOGUES).batch(2), verbose=0)
    for turns, message in ((["a"], "fewer than two turns"), (["a", " ", "b"], "an empty turn")):
        records = tf.data.Dataset.from_tensors({"turns": tf.constant(turns)})
        with pytest.raises(ValueError, match=message):
            models["hierarchy"].evaluate(records, verbose=0)
    with pytest.raises(ValueError, match="shout"):
        models["hierarchy"].evaluate(DIALOGUES[:1], [["greet", "shout"]], verbose=0)


def test_dialogues_of_tensorflow_datasets_are_read(models):
    turns = tf.ragged.constant([["Hello there.", " ", "Hi!"], ["Nobody?"]])

    def as_dataset(builder, *args, **kwargs):
        return tf.data.Dataset.from_tensor_slices({"utterances": turns})

    with tfds.testing.mock_data(as_dataset_fn=as_dataset, policy=tfds.testing.MockPolicy.USE_CODE):
        records = zoo.datasets.load("schema_guided_dialogue", split="dev")
        scores = models["hierarchy"].evaluate(records, return_dict=True, verbose=0)
    expected = models["hierarchy"].evaluate([["Hello there.", "Hi!"]], return_dict=True, verbose=0)
    assert scores["perplexity"] == pytest.approx(expected["perplexity"])
    assert scores["share_unknown"] == 0.0


def test_what_is_cut_is_counted(models):
    x = [["Hi !"] * 9, ["Hello", "cat " * 20], ["Hello", "Hi !"], ["zebras zebras", "Hi"]]
    scores = models["hierarchy"].evaluate(x, return_dict=True, verbose=0)
    assert scores["share_cut"] == pytest.approx(0.5)
    assert scores["share_unknown"] > 0.0
    assert "act_accuracy" not in scores  # nothing was said of acts


def test_pairs_without_acts_may_come_first():
    task = make(context="last", pooling="last", bidirectional=False, reinjection=0.5, dropout=0.2)
    task.adapt(task.records(DIALOGUES, ACTS))
    heads = [weight.numpy() for weight in task.network.heads["acts"].weights]
    words = task.decoder.embeddings.numpy()
    with pytest.warns(UserWarning, match="Gradients do not exist for variables .'acts/kernel', 'acts/bias'."):
        task.fit([["A cat ?", "No ."], ["Which dog ?", "The brown one ."]], epochs=1, verbose=0)
    assert np.any(task.decoder.embeddings.numpy() != words)
    for before, after in zip(heads, task.network.heads["acts"].weights, strict=True):
        np.testing.assert_array_equal(before, after)
    history = task.fit(DIALOGUES, ACTS, validation_data=(DIALOGUES[:1],), verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert "val_act_accuracy" not in history
    assert np.any(task.network.heads["acts"].kernel.numpy() != heads[0])


def test_labels_are_a_second_task_that_can_be_left_out():
    task = make(label_weight=0.0)
    task.adapt(task.records(DIALOGUES, ACTS))
    assert task.network.heads == {}
    assert task.vocabulary.acts == ()
    weighted = adapted(label_weight=2.0)
    x, y = next(iter(weighted.batches(weighted.records(DIALOGUES[:1], ACTS[:1]), training=False)))
    output = weighted(x)
    logits = output["acts"].numpy()[0].astype("float64")
    nats = np.log(np.exp(logits).sum(-1)) - logits[:, weighted.vocabulary.acts.index("greet")]
    values, weights = weighted.loss_terms(x, y, output)
    words = sum(turn[:, 0].sum() for turn in by_hand(weighted, DIALOGUES[0]))
    assert float(tf.reduce_sum(values)) == pytest.approx(words + 2.0 * nats.sum(), rel=1e-4)
    assert float(tf.reduce_sum(weights)) == 7  # three words, an end, two words, an end: the labels weigh nothing


@pytest.mark.parametrize("context", ["hierarchy", "flat"])
def test_words_start_from_a_file_of_vectors(tmp_path, context):
    (tmp_path / "vectors.txt").write_text("cat 1 2 3\nquagga 4 5 6\n")
    settings = {"word_vectors": str(tmp_path / "vectors.txt"), "word_dim": 3, "train_word_vectors": False}
    task = make(**settings, tied=False, context=context)
    task.adapt(task.records(DIALOGUES))
    words = task.vocabulary.words
    assert words[-1] == "quagga"
    embeddings = task.decoder.embeddings.numpy()
    np.testing.assert_array_equal(embeddings[4 + words.index("cat")], [1, 2, 3])
    np.testing.assert_array_equal(embeddings[4 + words.index("quagga")], [4, 5, 6])
    assert not task.decoder.embeddings.trainable


def test_the_shortest_replies_and_the_smallest_vocabulary():
    task = make(context="flat", max_reply=1, beam_width=20, n_best=20, repetition_penalty=2.0)
    task.adapt(task.records([["ha", "ha ha"]]))
    (reply,) = task.predict([["ha", "who ?"]])
    assert reply.text == "ha"
    assert [each.text for each in reply.alternatives] == ["ha"]
    assert task.reply(["ha"], temperature=2.0).text == "ha"
