# SPDX-License-Identifier: Apache-2.0
"""NER's features against those that the original made of all corpora."""

import hashlib
import json

import pytest

from modeling.data import ner, ner_features
from modeling.text import lines, tokenization, vocabulary

FILES = {"train": "train_dev.tsv", "dev": "devel.tsv", "test": "test.tsv"}
CORPORA = ("NCBI-disease", "BC5CDR-disease", "BC5CDR-chem", "BC2GM", "JNLPBA")
VARIANTS = (
    "train/cased/128",
    "dev/cased/128",
    "test/cased/128",
    "test/cased/384",
    "test/uncased/128",
    "test/uncased/384",
)


@pytest.fixture(scope="module")
def tokenizers(shared):
    """A tokenizer for each casing, with BERT's vocabularies."""
    return {
        casing: tokenization.BertTokenizer(
            vocabulary.read_vocabulary(
                shared / f"data/vocab/bert_base_{casing}_vocab.txt"
            ).pieces,
            do_lower_case=casing == "uncased",
        )
        for casing in ("cased", "uncased")
    }


def records_sha256(arrays):
    """Digest of records as golden/README.md describes it."""
    digest = hashlib.sha256()
    columns = [(key.encode(), arrays[key].astype("<i8")) for key in sorted(arrays)]
    for row in range(len(columns[0][1])):
        for key, values in columns:
            digest.update(key)
            digest.update(values[row].tobytes())
    return digest.hexdigest()


def token_test(dataset):
    """The file of pieces, one per line."""
    return "".join(f"{p}\n" for pieces in dataset.pieces for p in pieces)


def golden_facts(sentences, tokenizer, max_seq_length, *, has_tokens):
    """What a golden file says of sentences, in its own names."""
    labels = ner.derive_labels(sentences)
    assert labels == ner.LEGACY_LABELS
    dataset = ner_features.featurize_all(
        sentences, tokenizer, labels=labels, max_seq_length=max_seq_length
    )
    text = token_test(dataset)
    facts = {
        "records": len(sentences),
        "records_sha256": records_sha256(dataset.arrays),
    }
    if has_tokens:
        facts["token_lines"] = text.count("\n")
        facts["token_test_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    return facts


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("corpus", CORPORA)
def test_equals_the_original(corpus, variant, shared, tokenizers):
    golden = json.loads((shared / f"golden/ner_features_{corpus}.json").read_text())
    assert set(golden) == set(VARIANTS)
    split, casing, length = variant.split("/")
    path = str(shared / "data/ner" / corpus / FILES[split])
    sentences = ner.read_sentences(lines.read_lines(path), path=path)
    facts = golden_facts(
        sentences, tokenizers[casing], int(length), has_tokens=split == "test"
    )
    assert facts == golden[variant]


@pytest.mark.parametrize("split", FILES)
@pytest.mark.parametrize("corpus", ["NCBI-disease", "BC2GM"])
def test_equals_the_papers_original(corpus, split, shared, tokenizers):
    golden = json.loads((shared / "golden/ner_features_paper_reader.json").read_text())
    path = str(shared / "data/ner" / corpus / FILES[split])
    sentences = ner.read_sentences(lines.read_lines(path), path=path, reader="paper")
    facts = golden_facts(
        sentences, tokenizers["cased"], 128, has_tokens=split == "test"
    )
    facts.pop("token_lines", None)
    assert facts == golden[f"{corpus}/{split}"]


def test_equals_the_pieces_of_a_whole_run(shared, tokenizers):
    path = str(shared / "golden/e2e/ner_data/test.tsv")
    dataset = ner_features.featurize_all(
        ner.read_sentences(lines.read_lines(path), path=path),
        tokenizers["cased"],
        labels=ner.LEGACY_LABELS,
        max_seq_length=64,
    )
    expected = shared / "golden/e2e/ner_expected/token_test.txt"
    assert token_test(dataset) == expected.read_text(encoding="utf-8")
