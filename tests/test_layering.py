"""One direction: a module imports only what stands before it in this list."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "symgrad"

ORDER = [
    # what everything speaks of: messages, names, the IR, a checked op
    "_version",
    "errors",
    "codes",
    "names",
    "kinds",
    "intervals",
    "parts",
    "axes",
    "nodes",
    "html_table",
    "program",
    "leaf_sets",
    "costs",
    "cut",
    "op",
    "objective",
    "elementwise",
    "unroll",
    # the function table, and values at high precision
    "ball_functions",
    "function_row",
    "rows_power",
    "rows_angle",
    "rows_special",
    "rows_gamma",
    "rows_airy",
    "rows_bessel",
    "rows_piecewise",
    "rows_activation",
    "rows_threshold",
    "rows_complex",
    "rows_composite",
    "rows_entropy",
    "functions",
    "wirtinger",
    "balls",
    "precise",
    # numbers beside the truth
    "measure",
    "measure.formats",
    "measure.strata",
    "measure.truth",
    "measure.errors",
    # the front end
    "yamlfile",
    "model",
    "grammar",
    "places",
    "use",
    "options",
    "fold",
    "space",
    "walk",
    "indexing",
    "bounds",
    "operators",
    "reducing",
    "calls",
    "parse",
    "own_functions",
    "declare",
    "spaces",
    "modules",
    "drafting",
    "overriding",
    "check",
    "spec",
    "toml_places",
    "configuration",
    "schema_words",
    # from an op to a program
    "algebra",
    "families",
    "conditions",
    "formulas",
    "regions",
    "partials",
    "totals",
    "along",
    "sweep",
    "push",
    "derive",
    "signs",
    "rule",
    "rules_exponential",
    "rules_power",
    "rules",
    "rewrites",
    "regroup",
    "exponentials",
    "factors",
    "rebuild",
    "contract",
    "arrange",
    "settle",
    "circles",
    "guards",
    "passes",
    "patches",
    "patches.kernels",
    "patches.centres",
    "patches.charts",
    "patches.views",
    "patches.resolve",
    "patches.ideal",
    "patches.moved",
    "patches.series",
    "patches.place",
    "patches.choose",
    "patches.between",
    "patches.tails",
    "patches.degrees",
    "patches.choices",
    "patches.lost",
    "patches.vanishing",
    "patches.find",
    "patches.weak",
    "patches.apply",
    "cheaper",
    "narrow",
    "residuals",
    "ledger",
    # from a program to a text
    "limits",
    "naming",
    "printer",
    "conventions",
    "lines",
    "layout",
    "templates",
    "backends",
    "backends.torch_names",
    "backends.torch_reuse",
    "backends.torch_align",
    "backends.torch_matrix",
    "backends.torch_written",
    "backends.torch_places",
    "backends.torch_along",
    "backends.torch_choices",
    "backends.torch_spell",
    "backends.torch_lines",
    "backends.torch_precision",
    "backends.torch_shapes",
    "backends.torch_statistics",
    "backends.torch_docs",
    "backends.torch_forward",
    "backends.torch_context",
    "backends.torch_backward",
    "backends.cpu_flags",
    "backends.cpu_constants",
    "backends.cpu_names",
    "backends.cpu_text",
    "backends.cpu_spell",
    "backends.cpu_signature",
    "backends.cpu_pass",
    "backends.cpu_rows",
    "backends.cpu_sweeps",
    "backends.cpu_row_kernel",
    "backends.cpu_missing",
    "backends.cpu_kernel",
    "backends.cpu",
    "backends.torch_kernels",
    "backends.torch_jvp",
    "backends.torch_function",
    "backends.torch_module",
    "backends.torch_imports",
    "backends.torch_smooth",
    "backends.torch_golden",
    "backends.torch_golden_axes",
    "backends.torch_tests",
    "backends.torch",
    "generate",
    # SymPy, in and out
    "sympy_forms",
    "symbols",
    "to_sympy",
    "sympy_functions",
    "from_sympy",
    "user_functions",
    "as_text",
    "maths",
    "display",
    "skeleton",
    "build",
    # the ladder
    "verify.report",
    "verify.watch",
    "verify.absent",
    "verify.rungs",
    "verify.target",
    "verify.process",
    "verify.loading",
    "verify.lint_node",
    "verify.lint_op",
    "verify.lint_kernels",
    "verify.lint",
    "verify.sampling",
    "verify.extents",
    "verify.dimensions",
    "verify.evaluation",
    "verify.reference",
    "verify.budget",
    "verify.kinks",
    "verify.subject",
    "verify.shapes",
    "verify.elements",
    "verify.units",
    "verify.points",
    "verify.shrink",
    "verify.first_order",
    "verify.tangents",
    "verify.batched",
    "verify.forward_mode",
    "verify.second_order",
    "verify.bound",
    "verify.traced",
    "verify.functional",
    "verify.compiled",
    "verify.retained",
    "verify.transforms",
    "verify.accuracy",
    "verify.policies",
    "verify.edge_values",
    "verify.noise",
    "verify.edge_points",
    "verify.edges",
    "verify.mixed",
    "verify.dtypes",
    "verify.layouts",
    "verify.kernels",
    "verify.linearity",
    "verify.purity",
    "verify.ladder",
    "audit",
    "audit.given",
    "audit.trial",
    "audit.findings",
    "audit.returned",
    "audit.kept",
    "audit.composed",
    "audit.checks",
    "audit.run",
    "verify.worker",
    "verify",
    "verify.eager",
    "verify.replay",
    # files, and the two ways in
    "provenance",
    "disk",
    "lock",
    "alone",
    "write",
    "outcome",
    "schema",
    "again",
    "several",
    "gen",
    "callables",
    "terminal",
    "explain.tree",
    "explain.brief",
    "explain.rewritten",
    "explain.build",
    "explain.page",
    "explain.text",
    "explain.latex",
    "explain.markdown",
    "explain.as_json",
    "explain",
    "in_memory",
    "kernel_library",
    "bench.clock",
    "bench.paired",
    "bench.memory",
    "bench.traffic",
    "bench.inputs",
    "bench.composed",
    "bench.own_operators",
    "bench.subjects",
    "bench.results",
    "bench.measure",
    "bench.table",
    "bench.plot",
    "bench",
    "report.letters",
    "report.terms",
    "report.mathml",
    "report.formulas",
    "report.expressions",
    "report.code",
    "report.scales",
    "report.subjects",
    "report.numbers",
    "report.svg",
    "report.heat",
    "report.figures",
    "report.ladder",
    "report.kept",
    "report.page",
    "report",
    "api",
    "console",
    "listing",
    "progress",
    "starter_kinds",
    "starter",
    "watching",
    "command_options",
    "bench_command",
    "explain_command",
    "gen_command",
    "verify_command",
    "listing_commands",
    "report_command",
    "cli",
    "pytest_plugin",
]


def imports(path: Path) -> Iterator[str]:
    """The modules of the package that a file imports, wherever in it that happens."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from _of_from(node)
        elif isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("symgrad"))


def _of_from(node: ast.ImportFrom) -> Iterator[str]:
    assert not node.level and node.module, "imports are absolute"
    if node.module.partition(".")[0] != "symgrad":
        return
    for alias in node.names:
        inner = f"{node.module}.{alias.name}"
        yield inner if _file(inner).exists() else node.module


def _file(module: str) -> Path:
    place = PACKAGE.parent.joinpath(*module.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {_module(path): path for path in sorted(PACKAGE.rglob("*.py"))}
PLACE = {f"symgrad.{name}": place for place, name in enumerate(ORDER)}
BACKWARD = {("symgrad.symbols", "symgrad.to_sympy")}
"""A SymPy class has its derivative as a method, and that is written in such classes."""

OUTSIDE = ("symgrad", "symgrad.__main__")
"""The package itself loads lazily whatever it names; ``__main__`` is the end."""


def test_every_module_has_its_place() -> None:
    assert set(PLACE) == set(FILES) - set(OUTSIDE)
    assert len(PLACE) == len(ORDER)


@pytest.mark.parametrize("module", [name for name in FILES if name not in OUTSIDE])
def test_imports_go_one_way(module: str) -> None:
    later = {
        (module, name)
        for name in imports(FILES[module])
        if name != "symgrad" and PLACE[name] >= PLACE[module]
    }
    assert later == {pair for pair in BACKWARD if pair[0] == module}


HOMES = {
    "click": {
        *("symgrad.explain.text", "symgrad.explain_command"),
        *("symgrad.cli", "symgrad.console", "symgrad.progress"),
        *("symgrad.command_options", "symgrad.bench_command"),
        *("symgrad.gen_command", "symgrad.verify_command", "symgrad.listing_commands"),
        "symgrad.report_command",
    },
    "jinja2": {"symgrad.templates"},
    "pydantic": {
        *("symgrad.model", "symgrad.places", "symgrad.lock", "symgrad.configuration"),
    },
    "tomllib": {"symgrad.toml_places"},
    "watchfiles": {"symgrad.watching"},
    "yaml": {"symgrad.yamlfile"},
}
"""The only modules that may import these libraries."""


@pytest.mark.parametrize(("library", "homes"), HOMES.items())
def test_a_library_has_its_home(library: str, homes: set[str]) -> None:
    users = {name for name, path in FILES.items() if library in _libraries(path)}
    assert users
    assert users <= homes


def _libraries(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in node.names)
    return found
