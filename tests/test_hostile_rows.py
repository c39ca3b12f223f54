"""Every row of the collection of hostile specs, and the test that holds it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
import test_hostile
import test_hostile_derived

HERE = Path(__file__).parent

FIRST_AND_LAST = {
    "Y": (2, 28),
    "M": (2, 18),
    "I": (2, 18),
    "P": (2, 10),
    "E": (2, 20),
    "D": (2, 16),
    "S": (2, 26),
    "R": (2, 20),
    "T": (2, 16),
    "W": (2, 18),
    "V": (2, 10),
    "C": (2, 12),
    "A": (2, 6),
}
"""Groups A to M of the collection: their letter, and their even numbers."""

ROWS = [
    f"{letter}{number:02}"
    for letter, (first, last) in FIRST_AND_LAST.items()
    for number in range(first, last + 1, 2)
]

REFUSED = "test_hostile::test_refusal"
LEGAL = "test_hostile::test_what_is_legal"
DERIVED = "test_hostile_derived::test_what_is_accepted_is_derived_in_time"
WAY = "test_write::test_what_is_in_the_way_stays"

HELD = {
    "Y18": "test_hostile::test_bytes_that_are_no_text",
    "R02": "test_hostile::test_eighty_nested_calls_are_refused_but_work_as_lets",
    "R14": "test_hostile_derived::test_a_gradient_that_is_zero_everywhere_is_returned",
    "R18": "test_hostile_derived::test_an_unused_let_is_a_warning",
    "T02": "test_rendering::test_a_doc_is_nothing_but_a_doc",
    "T04": "test_rendering::test_a_doc_is_nothing_but_a_doc",
    "T06": "test_rendering::test_what_ends_lines_unseen_is_in_no_doc",
    "T08": "test_write::test_the_header_is_the_same_from_any_folder",
    "T12": "test_rendering::test_a_doc_is_nothing_but_a_doc",
    "T14": "test_hostile_derived::test_no_templates_but_our_own",
    "T16": "test_hostile_derived::test_what_no_template_should_emit_is_never_written",
    "W02": WAY,
    "W04": WAY,
    "W06": WAY,
    "W08": "test_safe_writes::test_a_disk_without_room_is_as_before",
    "W10": "test_safe_writes::test_a_killed_process_tears_no_file",
    "W12": "test_safe_writes::test_an_interrupt_leaves_all_old_or_all_new",
    "W14": "test_write::test_other_line_ends_are_not_an_edit",
    "W16": "test_write::test_a_file_whose_spec_is_gone_is_an_orphan",
    "W18": "test_cli::test_a_spec_from_standard_input",
    "V02": "test_verify::test_too_few_points_are_a_failure",
    "V04": "test_worker::test_a_hog_ends_at_the_memory_limit",
    "V06": "test_worker::test_files_in_the_way_do_not_matter",
    "V10": "test_contract_outputs::test_no_cotangent_at_all",
    "C02": "test_cli::test_exit_codes",
    "C04": "test_cli::test_exit_codes",
    "C06": "test_configuration::test_what_is_refused",
    "C08": "test_cli::test_a_closed_pipe_is_no_traceback",
    "C10": "test_cli::test_code_is_utf_8_whatever_the_terminal_thinks",
    "C12": "test_cli::test_one_wrong_spec_of_three_stops_all_and_all_are_diagnosed",
    "A02": "test_api::test_is_refused_as_a_spec_would_be",
    "A04": "test_messages::test_what_python_is_told",
    "A06": "test_hostile_derived::test_a_huge_expression_of_python",
}
"""Rows that are no row of a table here, and where they are held."""

TABLES = {
    REFUSED: {row[0] for row in test_hostile.ROWS},
    LEGAL: set(test_hostile.LEGAL),
    DERIVED: set(test_hostile_derived.ACCEPTED),
}
"""Tests of many rows, each with those that it has by name."""

NOT_HELD = {
    "V08": "no torch is too new: the package names no upper bound to warn of",
}


MORE = {
    "W08": ["test_safe_writes::test_a_call_that_is_refused_leaves_all_as_it_was"],
    "W12": [
        "test_worker::test_an_interrupt_ends_the_child_too",
        "test_cli::test_control_c_ends_with_130",
    ],
    "V04": ["test_worker::test_an_endless_loop_ends_at_the_time_limit"],
}
"""Of rows with several sides, the tests of the others."""


def holders(row: str) -> list[str]:
    """Where a row is held."""
    found = [test for test, rows in TABLES.items() if row in rows]
    return [*found, *([HELD[row]] if row in HELD else []), *MORE.get(row, ())]


@cache
def functions(stem: str) -> frozenset[str]:
    tree = ast.parse((HERE / f"{stem}.py").read_text("utf-8"))
    return frozenset(n.name for n in tree.body if isinstance(n, ast.FunctionDef))


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_held_by_a_test_that_there_is(row: str) -> None:
    found = holders(row)
    assert bool(found) != (row in NOT_HELD)
    for test in found:
        stem, _, name = test.partition("::")
        assert name in functions(stem)


def test_no_row_is_named_that_there_is_not() -> None:
    assert set(HELD) | set(NOT_HELD) <= set(ROWS)
