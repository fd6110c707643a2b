"""Finds named entities: trains a tagger, evaluates it, shows what it does, exports it and uses the export.

python recipes/ner.py                                     # embedded sample
python recipes/ner.py --data=conll2003 --set units=200    # TensorFlow Datasets
python recipes/ner.py --train=my/train.conll --valid=my/dev.conll --test=my/test.conll --workdir=runs/mine
"""

from __future__ import annotations

from functools import partial
from itertools import islice

from absl import flags

from zoo.running import script
from zoo.running.flags import Options

_SCHEME = flags.DEFINE_string("scheme", "auto", "Tag scheme of the files; 'conlleval' reads any mixture.")
_TEXTS = ["Harry Potter and Hermione Granger invented a new spell."]
_SHOWN, _ON_PAGE = 8, 200


def main(options: Options) -> None:
    """Runs one recipe from its data to its export."""
    import zoo
    from zoo.datasets import read_conll
    from zoo.decoding.sentences import TaggedSentence
    from zoo.running.run import Run

    run = Run(options, {"scheme": _SCHEME.value})
    train, valid, test = run.data(partial(read_conll, scheme=_SCHEME.value))
    model = run.fit(run.model(), train, valid)

    metrics = run.judge(model, train, test)

    gold = [TaggedSentence.from_record(record) for record in islice(test.as_numpy_iterator(), _ON_PAGE)]
    answers = model.predict([sentence.tokens for sentence in gold])
    for answer, right in islice(zip(answers, gold, strict=True), _SHOWN):
        print(zoo.showing.terminal(answer.tokens, answer.tags, gold=right.tags, color=run.color))
    judged = [answer.judged(right.tags) for answer, right in zip(answers, gold, strict=True)]
    zoo.showing.write_html(run.workdir / "predictions.html", judged, title=f"{options.recipe} on unseen sentences")
    run.finish(
        model,
        metrics,
        {"F1": "f1", "precision": "precision", "recall": "recall"},
        "sentences",
        {"text": _TEXTS},
        "tags",
    )


if __name__ == "__main__":
    script.start("lstm_ner", main)
