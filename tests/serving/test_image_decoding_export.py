"""Images that are decoded by an export, in a process without Python."""

import base64

import numpy as np
import pytest
import tensorflow as tf
from c_client import find_compiler, run_c_client

from zoo.preprocessing.images import decode_images

SIZE = (12, 12)


class Served(tf.Module):
    """Decodes images that come as text, since the C client feeds strings that end at their first zero."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def serve(self, image):
        images = decode_images(tf.io.decode_base64(image), SIZE)
        return {"mean": tf.reduce_mean(images.image, axis=[1, 2]), "valid": images.valid}


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler on PATH")
def test_an_export_decodes_and_forgives(tmp_path):
    served = Served()
    tf.saved_model.save(served, str(tmp_path / "1"), signatures={"serving_default": served.serve})
    pixels = np.zeros([20, 30, 3], np.uint8) + np.array([200, 90, 20], np.uint8)
    jpeg, png = tf.io.encode_jpeg(pixels, quality=95).numpy(), tf.io.encode_png(pixels).numpy()
    files = [jpeg, jpeg[:-30], b"", png, b"no image"]
    outputs = run_c_client(tmp_path / "1", [base64.urlsafe_b64encode(file).decode() for file in files])
    assert outputs["valid"].tolist() == [True, False, False, True, False]
    np.testing.assert_array_equal(outputs["mean"][[1, 2, 4]], 0)
    np.testing.assert_allclose(outputs["mean"][[0, 3]] * 255, [[200, 90, 20]] * 2, atol=2)
    assert run_c_client(tmp_path / "1", [])["valid"].shape == (0,)
