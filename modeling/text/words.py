# SPDX-License-Identifier: Apache-2.0
"""Words of raw text and where they stand, split as the NER corpora are.

The corpora set each mark and sign apart and never part letters from digits:
"IL - 2", "5 ' - UTR", "10mg / kg". They are ASCII; what they do with "+" and "<"
is done here with every sign of Unicode. The words of a corpus joined by spaces
are split into the same words again.

Sentences are left to `sentences`, WordPieces to `tokenization`.
"""

import dataclasses
import re
import unicodedata

from modeling.text import tokenization

# Kinds of characters. Marks combine with what is in front of them. Dropped ones
# (soft hyphens, controls) are of no word, unless it goes on behind them.
_SPACE, _LETTER, _SIGN, _MARK, _DROPPED = " lsmd"
_WORD = re.compile("s(?:d*+m++)*+|[lm]++(?:d++[lm]++)*+")


@dataclasses.dataclass(frozen=True)
class Word:
    """A word and its place.

    Attributes:
        text: The word as it stands in the text.
        start: Index of its first character in the text.
        end: Index behind its last character.
    """

    text: str
    start: int
    end: int


class _Kinds(dict[int, str]):
    """A table for `str.translate` that fills itself; entries are one character."""

    def __missing__(self, code_point: int) -> str:
        kind = self[code_point] = _kind_of(chr(code_point))
        return kind


def _kind_of(character: str) -> str:
    """Returns the kind of a character."""
    if character.isspace():
        return _SPACE
    # What the model's tokenizer makes of it decides, so that none of its words
    # is split further here, but at signs beyond ASCII.
    words = tokenization.basic_tokenize(f"a{character}a", do_lower_case=False)
    if words == ["aa"]:
        return _DROPPED
    category = unicodedata.category(character)
    if len(words) == 3 or category[0] == "S":
        return _SIGN
    return _MARK if category[0] == "M" else _LETTER


_KINDS = _Kinds()


def split_words(text: str, start: int = 0, end: int | None = None) -> list[Word]:
    """Splits text into words and marks.

    Words end at white space. Each mark of punctuation, each sign and each CJK
    ideograph is a word of its own, together with the marks that combine with
    it. Each character that `tokenization.BertTokenizer` reads is in one word.

    Args:
        text: Any text.
        start: Where to begin in it, such as the start of a sentence.
        end: Where to end; None is the end of the text.

    Returns:
        The words in order. `text[word.start:word.end] == word.text`, which is
        not empty and holds no white space.

    Example:
        >>> [word.text for word in split_words("p53-dependent (5'-UTR)")]
        ['p53', '-', 'dependent', '(', '5', "'", '-', 'UTR', ')']
        >>> split_words("The IL-2 gene", 4, 8)[2]
        Word(text='2', start=7, end=8)
    """
    spans = (
        (start + match.start(), start + match.end())
        for match in _WORD.finditer(text[start:end].translate(_KINDS))
    )
    return [Word(text[first:last], first, last) for first, last in spans]
