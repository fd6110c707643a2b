"""The only home of strings: raw records in, dense padded named tensors out. Runs inside `tf.data` and in exports."""
