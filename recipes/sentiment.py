"""Finds out what texts say of something: trains a classifier, evaluates it, shows which words decided, exports it.

python recipes/sentiment.py                                              # embedded sample
python recipes/sentiment.py --data=imdb_reviews --set units=128          # TensorFlow Datasets
python recipes/sentiment.py --train=aclImdb/train --test=aclImdb/test --workdir=runs/imdb
python recipes/sentiment.py --train=my/train.csv --valid=my/dev.csv --test=my/test.csv --workdir=runs/mine
"""

from __future__ import annotations

from itertools import islice

from absl import flags

from zoo.running import script
from zoo.running.flags import Options

_TEXT = flags.DEFINE_string("text_column", None, "Name or index of the column of texts; found where it is not given.")
_LABEL = flags.DEFINE_string("label_column", None, "Name or index of the column of labels; likewise.")
_HEADER = flags.DEFINE_enum("header", "auto", ["auto", "yes", "no"], "Whether the first row names the columns.")
_TEXTS = ["I expected a wonderful film, but it was dull."]
_SHOWN, _ON_PAGE = 8, 200


def main(options: Options) -> None:
    """Runs one recipe from its data to its export."""
    import zoo
    from zoo.datasets.text_files import Reader
    from zoo.running.run import Run

    run = Run(options, {"text_column": _TEXT.value, "label_column": _LABEL.value, "header": _HEADER.value})
    read = Reader(text_column=_TEXT.value, label_column=_LABEL.value, header=_HEADER.value)
    train, valid, test = run.data(read)
    model = run.fit(run.model(), train, valid)
    metrics = run.judge(model, train, test)

    records = list(islice(test.as_numpy_iterator(), _ON_PAGE))
    explained = model.explain([record["text"].decode("utf-8", "replace") for record in records])
    judged = [answer.judged(record["label"].decode()) for answer, record in zip(explained, records, strict=True)]
    for answer in judged[:_SHOWN]:
        print(zoo.showing.weighted_terminal(answer, color=run.color))
    zoo.showing.write_weighted_html(
        run.workdir / "predictions.html", judged, title=f"{options.recipe}: what decided on unseen texts"
    )
    run.finish(model, metrics, {"accuracy": "accuracy", "loss": "loss"}, "texts", {"text": _TEXTS}, "label")


if __name__ == "__main__":
    script.start("lstm_imdb", main)
