"""Builds and runs `c_client.c`, the program that calls a SavedModel without Python.

Used by the tests of every export and by `benchmarks/serving.py`. TensorFlow's C API comes from the TensorFlow wheel
itself, so a C compiler is all that is needed beside it.
"""

from __future__ import annotations

import atexit
import functools
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

SOURCE = Path(__file__).with_name("c_client.c")

Strings = Sequence[str | bytes] | Sequence[Sequence[str]]


class Latency(NamedTuple):
    """Time of one call in milliseconds."""

    median_ms: float
    p90_ms: float


def find_compiler() -> str | None:
    """Returns the path of a C compiler (cc, gcc or clang), None without one."""
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)


def build_c_client(directory: str | Path) -> Path:
    """Compiles `c_client.c` into a directory, against the installed TensorFlow wheel, and returns the program's path.

    Raises:
        FileNotFoundError: No C compiler is installed, or no TensorFlow wheel with its C API.
        RuntimeError: The compiler failed; the message holds what it printed.
    """
    compiler = find_compiler()
    if compiler is None:
        raise FileNotFoundError("no C compiler (cc, gcc or clang) on PATH; install one, for example the package gcc")
    spec = importlib.util.find_spec("tensorflow")  # Finds the folder without importing: that would cost seconds.
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("TensorFlow is not installed; the C client is built against its wheel")
    wheel = Path(spec.submodule_search_locations[0])
    libraries = [
        next(iter(sorted(wheel.glob(f"lib{name}.*"))), None) for name in ("tensorflow_cc", "tensorflow_framework")
    ]
    if None in libraries or not (wheel / "include/tensorflow/c/c_api.h").exists():
        raise FileNotFoundError(f"{wheel} holds no C API (libtensorflow_cc, libtensorflow_framework, include/)")
    client = Path(directory) / "c_client"
    command = [compiler, "-O2", "-std=c11", "-Wall", "-o", client, SOURCE, f"-I{wheel / 'include'}", *libraries]
    command += [f"-Wl,-rpath,{wheel}", "-lm"]
    # GNU ld takes several seconds over a library of a gigabyte, these take one.
    command += [f"-fuse-ld={name}" for name in ("mold", "lld", "gold") if shutil.which(f"ld.{name}")][:1]
    result = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{compiler} could not build {SOURCE.name}:\n{result.stderr}")
    return client


@functools.cache
def _shared_client() -> Path:
    """Builds the client once a process, in a temporary directory that goes when the process ends."""
    directory = tempfile.mkdtemp(prefix="c_client_")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return build_c_client(directory)


def run_c_client(
    saved_model_dir: str | Path, strings: Strings, signature: str = "serving_default", **numbers: float
) -> dict[str, np.ndarray]:
    """Feeds strings to a SavedModel's signature, in a process without Python.

    Args:
        saved_model_dir: The directory that holds `saved_model.pb`.
        strings: [batch] texts or bytes, or rows of texts, padded here with empty ones to [batch, time], for a matrix.
        signature: Key of a signature with one input of strings.
        **numbers: The signature's other inputs, scalars.

    Returns:
        The output tensors by their names in the signature; string tensors as object arrays of `str`.

    Raises:
        ValueError: There is no such signature, or it takes other inputs.
        RuntimeError: The client failed; the message holds what it printed.
    """
    return _run(saved_model_dir, strings, signature, numbers)[0]


def time_c_client(
    saved_model_dir: str | Path,
    strings: Strings,
    signature: str = "serving_default",
    repeat: int = 500,
    **numbers: float,
) -> Latency:
    """Measures one call with these strings from C; arguments and errors are those of `run_c_client`."""
    return Latency(**_run(saved_model_dir, strings, signature, numbers, repeat)[1])


def signature_names(
    saved_model_dir: str | Path, signature: str, numbers: Sequence[str] = ()
) -> tuple[str, dict[str, str], dict[str, str]]:
    """Returns the tensor names of a signature: its strings, its numbers by their keys, its outputs by theirs."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved_model = saved_model_pb2.SavedModel()
    saved_model.ParseFromString((Path(saved_model_dir) / "saved_model.pb").read_bytes())
    signatures = next(m.signature_def for m in saved_model.meta_graphs if "serve" in m.meta_info_def.tags)
    if signature not in signatures:
        raise ValueError(f"{saved_model_dir} has no signature {signature!r}; it has {', '.join(sorted(signatures))}")
    definition = signatures[signature]
    inputs = {key: info.name for key, info in definition.inputs.items()}
    of_numbers = {key: inputs.pop(key) for key in numbers if key in inputs}
    if len(inputs) != 1 or len(of_numbers) != len(numbers):
        raise ValueError(
            f"signature {signature!r} takes {sorted(definition.inputs)}; the C client feeds one input of strings, "
            f"and here {sorted(numbers) or 'no'} numbers"
        )
    (strings,) = inputs.values()
    return strings, of_numbers, {key: info.name for key, info in definition.outputs.items()}


def _run(
    saved_model_dir: str | Path, strings: Strings, signature: str, numbers: dict[str, float], repeat: int = 0
) -> tuple[dict, dict]:
    input_name, number_names, output_names = signature_names(saved_model_dir, signature, list(numbers))
    options = ["--counted"]
    for key, value in numbers.items():
        options += ["--scalar", f"{number_names[key]}={value}"]
    if len(strings) and not isinstance(strings[0], (str, bytes)):
        columns = max(1, *map(len, strings))
        options += ["--columns", columns]
        strings = [text for row in strings for text in (*row, *[""] * (columns - len(row)))]
    if repeat:
        options += ["--repeat", repeat]
    encoded = [text.encode() if isinstance(text, str) else text for text in strings]
    result = subprocess.run(
        [str(part) for part in (_shared_client(), *options, saved_model_dir, input_name, *output_names.values())],
        input=b"".join(b"%d:%s" % (len(part), part) for part in encoded),
        capture_output=True,
        check=False,
        env={"TF_CPP_MIN_LOG_LEVEL": "2", **os.environ},
    )
    if result.returncode:
        raise RuntimeError(f"the C client ended with {result.returncode}: {result.stderr.decode(errors='replace')}")
    lines = [json.loads(line) for line in result.stdout.decode(errors="surrogateescape").split("\n") if line]
    tensors = {line["output"]: _array(line) for line in lines if "output" in line}
    latency = {name: value for line in lines if "repeat" in line for name, value in line.items() if name != "repeat"}
    return {key: tensors[name] for key, name in output_names.items()}, latency


def _array(line: dict) -> np.ndarray:
    dtype = object if line["dtype"] == "string" else line["dtype"]
    return np.array(line["values"], dtype=dtype).reshape(line["shape"])
