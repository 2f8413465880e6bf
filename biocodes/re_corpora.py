# SPDX-License-Identifier: Apache-2.0
r"""Makes relation data for run_re.py from ChemProt and DDI-2013 as distributed.

Usage:
    python biocodes/re_corpora.py --corpus=chemprot --form=train \
        --input=ChemProt_Corpus/chemprot_training --output_file=CHEMPROT/train.tsv
    python biocodes/re_corpora.py --corpus=ddi13 --form=test \
        --input=DDICorpus/Test/Test_for_DDIExtraction_task --output_file=DDI/test.tsv

ChemProt: each pair of a chemical and a gene in a sentence is a row, with the label
cpr:3, cpr:4, cpr:5, cpr:6, cpr:9 or false. The two are BC6ENTC and BC6ENTG and all
other mentions BC6OTHER, as in the data that BioBERT was tuned on; --blinds=types gives
@CHEMICAL$ and @GENE$. The sentences of that data were found by another program, so
the numbers of rows differ.

DDI-2013: each pair that the corpus lists is a row, with the label advise, effect,
mechanism, int or false; both drugs are @DRUG$. Pairs whose mentions share characters,
as in "aluminum and magnesium hydroxide", are left out, and counted by label.

Writes the files that make_re_data.py writes.
"""

from modeling import programs
from modeling.annotations import corpora, settings


def run(options: settings.CorpusSettings) -> None:
    """Makes the rows and prints what became of what."""
    print(corpora.build(options), end="")


if __name__ == "__main__":
    programs.main(settings.CorpusSettings, run)
