# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.checkpoints and the files it stands on."""

import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from modeling import errors
from modeling.training import checkpoint_files, checkpoints

DATA = ".data-00000-of-00001"


def values(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "bert/embeddings/word_embeddings": rng.random([7, 3], np.float32),
        "bert/embeddings/word_embeddings/adam_m": rng.random([7, 3], np.float32),
        "output_bias": rng.random([5], np.float32),
        "global_step": np.int64(12),
    }


def read_all(path):
    reader = checkpoints.CheckpointReader(path)
    return {name: reader.read(name) for name in reader.names()}


def assert_same(found, wanted):
    assert sorted(found) == sorted(wanted)
    for name, value in wanted.items():
        assert found[name].dtype == value.dtype, name
        np.testing.assert_array_equal(found[name], value, err_msg=name, strict=False)
        assert np.shape(found[name]) == np.shape(value), name


def in_folder(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def prefix(tmp_path):
    prefix = tmp_path / "run" / "model.ckpt-12"
    checkpoints.write(prefix, values())
    return prefix


@pytest.fixture
def toy(shared):
    return shared / "data/checkpoint_toy/bert_model.ckpt"


# Reading and writing.


def test_the_toy_checkpoint_goes_round_bit_for_bit(toy, tmp_path):
    arrays = read_all(toy)
    assert len(arrays) == 139
    assert arrays["global_step"] == 20
    assert arrays["bert/pooler/dense/kernel/adam_v"].shape == (4, 4)
    checkpoints.write(tmp_path / "model.ckpt-20", arrays)
    for suffix in (".index", DATA):
        written = tmp_path / f"model.ckpt-20{suffix}"
        assert written.read_bytes() == pathlib.Path(f"{toy}{suffix}").read_bytes()


@pytest.mark.parametrize("task", ["pretraining", "ner", "re", "qa"])
def test_golden_checkpoints_go_round(task, shared, tmp_path):
    golden = shared / f"golden/model/{task}_trained/model.ckpt-20"
    arrays = read_all(golden)
    assert arrays["global_step"].dtype == np.int64
    checkpoints.write(tmp_path / "copy", arrays)
    assert_same(read_all(tmp_path / "copy"), arrays)
    # TensorFlow's own reader agrees.
    theirs = tf.train.load_checkpoint(str(tmp_path / "copy"))
    shapes = {name: list(np.shape(array)) for name, array in arrays.items()}
    assert theirs.get_variable_to_shape_map() == shapes


def test_arrays_tensors_and_variables_give_the_same_bytes(tmp_path):
    arrays = values()
    tensors = {name: tf.constant(value) for name, value in arrays.items()}
    variables = {name: tf.Variable(value) for name, value in arrays.items()}
    backwards = dict(reversed(arrays.items()))
    files = set()
    for index, each in enumerate((arrays, tensors, variables, backwards)):
        checkpoints.write(tmp_path / f"{index}", each)
        files.add(
            tuple((tmp_path / f"{index}{s}").read_bytes() for s in (".index", DATA))
        )
    assert len(files) == 1
    assert_same(read_all(tmp_path / "0"), arrays)


def test_shapes_and_types_need_no_reading(prefix):
    reader = checkpoints.CheckpointReader(prefix)
    assert reader.names() == tuple(sorted(values()))
    assert reader.shape("bert/embeddings/word_embeddings") == (7, 3)
    assert reader.dtype("bert/embeddings/word_embeddings") == np.float32
    assert (reader.shape("global_step"), reader.dtype("global_step")) == ((), "int64")
    assert "4 arrays, 48 numbers" in reader.description
    with pytest.raises(errors.InputError, match="no array 'output_weights'"):
        reader.read("output_weights")


def test_replacing_a_checkpoint_leaves_only_the_new_one(prefix):
    stale = prefix.with_name(f"{prefix.name}.data-00001-of-00002")
    stale.write_bytes(b"left from an earlier save")
    checkpoints.write(prefix, values(seed=1))
    assert in_folder(prefix.parent) == [prefix.name + DATA, prefix.name + ".index"]
    assert_same(read_all(prefix), values(seed=1))


# Finding.


@pytest.mark.parametrize(
    "given",
    [
        "run/model.ckpt-12",
        "run/model.ckpt-12.index",
        "run/model.ckpt-12.data-00000-of-00001",
        "run/model.ckpt-12.meta",
        "run",
        "run/",
    ],
)
def test_every_way_to_name_a_checkpoint(given, prefix, tmp_path):
    assert checkpoints.find_prefix(f"{tmp_path}/{given}") == str(prefix)


def test_an_archive_names_a_checkpoint(prefix, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "a"), "gztar", tmp_path, "run")
    assert_same(read_all(archive), values())


def test_folder_names_may_hold_brackets_and_spaces(prefix, tmp_path):
    odd = tmp_path / "BioBERT [v1.1] *"
    prefix.parent.rename(odd)
    assert_same(read_all(odd), values())


def test_a_relative_path_works(prefix, monkeypatch):
    monkeypatch.chdir(prefix.parent)
    assert_same(read_all("model.ckpt-12"), values())
    assert_same(read_all("."), values())


def test_an_index_without_data_says_so(shared):
    with pytest.raises(
        errors.InputError,
        match=r"model\.ckpt-1000000\.data-00000-of-00001 is missing in .*biobert_v1\.1",
    ):
        checkpoints.CheckpointReader(shared / "data/biobert_v1.1")


# Damage.


@pytest.mark.parametrize("damage", ["half", "empty", "one byte", "web page", "flipped"])
def test_a_damaged_index_is_named(damage, prefix):
    index = prefix.with_name(f"{prefix.name}.index")
    index.write_bytes(damaged(index.read_bytes(), damage))
    with pytest.raises(errors.InputError, match=r"model\.ckpt-12\.index: .*download"):
        checkpoints.CheckpointReader(prefix)


@pytest.mark.parametrize("damage", ["half", "empty", "one byte", "web page"])
def test_data_cut_short_is_found_before_reading(damage, prefix):
    data = prefix.with_name(prefix.name + DATA)
    data.write_bytes(damaged(data.read_bytes(), damage))
    with pytest.raises(errors.InputError, match=r"need 196 bytes\. Received .*incompl"):
        checkpoints.CheckpointReader(prefix)


def test_a_changed_byte_names_the_array(prefix):
    data = prefix.with_name(prefix.name + DATA)
    data.write_bytes(damaged(data.read_bytes(), "flipped"))
    reader = checkpoints.CheckpointReader(prefix)
    hit = "bert/embeddings/word_embeddings/adam_m"
    with pytest.raises(errors.InputError, match=f"{hit}' cannot be read.*damaged"):
        reader.read(hit)
    reader.read("output_bias")  # The others are as they were.


def damaged(content, damage):
    middle = len(content) // 2
    return {
        "half": content[:middle],
        "empty": b"",
        "one byte": content[:-1],
        "web page": b"<html>Not found</html>",
        "flipped": content[:middle]
        + bytes([content[middle] ^ 255])
        + content[middle + 1 :],
    }[damage]


# Writing that fails.


@pytest.mark.parametrize(
    "failure",
    [
        tf.errors.ResourceExhaustedError(None, None, "No space left on device"),
        OSError(28, "No space left on device"),
        KeyboardInterrupt(),
    ],
    ids=lambda failure: type(failure).__name__,
)
@pytest.mark.parametrize("is_new", [True, False])
def test_a_failed_write_changes_nothing(failure, is_new, prefix, monkeypatch):
    target = prefix.with_name("model.ckpt-13") if is_new else prefix
    before = {path.name: path.read_bytes() for path in prefix.parent.iterdir()}

    def write_a_part(prefix, **_):
        for suffix in (DATA, ".data-00000-of-00001.tempstate123"):
            pathlib.Path(prefix + suffix).write_bytes(b"half")
        raise failure

    monkeypatch.setattr(tf.raw_ops, "SaveV2", write_a_part)
    wanted = KeyboardInterrupt if is_interrupt(failure) else errors.InputError
    with pytest.raises(wanted) as caught:
        checkpoints.write(target, values(seed=1))
    assert before == {path.name: path.read_bytes() for path in prefix.parent.iterdir()}
    if not is_interrupt(failure):
        assert str(target) in str(caught.value)
        assert "No space left on device" in str(caught.value)
        assert "needs 196 bytes" in str(caught.value)


def is_interrupt(failure):
    return isinstance(failure, KeyboardInterrupt)


@pytest.mark.slow
def test_a_real_limit_on_file_size_changes_nothing(prefix, root):
    before = {path.name: path.read_bytes() for path in prefix.parent.iterdir()}
    program = (
        "import sys\n"
        "import numpy as np\n"
        "from modeling import errors\n"
        "from modeling.training import checkpoints\n"
        "try:\n"
        "    checkpoints.write(sys.argv[1], {'a': np.ones([100_000], np.float32)})\n"
        "except errors.InputError as error:\n"
        "    print(error)\n"
    )

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    result = subprocess.run(
        [sys.executable, "-c", program, str(prefix)],
        cwd=root,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "It needs 400,000 bytes" in result.stdout
    assert "File too large" in result.stdout
    assert before == {path.name: path.read_bytes() for path in prefix.parent.iterdir()}


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(errors.InputError, match=r"file/model\.ckpt-0: .*cannot be wri"):
        checkpoints.write(tmp_path / "file" / "model.ckpt-0", values())


def test_a_kill_between_the_renames_leaves_no_mixed_checkpoint(prefix, monkeypatch):
    renamed = []
    replace = pathlib.Path.replace

    def replace_once(self, target):
        if renamed:
            raise KeyboardInterrupt
        renamed.append(pathlib.Path(target).name)
        return replace(self, target)

    monkeypatch.setattr(pathlib.Path, "replace", replace_once)
    with pytest.raises(KeyboardInterrupt):
        checkpoints.write(prefix, values(seed=1))
    assert renamed == [prefix.name + DATA]
    assert checkpoint_files.what_is_missing(prefix) == f"{prefix.name}.index"
