"""Learns to write: trains a language model, says how probable texts are, writes new ones, exports it.

python recipes/char_lm.py                                                       # embedded text
python recipes/char_lm.py --recipe=lstm_word_lm                                 # words instead of characters
python recipes/char_lm.py --data=tiny_shakespeare --epochs=20                   # TensorFlow Datasets
python recipes/char_lm.py --train=my/novels --text_per=file --workdir=runs/novels   # a file, or a folder of files
python recipes/char_lm.py --train=my/names.tsv --labels --workdir=runs/names    # a label begins each text
"""

from __future__ import annotations

from functools import partial

from absl import flags

from zoo.running import script
from zoo.running.flags import Options, define_number

_PER = flags.DEFINE_enum("text_per", "file", ["file", "line", "paragraph"], "What one text of a file is.")
_LABELS = flags.DEFINE_bool("labels", False, "Whether a label begins each text; files are then as for sentiment.py.")
_PROMPT = flags.DEFINE_string("prompt", "The ", "What the model goes on from.")
_LENGTH = flags.DEFINE_integer("length", 400, "Tokens to write at most.", lower_bound=1, upper_bound=1_000_000)
_TEMPERATURE = define_number("temperature", 0.7, "0 takes the most probable token, 1 draws.", high=1e6)
_COMPARED = ["The apple and pear salad", "The apple and pair salad"]
_ON_PAGE = 3000


def main(options: Options) -> None:
    """Runs one recipe from its data to its export."""
    import zoo
    from zoo.datasets.plain_texts import last_tenth, read_plain_texts, without_labels
    from zoo.datasets.text_files import Reader
    from zoo.running.run import Run

    run = Run(options, {"text_per": _PER.value, "labels": _LABELS.value})
    if _LABELS.value:
        train, valid, test = run.data(Reader())
    else:
        read = partial(read_plain_texts, per=_PER.value)
        train, valid, test = map(without_labels, run.data(read, held_out=last_tenth))
    model = run.fit(run.model(), train, valid)
    metrics = run.judge(model, train, test)

    label = next(iter(model.vocabulary.labels), None)
    for text in model.score(_COMPARED, label):
        print(f"{text.text!r}: {text}")
    settings = {"length": _LENGTH.value, "temperature": _TEMPERATURE.value}
    print(f"\n{model.generate(_PROMPT.value, label=label, **settings)}")
    text = next(test.as_numpy_iterator())["text"].decode("utf-8", "replace")[:_ON_PAGE]
    zoo.showing.write_unit_states_html(
        run.workdir / "predictions.html",
        model.unit_states(text, label=label),
        title=f"{options.recipe}: what a unit does",
    )
    uncertainty = "bits_per_character" if "bits_per_character" in metrics else "perplexity"
    headline = {"nats per token": "loss", uncertainty.replace("_", " "): uncertainty}
    request = {"text": [_PROMPT.value], **settings, "top_k": 0, "top_p": 1.0, "seed": 0}
    run.finish(
        model, metrics, headline, "tokens", request if label is None else {**request, "label": [label]},
        "continuation", "generate", lambda saved: saved.score(_COMPARED, label)[0],
    )  # fmt: skip


if __name__ == "__main__":
    script.start("lstm_char_lm", main)
