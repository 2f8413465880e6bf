# SPDX-License-Identifier: Apache-2.0
"""Tests for modeling.training.loading_report."""

import pytest

from modeling.training import loading_report

HEAD = ("output_weights", "output_bias")


def shapes_of_encoder(num_layers):
    shapes = {
        "bert/embeddings/word_embeddings": (7, 4),
        "bert/embeddings/LayerNorm/gamma": (4,),
        "bert/pooler/dense/kernel": (4, 4),
    }
    for layer in range(num_layers):
        scope = f"bert/encoder/layer_{layer}"
        shapes[f"{scope}/attention/self/query/kernel"] = (4, 4)
        shapes[f"{scope}/output/dense/bias"] = (4,)
    return shapes


def test_the_table_of_a_large_model_fits_on_a_screen():
    shapes = shapes_of_encoder(num_layers=12) | {"cls/squad/output_bias": (2,)}
    names = [*shapes, *HEAD]
    slots = [f"{n}/{s}" for n in names for s in ("adam_m", "adam_v", "BERTAdam_1")]
    unused = dict.fromkeys([*slots, "global_step", "beta1_power"], ())
    report = loading_report.Report(
        description="here",
        loaded=shapes,
        new=dict.fromkeys(HEAD, "not in the checkpoint"),
        unused=unused | {"cls/predictions/output_bias": (7,)},
    )
    assert report.table().splitlines() == [
        "Weights from here",
        "loaded: 28 variables",
        "  bert/embeddings/*     2 variables, 32 numbers",
        "  bert/encoder/layer_*  24 variables in 12 layers, 240 numbers",
        "  bert/pooler/*         1 variable, 16 numbers",
        "  cls/squad/*           1 variable, 2 numbers",
        "newly initialised: 2 variables",
        "  output_bias     not in the checkpoint",
        "  output_weights  not in the checkpoint",
        "unused: 93 variables",
        "  optimizer state    92 variables, 92 numbers",
        "  cls/predictions/*  1 variable, 7 numbers",
    ]


def test_variables_of_one_part_and_one_reason_share_a_row():
    new = dict.fromkeys(shapes_of_encoder(num_layers=3), "skipped by request")
    new["bert/pooler/dense/bias"] = "not in the checkpoint"
    lines = loading_report.Report("here", {}, new, {}).table().splitlines()
    assert lines[1:7] == [
        "loaded: 0 variables",
        "newly initialised: 10 variables",
        "  bert/embeddings/*         2 variables: skipped by request",
        "  bert/encoder/layer_*      6 variables: skipped by request",
        "  bert/pooler/dense/bias    not in the checkpoint",
        "  bert/pooler/dense/kernel  skipped by request",
    ]


def test_many_groups_are_counted():
    new = {f"head_{i}": "not in the checkpoint" for i in range(40)}
    lines = loading_report.Report("here", {}, new, {}).table().splitlines()
    assert len(lines) == 17
    assert "  and 28 more groups" in lines


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("global_step", "optimizer state"),
        ("bert/pooler/dense/kernel/adam_v", "optimizer state"),
        ("bert/pooler/dense/kernel/BERTAdam", "optimizer state"),
        ("output_bias", "output_bias"),
        ("cls/predictions/transform/dense/bias", "cls/predictions/*"),
        ("bert.encoder.layer.0.adapter.up.weight", "bert.encoder.*"),
    ],
)
def test_groups(name, group):
    assert loading_report.group_name(name) == group
