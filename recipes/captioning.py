r"""Says what is in images: trains a captioner, scores its captions, shows where it looked, exports it.

python recipes/captioning.py                                              # embedded sample
python recipes/captioning.py --data=coco_captions --set image_size=160    # TensorFlow Datasets
python recipes/captioning.py --train=flickr8k/train.txt --valid=flickr8k/dev.txt --workdir=runs/flickr8k \
    --captions=flickr8k/captions.tsv --images=flickr8k/images
"""

from __future__ import annotations

from itertools import islice

from absl import flags

from zoo.running import script
from zoo.running.flags import Options

_CAPTIONS = flags.DEFINE_string("captions", None, "Table of captions; then --train is a list of names of images.")
_IMAGES = flags.DEFINE_string("images", None, "Folder of images; found beside the table where it is not given.")
_ON_ERROR = flags.DEFINE_enum("on_error", "raise", ["raise", "skip"], "What becomes of rows and images of no use.")
_ON_PAGE, _ON_SHEET, _ATTENDED = 48, 24, 3


def main(options: Options) -> None:
    """Runs one recipe from its data to its export."""
    if options.train is None and (_CAPTIONS.value or _IMAGES.value):
        raise ValueError("--captions and --images go with --train: give the names to learn from, or the table itself")
    import zoo
    from zoo.datasets.captions import Reader
    from zoo.running.run import Run

    run = Run(options, {"captions": _CAPTIONS.value, "images": _IMAGES.value, "on_error": _ON_ERROR.value})
    read = Reader(_CAPTIONS.value, _IMAGES.value, on_error=_ON_ERROR.value)
    train, valid, test = run.data(read)
    model = run.fit(run.model(), train, valid)
    scores = {**model.evaluate(test, return_dict=True, verbose=0), **model.score(test)}
    metrics = run.report(model, train, scores)

    records = list(islice(test.as_numpy_iterator(), _ON_PAGE))
    images = [record["image"] for record in records]
    references = [[text.decode("utf-8", "replace") for text in record["captions"]] for record in records]
    answers, title = model.predict(images), f"{options.recipe}: captions of unseen images"
    for answer in answers[: _ON_SHEET // 3]:
        print(answer)
    captions = [answer.captions for answer in answers]
    shown = map(zoo.showing.ShownImage, images, captions, references)
    zoo.showing.write_captions_html(run.workdir / "predictions.html", shown, title=title)
    zoo.showing.caption_sheet(
        images[:_ON_SHEET],
        [answer.caption for answer in answers[:_ON_SHEET]],
        run.workdir / "captions.png",
        references=references[:_ON_SHEET],
        log_probabilities=[answer.log_probability for answer in answers[:_ON_SHEET]],
        title=title,
    )
    if options.config.attention:
        for number, looked in enumerate(model.attend(images[:_ATTENDED])):
            path = run.workdir / f"attention-{number}.png"
            zoo.showing.attention_sheet(looked.image, looked.words, looked.weights, path)
    headline = {"BLEU-1": "bleu_1", "BLEU-4": "bleu_4", "CIDEr": "cider"}
    run.finish(model, metrics, headline, "images", {"image": images[:2]}, "caption")


if __name__ == "__main__":
    script.start("cnn_lstm_caption", main)
