# SPDX-License-Identifier: Apache-2.0
"""Measures how far words split from raw text are those of NER corpora.

Usage:
    python benchmarks/word_boundaries.py CORPUS/test.tsv [...]

The corpora are only published as words, so raw text is made of them:

    joined   with single spaces between words;
    printed  as articles are: no space around "-", "/", "'" and "_", in front of
             closing brackets and . , ; : ? ! %, or behind opening brackets;
    glued    no space beside any mark at all.

A boundary is a place between two characters other than white space. Prints, for
each form of each file, the share of the boundaries found that the corpus has
(precision), the share of those of the corpus that are found (recall), and the
share of sentences whose words are all the same; for comparison the recall of
white space alone; and in how many sentences of the corpus `split_sentences` sees
more than one.
"""

import argparse
import itertools
import re
from collections.abc import Callable, Iterable, Sequence

from modeling.data import ner
from modeling.text import lines, sentences, words

_BESIDE_MARKS = re.compile(r"(?<=[^\w\s]) |(?<=_) | (?=[^\w\s]|_)")


def join(tokens: Sequence[str]) -> str:
    """Joins words with spaces."""
    return " ".join(tokens)


def print_as_in_articles(tokens: Sequence[str]) -> str:
    """Joins words as an article would."""
    text = re.sub(r" ([-/'_]) ", r"\1", join(tokens))
    text = re.sub(r"(\d) \. (?=\d)", r"\1.", text)
    return re.sub(r"(?<=[(\[{]) | (?=[.,;:?!%)\]}])", "", text)


def glue(tokens: Sequence[str]) -> str:
    """Joins words without a space beside marks."""
    return _BESIDE_MARKS.sub("", join(tokens))


FORMS = {"joined": join, "printed": print_as_in_articles, "glued": glue}


def split(text: str) -> list[str]:
    """Returns the words of a text."""
    return [word.text for word in words.split_words(text)]


def boundaries(tokens: Iterable[str]) -> set[int]:
    """Returns the places between words, counted in characters of words."""
    return set(itertools.accumulate(map(len, tokens)))


def compare(
    corpus: Sequence[Sequence[str]],
    form: Callable[[Sequence[str]], str],
    splitter: Callable[[str], list[str]],
) -> tuple[float, float, float]:
    """Returns precision and recall of boundaries and the share of equal sentences."""
    num_shared = num_found = num_true = num_equal = 0
    for tokens in corpus:
        found = splitter(form(tokens))
        if "".join(found) != "".join(tokens):
            raise AssertionError(f"Characters were lost: {tokens} and {found}.")
        # The end of the sentence is a boundary for any splitter.
        true_places, places = boundaries(tokens[:-1]), boundaries(found[:-1])
        num_shared += len(true_places & places)
        num_found += len(places)
        num_true += len(true_places)
        num_equal += list(tokens) == found
    return (
        num_shared / max(num_found, 1),
        num_shared / max(num_true, 1),
        num_equal / len(corpus),
    )


def main() -> None:
    """Measures what the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", metavar="FILE")
    for path in parser.parse_args().paths:
        corpus = [
            sentence.words
            for sentence in ner.read_sentences(lines.read_lines(path), path=path)
        ]
        print(f"{path}: {len(corpus)} sentences, {sum(map(len, corpus))} words")
        for name, form in FORMS.items():
            precision, recall, equal = compare(corpus, form, split)
            _, recall_of_spaces, _ = compare(corpus, form, str.split)
            cut = sum(len(sentences.split_sentences(form(s))) > 1 for s in corpus)
            print(
                f"  {name:8} precision {precision:.4%}  recall {recall:.4%}  "
                f"equal sentences {equal:.4%}  (white space alone: recall "
                f"{recall_of_spaces:.2%})  more than one sentence: {cut}"
            )


if __name__ == "__main__":
    main()
