# SPDX-License-Identifier: Apache-2.0
"""Where sentences of English biomedical articles begin.

The library sentencex proposes, and what is special to these articles corrects
it. Where nothing tells, sentences stay together: a mention that is cut in two
is lost.

Line ends and long texts are left to `sentences`; the library's time is
quadratic in some texts.
"""

import re
import unicodedata
from collections.abc import Iterator

import sentencex

# No rule looks further than this from where a sentence may end.
_CONTEXT = 40

# The library keeps together what stands in paired quotes or angles; but primes
# ("5'-end") and comparisons ("p < .05") are no pairs. This one has no partner.
_UNPAIRED = "\N{RIGHT SINGLE QUOTATION MARK}"
_QUOTES = "\"'`\N{ACUTE ACCENT}"
_ANGLES = "<>"

# Nor may it look into brackets, where it sees lists ("alpha (II)") and ends.
_BRACKETS = re.compile(r"\([^()]{0,500}\)|\[[^\[\]]{0,500}\]")
_MAX_NESTING = 4

_SPACES = re.compile(" *")
# What belongs to the sentence in front of it: marks and numbers of notes.
_CLOSING = re.compile(rf"[)\]{_UNPAIRED}\xb2\xb3\xb9\u2070-\u2079]+ +")
_OPENED = re.compile(rf" {_UNPAIRED}[^ ]")
_STOP = re.compile(rf"\.[)\]{_UNPAIRED}]*$")
_TERMINATORS = ".?!"
_MAY_FOLLOW = f" )]{_UNPAIRED}"

# Two lists of what ends in a stop inside sentences: terms; and genera and parts
# of journal titles, which begin with a capital.
_ABBREVIATION = re.compile(
    r"\b(?:(?i:spp?|subsp|ssp|var|cv|pv|str|nov|vol|deg|resp|refs?|eqn?s?|figs?|nos?"
    r"|suppl|approx|conc|cat|ca|cf|vs|viz|al|dept|univ|incl|excl)"
    r"|Hep|Staph|Strep|Proc|Natl|Acad|Sci|Biol|Chem|Biochem|Biophys|Mol|Genet|Immunol"
    r"|Pharmacol|Physiol|Neurosci|Virol|Oncol|Clin|Engl|Environ|Toxicol) ?\.$"
)
_NUMBER_AHEAD = re.compile(r"[=\u2264\u2265~+-] ?\.$")
# Where words are set apart by spaces, "0 . 05" and "SWI . SNF" are, too: there a
# sentence begins with a word in title case, one letter, or "CASE SUMMARY :".
_TITLE_CASE = re.compile(r"[A-Z](?:(?![A-Z0-9])|[A-Z' ]{3,30}:)")
# A product of units: "10 mg. kg-1. min-1".
_UNIT = re.compile(
    r"(?:kg|g|min|m|cm|mm|ml|l|d|day|h|hr|s|sec) ?\(? ?[-\u2212\u2013] ?1\b"
)
_CONTINUATION = re.compile(r"[,;:)\]%]|\( ?ABSTRACT TRUNC|[a-z]{2,}(?:[ ,;:)]|$)")
_SHORT_WORD = re.compile(r"[A-Z][a-z]{0,6} ?\. *")

# Words that begin a sentence even after "hepatitis B." or "et al.".
_STARTER = re.compile(
    rf"[.?!](?: ?[)\]{_UNPAIRED}])* +"
    r"(?=(?:The|This|These|Those|There|They|It|We|Our|He|She|In|On|At|To|For|From|With"
    r"|Of|By|After|Although|Because|Before|Both|During|Each|Here|How|However|If"
    r"|Moreover|Furthermore|Since|Therefore|Thus|When|Whether|While|Why|Patients"
    r"|Results?|Conclusions?|Methods?|RESULTS?|CONCLUSIONS?|METHODS?|BACKGROUND"
    r"|OBJECTIVES?|AIMS?|PURPOSE)\b[ ,:])"
)
# Units that the library takes for initials: "for 48 h. Dialysis was".
_MEASURE = re.compile(
    r"(?:\d ?(?:[smhdglMV]|min|hrs?|kg|mg|kb|kDa|bp|cm|mm|ml|nM|mM)"
    r"|(?:\xb0|degrees?) ?C) ?\. +(?=[A-Z][a-z]+ [a-z])"
)


class _Mask(dict[int, int | str]):
    """A table for `str.translate` that fills itself; entries are one character."""

    def __missing__(self, code_point: int) -> int | str:
        character = chr(code_point)
        category = unicodedata.category(character)
        value: int | str = code_point
        if character.isspace():
            value = " "
        elif category[0] == "C" or category in ("Pi", "Pf") or character in _QUOTES:
            value = _UNPAIRED
        elif character in _ANGLES:
            value = "="
        self[code_point] = value
        return value


_MASK = _Mask()


def mask(text: str) -> str:
    """Replaces each character that means nothing here, or leads astray.

    Args:
        text: Any text.

    Returns:
        As many characters; the only white space among them is " ".
    """
    return text.translate(_MASK)


def find_starts(masked: str) -> list[int]:
    """Finds where sentences begin.

    Args:
        masked: Masked text that begins with a sentence; a few thousand
            characters at most.

    Returns:
        Offsets of first characters, increasing, without that of the first
        sentence.

    Example:
        >>> find_starts(mask("Cells died in 48 h. Fibroblasts (vs. HeLa) did not."))
        [20]
    """
    has_capitals = masked != masked.lower()
    flat = _hide_brackets(masked)
    certain = {match.end() for match in _STARTER.finditer(flat)}
    candidates = certain.union(_propose(flat))
    candidates.update(match.end() for match in _MEASURE.finditer(flat))
    starts: list[int] = []
    previous = 0
    for start in sorted(candidates):
        left = flat[max(previous, start - _CONTEXT) : start].rstrip(" ")
        right = masked[start : start + _CONTEXT]
        if start in certain or not _goes_on(left, right, has_capitals):
            starts.append(start)
        previous = start
    return _join_marks(masked, starts)


def _hide_brackets(masked: str) -> str:
    """Fills brackets with letters, but for the stop of a sentence in brackets."""
    for _ in range(_MAX_NESTING):
        masked, count = _BRACKETS.subn(_fill, masked)
        if not count:
            break
    return masked


def _fill(match: re.Match[str]) -> str:
    """Returns the letters that stand for brackets and what is in them."""
    before = match.string[max(0, match.start() - _CONTEXT) : match.start()].rstrip(" ")
    inner = match[0][:-1].rstrip(" ")
    if inner.endswith(".") and (not before or _is_ended(before)):
        stop = "." + _UNPAIRED.rjust(len(match[0]) - len(inner))
        return stop.rjust(len(match[0]), "x")
    return "x" * len(match[0])


def _propose(flat: str) -> Iterator[int]:
    """Yields where the library says that sentences begin, at first characters."""
    position = 0
    for sentence in sentencex.segment("en", flat):
        position = flat.find(sentence, position)
        if position < 0:  # Not its text; what is not proposed stays together.
            return
        if position:
            yield from _move_to_word(flat, position)
        position += len(sentence)


def _move_to_word(flat: str, start: int) -> Iterator[int]:
    """Yields `start` moved over white space and marks, or nothing."""
    if _OPENED.match(flat, start - 2):
        yield start - 1
        return
    end = (_CLOSING.match(flat, start) or _SPACES.match(flat, start)).end()
    # Sentences of other languages follow each other without white space.
    if flat[end - 1] == " " or (
        _is_foreign_mark(flat[end - 1])
        and unicodedata.category(flat[end : end + 1] or " ")[0] != "M"
    ):
        yield end


def _is_foreign_mark(character: str) -> bool:
    """Returns whether a character may end a sentence of another language."""
    return unicodedata.category(character) == "Po" and not character.isascii()


def _is_ended(left: str) -> bool:
    """Returns whether text ends as a sentence may: "Why?", "(It is.)"."""
    left = left.rstrip(_MAY_FOLLOW)
    return bool(left) and (left[-1] in _TERMINATORS or _is_foreign_mark(left[-1]))


def _goes_on(left: str, right: str, has_capitals: bool) -> bool:
    """Returns whether a sentence goes on between what is left and right."""
    if not right or not _is_ended(left):  # "Aims are: (1) age; (2) sex".
        return True
    if not _STOP.search(left):
        return False
    return bool(
        (has_capitals and _CONTINUATION.match(right))
        or (has_capitals and left.endswith(" .") and not _TITLE_CASE.match(right))
        or (right[0].isdigit() and _NUMBER_AHEAD.search(left))
        or _ABBREVIATION.search(left)
        or _UNIT.match(right)
        or _SHORT_WORD.fullmatch(left)
    )


def _join_marks(masked: str, starts: list[int]) -> list[int]:
    """Drops starts so that each sentence has a letter or a digit, if any has."""
    joined: list[int] = []
    has_text = False
    for start, end in zip([0, *starts], [*starts, len(masked)], strict=True):
        is_text = any(map(str.isalnum, masked[start:end]))
        if has_text and is_text:
            joined.append(start)
        has_text = has_text or is_text
    return joined
