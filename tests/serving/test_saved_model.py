"""Versions, and folders that cannot take one."""

import os
import platform
import subprocess
import sys

import pytest
import tensorflow as tf

from zoo.serving.saved_model import next_version, write_saved_model


@tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
def echo(text):
    return {"text": text}


def test_versions_count_up_from_the_highest(tmp_path):
    parent = tmp_path / "new" / "model"
    assert next_version(parent) == 1
    assert write_saved_model(parent, {"serving_default": echo}, {}, []).name == "1"
    (parent / "7").mkdir()
    (parent / "notes").mkdir()
    (parent / "12.txt").touch()
    assert write_saved_model(parent, {"serving_default": echo}, {"a.txt": "ä"}, []).name == "8"
    assert (parent / "8" / "assets" / "a.txt").read_text(encoding="utf-8") == "ä"
    assert sorted(os.listdir(parent)) == ["1", "12.txt", "7", "8", "notes"]


def test_a_file_where_the_folder_should_be_is_named(tmp_path):
    (tmp_path / "model").touch()
    with pytest.raises(NotADirectoryError, match="model is a file"):
        write_saved_model(tmp_path / "model", {"serving_default": echo}, {}, [])


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="cannot be written"):
        write_saved_model(tmp_path / "file" / "model", {"serving_default": echo}, {}, [])


def test_a_failed_export_leaves_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="signature"):
        write_saved_model(tmp_path, {"serving_default": lambda: 1}, {}, [])
    assert os.listdir(tmp_path) == []


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    abandoned = tmp_path / f".writing-{platform.node()}-{gone.pid}-abc"
    alive = tmp_path / f".writing-{platform.node()}-{os.getpid()}-abc"
    for folder in (abandoned, alive):
        (folder / "model").mkdir(parents=True)
    write_saved_model(tmp_path, {"serving_default": echo}, {}, [])
    assert sorted(os.listdir(tmp_path)) == [alive.name, "1"]
