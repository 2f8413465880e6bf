# SPDX-License-Identifier: Apache-2.0
"""Tests for run_ner.py as the program that users start."""

import shutil

import pytest


def read(path):
    return path.read_text(encoding="utf-8")


def read_results(path):
    return dict(line.split(" = ") for line in read(path).splitlines())


def count_others(lines, wanted):
    """Returns how many lines differ, one by one."""
    pairs = zip(lines.splitlines(), wanted.splitlines(), strict=True)
    return sum(line != other for line, other in pairs)


def detokenize(run_program, outputs, gold, folder):
    """Joins the pieces of a prediction to words beside their gold labels."""
    return run_program(
        "biocodes/ner_detokenize.py",
        f"--token_test_path={outputs / 'token_test.txt'}",
        f"--label_test_path={outputs / 'label_test.txt'}",
        f"--answer_path={gold}",
        f"--output_dir={folder}",
    )


def test_equals_the_original(shared, run_program, tmp_path):
    """From the original's weights through to its entity scores."""
    golden = shared / "golden" / "e2e"
    expected = golden / "ner_expected"
    done = run_program(
        "run_ner.py",
        "--do_train=false",
        "--do_eval=true",
        "--do_predict=true",
        f"--data_dir={golden / 'ner_data'}",
        f"--output_dir={tmp_path}",
        f"--vocab_file={shared}/data/vocab/bert_base_cased_vocab.txt",
        f"--bert_config_file={golden / 'bert_config.json'}",
        f"--init_checkpoint={golden / 'ner_model' / 'model.ckpt'}",
        "--max_seq_length=64",
    )
    assert done.returncode == 0, done.stderr
    assert read(tmp_path / "token_test.txt") == read(expected / "token_test.txt")
    # Labels whose scores are equal but for rounding may differ.
    wanted = read(expected / "label_test.txt")
    others = count_others(read(tmp_path / "label_test.txt"), wanted)
    assert others <= wanted.count("\n") / 1000
    results = read_results(tmp_path / "eval_results.txt")
    originals = read_results(expected / "eval_results.txt")
    assert list(results) == list(originals)
    for name, value in originals.items():
        assert float(results[name]) == pytest.approx(float(value), rel=1e-4), name

    gold = golden / "ner_data" / "test.tsv"
    assert detokenize(run_program, tmp_path, gold, tmp_path).returncode == 0
    rows = read(tmp_path / "NER_result_conll.txt")
    assert count_others(rows, read(expected / "NER_result_conll.txt")) <= others
    report = run_program("biocodes/conlleval.py", tmp_path / "NER_result_conll.txt")
    if not others:
        assert report.stdout == read(expected / "conlleval.txt")


def test_bad_input_ends_with_a_message_and_status_2(ner_run, run_program, tmp_path):
    done = run_program(*ner_run.command(tmp_path, max_seq_length=65))
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "run_ner.py: --max_seq_length must be at most `max_position_embeddings` of "
        f"{ner_run.folder}/bert_config.json, 64. Received: 65."
    )
    assert "Traceback" not in done.stderr


def test_labels_out_of_step_with_pieces(trained_ner, ner_run, run_program, tmp_path):
    outputs = tmp_path / "outputs"
    outputs.mkdir()
    for name in ("token_test.txt", "label_test.txt"):
        shutil.copy(trained_ner.folder / name, outputs)
    gold = ner_run.folder / "test.tsv"
    assert detokenize(run_program, outputs, gold, tmp_path / "ok").returncode == 0
    labels = read(outputs / "label_test.txt").splitlines()
    (outputs / "label_test.txt").write_text("\n".join(labels[1:]) + "\n")
    done = detokenize(run_program, outputs, gold, tmp_path / "bad")
    assert done.returncode == 1
    assert done.stderr == (
        "token_test and label_test out of step: they must have as many lines. "
        f"Received: {len(labels)} pieces, {len(labels) - 1} labels.\n"
    )
    assert not (tmp_path / "bad").exists()


@pytest.mark.slow
def test_command_line_does_what_the_function_does(
    ner_run, trained_ner, run_program, final_bytes, tmp_path
):
    done = run_program(*ner_run.command(tmp_path, do_predict=True))
    assert done.returncode == 0, done.stderr
    assert final_bytes(tmp_path) == final_bytes(trained_ner.folder)
    for name in ("label_test.txt", "test_scores.json", "train.tf_record"):
        expected = (trained_ner.folder / name).read_bytes()
        assert (tmp_path / name).read_bytes() == expected
    for part in ("The plan of this run:", "training step 39/39  loss ", "accuracy: "):
        assert part in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["more"], "Unexpected arguments: ['more']."),
        (["--learning_rate=fast"], "--learning_rate=fast"),
        (["--no_such_flag"], "Unknown command line flag 'no_such_flag'"),
    ],
)
def test_bad_command_lines(ner_run, run_program, tmp_path, arguments, expected):
    done = run_program(*ner_run.command(tmp_path / "out"), *arguments)
    assert done.returncode == 1
    assert expected in done.stdout + done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_help_lists_the_flags(run_program):
    done = run_program("run_ner.py", "--help")
    assert "Fine-tunes BioBERT to find entities" in done.stdout
    for name in ("data_dir", "max_seq_length", "ner_reader", "resume", "use_tpu"):
        assert f"--{name}" in done.stdout or f"--[no]{name}" in done.stdout
