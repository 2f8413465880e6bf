# SPDX-License-Identifier: Apache-2.0
"""The settings of make_re_data.py and re_corpora.py; each field is a flag."""

import dataclasses

from modeling import errors
from modeling import settings as settings_lib
from modeling.annotations import inputs, outputs, records, rows

NO_LABELS, TYPES, BINARY = "none", "types", "binary"
LABELS = (NO_LABELS, TYPES, BINARY)
CHEMPROT, DDI13 = "chemprot", "ddi13"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TextSettings:
    """What the sentences of rows depend on, wherever their mentions come from."""

    style: str = settings_lib.setting(
        "blinded replaces the two mentions by what stands for their types, as "
        "@GENE$; marked keeps them and writes <e1> and <e2> around them.",
        rows.BLINDED,
        choices=rows.STYLES,
    )
    window_sentences: int = settings_lib.setting(
        "The two mentions are in so many sentences in a row, at most.", 1, minimum=1
    )
    max_words: int = settings_lib.setting(
        "The most words of a row, counted at white space; longer ones are cut around "
        "the two mentions, never through them. 0 is any number.",
        0,
        minimum=0,
    )
    on_error: str = settings_lib.setting(
        "What to do with a line, mention or document that cannot be used.",
        "stop",
        choices=records.ON_ERROR,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairSettings(TextSettings):
    """Which pairs of annotated texts are rows; `run_re.py` has these, too."""

    format: str = settings_lib.setting(
        "The format of the files; auto goes by their endings.",
        inputs.AUTO,
        choices=inputs.FORMATS,
    )
    types: str = settings_lib.setting(
        "The two types of a pair, as GENE,DISEASE or DRUG,DRUG, in whatever case; all "
        "pairs of mentions if empty.",
        "",
    )
    other_blind: str = settings_lib.setting(
        "What stands for mentions that are not of the pair, as @OTHER$; they stay as "
        "they are if empty.",
        "",
    )

    def check_pairs(self) -> None:
        """Checks what is more than the choices of a flag.

        Raises:
            errors.InputError: If the types are not two, or no blind is a word.
        """
        if len(self.pair_types) > 1 or (self.types and not self.pair_types):
            raise _error("types", "two types with a comma between", self.types)
        if self.other_blind and self.other_blind.split() != [self.other_blind]:
            raise _error("other_blind", "without white space", repr(self.other_blind))

    @property
    def pair_types(self) -> tuple[tuple[str, str], ...]:
        """The types of a pair, in lower case; empty for all or for bad ones."""
        names = [name.strip().lower() for name in self.types.split(",")]
        return ((names[0], names[1]),) if len(names) == 2 and all(names) else ()

    @property
    def row_style(self) -> rows.Style:
        """How the mentions of a row are shown."""
        return rows.Style(name=self.style, other=self.other_blind)

    @property
    def chosen(self) -> dict[str, object]:
        """Those of these settings that are not as by default, by name."""
        fields = dataclasses.fields(PairSettings)
        values = {field: getattr(self, field.name) for field in fields}
        return {f.name: value for f, value in values.items() if value != f.default}


@dataclasses.dataclass(frozen=True, kw_only=True)
class RowSettings(TextSettings):
    """What files of rows depend on, wherever their mentions come from."""

    output_file: str = settings_lib.setting(
        "The file of rows to write; the mentions go to <its name>.mentions.jsonl."
    )
    form: str = settings_lib.setting(
        "train is a sentence and its label; test is an index, a sentence and its "
        "label, under a header.",
        outputs.TEST,
        choices=outputs.FORMS,
    )

    def __post_init__(self) -> None:
        settings_lib.check(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(RowSettings, PairSettings):
    """The settings of make_re_data.py."""

    input: str = settings_lib.setting(
        "Files, folders or patterns of them, separated by commas: PubTator's text, "
        "BioC's XML or JSON, brat's .txt and .ann, or run_ner.py's predictions.jsonl."
    )
    labels: str = settings_lib.setting(
        "What the labels of rows are: none, for texts without relations; types of "
        "the annotated relations; or binary, 1 for an annotated pair and 0 for "
        "others.",
        NO_LABELS,
        choices=LABELS,
    )
    relation_types: str = settings_lib.setting(
        "With --labels, types of relations that count, separated by commas; all if "
        "empty. Pairs of other relations have the negative label.",
        "",
    )
    negative_label: str = settings_lib.setting(
        "With --labels=types, the label of pairs without a relation.", "false"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_pairs()
        if self.form == outputs.TRAIN and self.labels == NO_LABELS:
            raise _error("labels", "types or binary with --form=train", "none")
        label = self.negative_label
        if label != label.strip() or not label or not label.isprintable():
            raise _error("negative_label", "a word", repr(label))

    @property
    def counted_types(self) -> frozenset[str]:
        """The relations that count, in lower case; empty for all."""
        names = (name.strip().lower() for name in self.relation_types.split(","))
        return frozenset(filter(None, names))


def _error(name: str, need: str, received: str) -> errors.InputError:
    return errors.InputError(f"--{name} must be {need}. Received: {received}.")


@dataclasses.dataclass(frozen=True, kw_only=True)
class CorpusSettings(RowSettings):
    """The settings of re_corpora.py."""

    corpus: str = settings_lib.setting("The corpus.", choices=(CHEMPROT, DDI13))
    input: str = settings_lib.setting(
        "The folder of one part of the corpus, as distributed and unpacked."
    )
    blinds: str = settings_lib.setting(
        "For ChemProt: released is BC6ENTC, BC6ENTG and, for all other mentions, "
        "BC6OTHER, as in the data that BioBERT's users have; types is @CHEMICAL$ and "
        "@GENE$, others as they are. DDI's are @DRUG$ and @DRUG$ with both.",
        "released",
        choices=("released", "types"),
    )
