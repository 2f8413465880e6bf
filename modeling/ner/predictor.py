# SPDX-License-Identifier: Apache-2.0
"""Entities in raw text: load a trained model once, tag any number of texts.

Example:
    from modeling.ner import predictor
    tagger = predictor.load("ner_outputs")
    print(tagger.tag(["Aspirin eased the migraine of both patients."]))
"""

import dataclasses
import math
import os
import pathlib
from collections.abc import Iterable, Iterator

from modeling import config as config_lib
from modeling import errors, run_record, run_start, runs
from modeling.data import ner, ner_labels
from modeling.ner import tagger as tagger_lib
from modeling.reports import mentions
from modeling.tasks import ner as ner_task
from modeling.text import sentences, tokenization, vocabulary, words
from modeling.training import checkpoint_folders, replication

# Words that are tagged together: enough to sort them by length, and few enough
# that a stream of texts comes out while it goes in.
_WORDS_AT_ONCE = 20_000


@dataclasses.dataclass(frozen=True)
class Mention:
    """An entity in a text.

    Attributes:
        start: Index of its first character in the text.
        end: Index behind its last character: `text[start:end]` is it.
        text: Its characters.
        type: Such as "Disease"; "MISC" for a model without types.
        probability: Product of the probabilities of its words' labels.
    """

    start: int
    end: int
    text: str
    type: str
    probability: float


@dataclasses.dataclass(frozen=True)
class Tagged:
    """What was found in a text.

    Attributes:
        mentions: The mentions, in order of their places.
        words: For each word "start", "end", "label", "probability" and
            "probabilities", those of all labels by name; none unless wanted.
    """

    mentions: list[Mention]
    words: list[dict[str, object]]


@dataclasses.dataclass(frozen=True)
class _Sentence:
    """A sentence of a text, with the places of its words."""

    words: list[words.Word]

    @property
    def record(self) -> ner.Sentence:
        texts = tuple(word.text for word in self.words)
        return ner.Sentence(texts, (ner.OUTSIDE,) * len(texts))


class NerPredictor:
    """Finds entities with a model that is in memory."""

    def __init__(self, tagger: tagger_lib.Tagger) -> None:
        """Remembers the tagger.

        Args:
            tagger: Labels the words of sentences.
        """
        self._tagger = tagger

    def tag(self, texts: Iterable[str]) -> list[list[Mention]]:
        """Finds the entities of texts.

        Args:
            texts: Texts of any length, such as abstracts.

        Returns:
            The mentions of each text, in their order.
        """
        return [tagged.mentions for tagged in self.tag_stream(texts)]

    def tag_stream(
        self, texts: Iterable[str], *, with_words: bool = False
    ) -> Iterator[Tagged]:
        """Finds the entities of texts as they come, with bounded memory.

        Args:
            texts: Any number of texts.
            with_words: Whether to describe every word, too.

        Yields:
            What was found in each text, in their order.
        """
        waiting: list[tuple[str, list[_Sentence]]] = []
        num_words = 0
        for text in texts:
            of_text = _split(text)
            waiting.append((text, of_text))
            num_words += sum(len(sentence.words) for sentence in of_text)
            if num_words >= _WORDS_AT_ONCE:
                yield from self._tag_all(waiting, with_words)
                waiting, num_words = [], 0
        yield from self._tag_all(waiting, with_words)

    def _tag_all(
        self, texts: list[tuple[str, list[_Sentence]]], with_words: bool
    ) -> Iterator[Tagged]:
        """Tags texts together, so that sentences are sorted over all of them."""
        labelled = iter(
            self._tagger.label([s.record for _, of_text in texts for s in of_text])
        )
        for text, of_text in texts:
            tagged = Tagged([], [])
            for sentence in of_text:
                of_sentence = next(labelled)
                tagged.mentions.extend(_find(text, sentence, of_sentence))
                if with_words:
                    tagged.words.extend(self._describe(sentence, of_sentence))
            yield tagged

    def _describe(
        self, sentence: _Sentence, labelled: tagger_lib.Labelled
    ) -> Iterator[dict[str, object]]:
        """Yields what is known of each word."""
        for word, label, share, shares in zip(
            sentence.words,
            labelled.labels,
            labelled.probabilities,
            labelled.all_probabilities,
            strict=True,
        ):
            by_label = zip(self._tagger.labels, shares.tolist(), strict=True)
            yield {
                "start": word.start,
                "end": word.end,
                "label": label,
                "probability": share,
                "probabilities": dict(by_label),
            }


def _split(text: str) -> list[_Sentence]:
    """Splits a text into sentences of words; none is empty."""
    split = (
        words.split_words(text, start, end)
        for start, end in sentences.split_sentences(text)
    )
    return [_Sentence(of_sentence) for of_sentence in split if of_sentence]


def _find(
    text: str, sentence: _Sentence, labelled: tagger_lib.Labelled
) -> Iterator[Mention]:
    """Yields the mentions of a sentence."""
    for mention in mentions.find_mentions(labelled.labels):
        start = sentence.words[mention.start].start
        end = sentence.words[mention.end - 1].end
        shares = labelled.probabilities[mention.start : mention.end]
        yield Mention(start, end, text[start:end], mention.type, math.prod(shares))


def load(
    path: str | os.PathLike[str],
    *,
    max_seq_length: int | None = None,
    precision: str = "float32",
) -> NerPredictor:
    """Loads what run_ner.py trained.

    Args:
        path: Its --output_dir.
        max_seq_length: Longest row, in WordPieces; as in training if None.
        precision: Type of the matrix products: "float32", or "bfloat16" for
            speed where the processor has it.

    Returns:
        A predictor with the best checkpoint of the folder if the run selected
        by scores, else with the newest.

    Raises:
        InputError: If the folder does not hold a trained model.
    """
    folder = pathlib.Path(path)
    record = run_record.read(folder)
    checkpoint = run_start.trained_checkpoint(folder) if record else None
    if record is None or checkpoint is None:
        raise errors.InputError(
            f"{folder}: A folder that run_ner.py trained in is needed, with "
            f"{run_record.RUN_FILE} and a checkpoint. Received one "
            f"without: {checkpoint_folders.describe(folder)}."
        )
    config = config_lib.read_config(folder / run_record.CONFIG_FILE)
    labels = ner_labels.read_labels(folder) or ner.LEGACY_LABELS
    model = runs.load_model(
        lambda: ner_task.NerModel(config, len(labels)),
        checkpoint,
        needed=("output_weights", "output_bias"),
    )
    pieces = vocabulary.read_vocabulary(folder / run_record.VOCAB_FILE).pieces
    tokenizer = tokenization.BertTokenizer(
        pieces, do_lower_case=record[run_record.MODEL]["do_lower_case"]
    )
    tagger = tagger_lib.Tagger(
        model,
        tokenizer,
        labels,
        max_seq_length=max_seq_length or record[run_record.TRAINING]["max_seq_length"],
        precision=precision,
        replicas=replication.SingleProcess(),
    )
    return NerPredictor(tagger)
