"""The hall of bugs: what was published is rejected, what was meant passes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from conftest import Climbed
from generated_modules import ROOT

from symgrad.op import Op
from symgrad.spec import load
from symgrad.verify.ladder import RUNGS, climb_to
from symgrad.verify.report import Finding
from symgrad.verify.target import parse

HALL = ROOT / "examples" / "hall_of_bugs"
PAGE = ROOT / "docs" / "hall_of_bugs.md"
PUBLISHED = {
    "published.py": load(str(HALL / "meant.yaml")),
    "published_axes.py": load(str(HALL / "meant_axes.yaml")),
}
"""The file of the faults to the spec of what was meant."""

OPS = {op.name: (file, op) for file, spec in PUBLISHED.items() for op in spec.ops}

FAULTS = {
    "switched_pair": (1, "the gradient of r is wrong"),
    "total_variation": (8, "the gradient of p at an edge"),
    "jensen_shannon": (1, "y is wrong"),
    "focal": (8, "the gradient of p at an edge"),
    "bias_gelu": (1, "expected Variable or None (got tuple)"),
    "pseudo_huber": (1, "the gradient of error is wrong"),
    "log_sigmoid": (1, "the gradient of x is wrong"),
    "artanh": (9, "y has a wrong dtype"),
    "hard_mish": (1, "y is wrong"),
    "silu": (9, "y is inaccurate"),
    "soft_dice": (1, "the gradient of p_0 is wrong"),
    "add_rms_norm": (1, "the gradient of x_0 is wrong"),
    "layer_norm": (2, "the gradient of x is wrong"),
    "cross_entropy": (9, "the gradient of logits is inaccurate in torch.bfloat16"),
    "gated_norm_linear": (1, "the gradient of W_0_0 is wrong"),
}
"""Op to the rung that rejects what was published, and what it says."""


def first_finding(file: str, op: Op, last: int) -> Finding:
    """What the ladder, climbed to its ``last`` rung, says of the published version."""
    target = parse(f"{HALL / file}:{op.name}")
    assert target is not None
    rungs = [(op.name, rung.number) for rung in RUNGS if rung.number <= last]
    return climb_to(target, op, "full", rungs).failures[0]


@pytest.mark.parametrize("name", FAULTS)
def test_what_was_published_is_rejected(name: str) -> None:
    rung, said = FAULTS[name]
    finding = first_finding(*OPS[name], rung)
    assert finding.rung == rung, str(finding)
    assert said in finding.message


@pytest.mark.parametrize("name", OPS)
def test_what_was_meant_passes(name: str, climbed: Climbed) -> None:
    file, op = OPS[name]
    report = climbed(replace(PUBLISHED[file], ops=(op,)))
    assert report.passed, str(report)


def test_every_story_is_told() -> None:
    """Each has its fault, its rung and its words on the page."""
    assert FAULTS.keys() == OPS.keys()
    stories = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    told = {story.partition("\n")[0].split("`")[1]: story for story in stories}
    assert told.keys() == FAULTS.keys()
    for name, (rung, said) in FAULTS.items():
        assert f"Rung {rung}" in told[name], name
        assert f"`{said}`" in told[name], name
