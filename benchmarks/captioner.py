r"""What a trained captioner is worth: whether it looks at the image, and how fast it trains and answers.

    python benchmarks/captioner.py runs/flickr8k/checkpoints/best.keras saved_models/cnn_lstm_caption/1 \
        --captions=flickr8k/captions.tsv --images=flickr8k/images --names=flickr8k/dev.txt

Three figures. A language model alone gets a fair BLEU, so the captions of the right images are compared with the same
captions dealt out to other images: had the image no part in them, both would score alike. Captions a second come from
the export, called from Python on encoded images. Training images a second are measured with the input pipeline beside
the step, as in `fit`, and in the same rounds with one batch again and again, which needs no pipeline: what is lost
between the two is the pipeline's share.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

WARM_UP = 2
DEALT = 7  # places by which captions are moved on to other images


def measure(action: Callable[[], int], rounds: int) -> float:
    """Returns images a second: the median of some rounds of an action that returns how many it dealt with."""
    rates = []
    for _ in range(rounds):
        start = time.perf_counter()
        images = action()
        rates.append(images / (time.perf_counter() - start))
    return statistics.median(rates)


def right_and_shuffled(model: Any, records: Any) -> dict[str, dict[str, float]]:
    """Scores captions beside the references of their own images, and of others."""
    from zoo.metrics.captions import caption_scores

    captions = [answer.caption for answer in model.predict(records)]
    texts = records.map(lambda record: record["captions"]).as_numpy_iterator()
    references = [[text.decode("utf-8", "replace") for text in of_image] for of_image in texts]
    moved = DEALT % len(captions)
    return {
        "right": caption_scores(captions, references),
        "shuffled": caption_scores(captions[moved:] + captions[:moved], references),
    }


def training_speed(model: Any, records: Any, steps: int, rounds: int) -> dict[str, float]:
    """Returns training images a second with the input pipeline and without, and the pipeline's share of a step."""
    import tensorflow as tf

    size = model.config.batch_size
    batches = iter(model.batches(records.repeat(), training=True))
    x, y = next(batches)
    step = tf.function(lambda x, y: model.train_step((x, y)), reduce_retracing=True)
    for _ in range(WARM_UP):
        step(x, y)
        step(*next(batches))

    def fed() -> int:
        for batch in islice(batches, steps):
            step(*batch)
        return steps * size

    def again() -> int:
        for _ in range(steps):
            step(x, y)
        return steps * size

    # In turns, so that whatever else the machine does hits both.
    pairs = [(measure(fed, 1), measure(again, 1)) for _ in range(rounds)]
    with_pipeline, alone = (statistics.median(rates) for rates in zip(*pairs, strict=True))
    return {
        "training_images_per_second": with_pipeline,
        "training_images_per_second_without_pipeline": alone,
        "pipeline_share": max(0.0, 1.0 - with_pipeline / alone),
    }


def answering_speed(saved_model_dir: str, images: list[bytes], batch_size: int, rounds: int) -> float:
    """Returns captions a second from an export."""
    import tensorflow as tf

    saved_model = tf.saved_model.load(saved_model_dir)  # its variables live as long as this object
    serve = saved_model.signatures["serving_default"]
    batches = [images[first : first + batch_size] for first in range(0, len(images), batch_size)]
    for _ in range(WARM_UP):
        serve(image=tf.constant(batches[0]))

    def answer() -> int:
        for batch in batches:
            serve(image=tf.constant(batch))["caption"].numpy()
        return len(images)

    return measure(answer, rounds)


def main() -> None:
    """Prints the figures, or one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", help="a .keras file")
    parser.add_argument("saved_model_dir", help="an export of it, with saved_model.pb")
    parser.add_argument("--captions", help="table of captions; default: the embedded sample's test split")
    parser.add_argument("--images", help="folder of images")
    parser.add_argument("--names", help="list of the names of the images to judge by")
    parser.add_argument("--batch_size", type=int, default=32, help="images in one call of the export")
    parser.add_argument("--steps", type=int, default=5, help="training steps a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

    import zoo
    from zoo import datasets
    from zoo.datasets.captions import read_captions

    model = zoo.load(arguments.model)
    if arguments.captions:
        records = read_captions(arguments.captions, arguments.images, arguments.names)
    else:
        records = datasets.load(model.config.sample, split="test")
    images = [record["image"] for record in records.take(8 * arguments.batch_size).as_numpy_iterator()]
    scores = right_and_shuffled(model, records)
    figures = {
        **scores,
        "cider_ratio": scores["right"]["cider"] / max(scores["shuffled"]["cider"], 1e-9),
        "captions_per_second": answering_speed(
            arguments.saved_model_dir, images, arguments.batch_size, arguments.rounds
        ),
        # Last, for it trains the model.
        **training_speed(model, records, arguments.steps, arguments.rounds),
    }
    if arguments.json:
        print(json.dumps(figures))
        return
    for which in ("right", "shuffled"):
        told = "  ".join(f"{name} {value:.3f}" for name, value in figures[which].items())
        print(f"{which + ' images':16} {told}")
    print(f"CIDEr of right images is {figures['cider_ratio']:.2f} times that of shuffled ones")
    print(f"{figures['captions_per_second']:.1f} captions a second from the export, {arguments.batch_size} at a time")
    print(
        f"{figures['training_images_per_second']:.1f} training images a second; "
        f"the input pipeline's share of a step is {100 * figures['pipeline_share']:.0f} %"
    )


if __name__ == "__main__":
    main()
