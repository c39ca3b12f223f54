# ruff: noqa: E501
"""Emitted text: clean for linters as it is, independent, the same on every machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from kernel_cases import with_backend
from specs import module, spec
from test_name_clashes import clashing

from symgrad.backends.torch_golden import golden_points
from symgrad.generate import Module, generate
from symgrad.op import Spec

ROOT = Path(__file__).parents[1]
LONG = "a_name_of_sixty_four_characters_that_a_person_might_have_chosen_x"[:64]
OTHER = LONG[:-1] + "y"

NASTY: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "plain": ("x w", "x*w", {}),
    "identity": ("x", "x", {}),
    "ambiguous": ("l O I", "l*O + I", {}),
    "generated_names": ("s u v dtype inputs output surrogate", "s*u + v*dtype*tanh(inputs*output) + surrogate**2", {}),
    "tangents": ("x tangent_x own_tangent_x", "x*tangent_x + sin(own_tangent_x)", {}),
    "attributes": ({"x": "real", "w": "real", "y_dtype": "float = 2", "w_shape": "float = 3", "output_shapes": "float = 1", "input_shapes": "float = 0.5"}, {"y": "x*y_dtype*w_shape + w", "z": "x*output_shapes - input_shapes*sin(x)"}, {}),
    "hidden": ({"self": "real", "math": "real", "nn": "real", "k": "float = 2"}, "self*log(k)*math*nn", {}),
    "with_module": ({"x": "real", "w": "real", "b": "real", "keep": "mask", "slope": "float = 2", "flip": "bool = True"}, "where(keep, slope*x*w + b, 0) if flip else x*w + b", {"module": {"parameters": {"w": {"shape": ["in_features", 3], "init": "normal(0, 0.5)"}, "b": 0}}}),
    "module_alone": ({"x": "real", "beta": "float = 1"}, "x*sigmoid(beta*x)", {"module": {"name": "Alone"}}),
    "python_names": ("Tensor Any math inspect functools", "Tensor*Any + sqrt(abs(math))*inspect*functools", {}),
    "constants": ("pi E beta gamma", "pi*E + gamma(beta**2 + 1)*gamma", {}),
    "long_names": (f"{LONG} {OTHER}", f"where({LONG} > {OTHER}, {LONG}*{OTHER}, {OTHER}*sigmoid({LONG}))", {}),
    "long_and_alone": (LONG, {OTHER: f"sin({LONG})"}, {}),
    "long_number": ({LONG: "real", OTHER: "float = 2"}, {"y": f"{LONG}*{OTHER}", "z": f"exp({LONG})"}, {}),
    "long_surrogate": (LONG, {OTHER: f"Heaviside({LONG})"}, {"surrogate": {OTHER: f"atan({LONG})"}}),
    "long_cotangents": ({LONG[:37]: "real", OTHER[:42]: "float = 1"}, {"a" * 45: f"sin({LONG[:37]})*{OTHER[:42]}", "d": f"{LONG[:37]}**2"}, {}),
    f"op_{LONG}"[:64]: ({"x": "real", "m": "mask", "k": "index"}, {"y": "where(m, x, k*x)", "z": "x**2"}, {}),
    "bounds": ("x lo hi", "clamp(x, lo, hi)*clamp(x, 0, hi) + hypot(x, lo)", {}),
    "nan_free": ("x w", "where(x == x, x, w)*where(w != w, 0, w)", {}),
    "number_first": ("x w", "Max(0, Min(1, x))*w + where(0 == x, w, 0)", {}),
    "twelve": (" ".join(f"x{i}" for i in range(12)), "*".join(f"x{i}" for i in range(12)), {}),
    "six_outputs": ("x d m", {f"y{i}": f"x + d*m**{i + 1}" for i in range(6)}, {}),
    "many_names": ({"predicted_log_variance": "real", "observed_measurement": "real", "is_observed_mask": "mask", "regularization_strength": "float = 0.5"}, {"weighted_residual": "where(is_observed_mask, observed_measurement*exp(-predicted_log_variance), 0)", "penalized_likelihood": "weighted_residual**2 + regularization_strength*predicted_log_variance"}, {}),
    "equal_outputs": ("x", {"y": "exp(x)", "z": "exp(x)"}, {}),
    "zero": ("x w", "floor(x)*w", {}),
    "python_numbers": ({"x": "real", "alpha": "float = 0.5", "n": "int = 2", "flag": "bool = True"}, "x*exp(alpha)**n if flag else x*sigmoid(alpha)", {}),
    "flags": ({"x": "real", "m": "mask", "i": "index", "k": "int", "flag": "bool = True", "s": "float = 0.5"}, {"y": "where(x > 0 or flag, x**k, s*i*x)", "z": "x if flag or m else -x", "chosen_by_a_flag": "x if flag else -x"}, {}),
    "tensors": ({"x": "real", "k": "index", "m": "mask", "c": {"kind": "real", "grad": False}}, "where(m, x*k + c, log(1 + k))", {}),
    "arrhenius": ({"A": "real in (1e5, 1e6)", "T": "real in (250, 900)", "Ea": "real in (10000, 60000)", "n": "float = 0.5", "huge": "float = 1e30"}, "A*(T/298)**n*exp(-Ea/(8.314462618*T)) + 0*huge*1e25", {}),
    "astronomic": ({"x": "real in (1e20, 1e30)"}, "sqrt(x*x + 1) - x/2", {}),
    "minute_outputs": ({"q": "real in (-1e-18, 1e-18)", "r": "real in (1e-10, 1e-8)"}, "8.9875e9*q*q/r", {}),
    "steep": ({"v": "real in (-1, 0.8)", "i": "real in (1e-14, 1e-9)", "n": "real in (1, 2)"}, "i*(exp(v/(n*0.02585)) - 1)", {}),
    "minute": ({"x": "real in (1e-9, 1e-7)", "w": "real"}, "x**2*w + log(x)*x", {}),
    "documented": ("x", "x**2", {"doc": 'Ends in a quote: "x"\n\nHas """ and \\N{x} and \\, and # noqa: E501'}),
    "special": ("x w", "log_ndtr(x)*erfcx(w) + i0e(x) + ndtri(sigmoid(w))", {}),
    "surrogate": ("x", "Heaviside(x, 1)", {"surrogate": {"y": "atan(x)/pi + 1/2"}}),
    "two_surrogates": ("x w", {"a": "round(x)", "b": "sign(w)*a"}, {"surrogate": {"a": "x", "b": "tanh(w)*a"}}),
    "override": ("x w", "x*w", {"backward": {"x": "clamp(grad_y, -1, 1)", "w": "2"}}),
    "marked": ("x", {"y": "x**3", "hard": "round(x)"}, {"nondifferentiable": ["hard"]}),
    "twelve_of_two": (" ".join(f"x{i}" for i in range(12)), {"a": "*".join(f"x{i}" for i in range(12)), "b": "x0"}, {}),
    "in_one_batch": ({"x": "real", "w": "real", "k": "index"}, {"a": "x*w*k", "b": "w"}, {}),
    "untyped": ("x", "abs(x) + selu(x) + hardswish(x)*hardsigmoid(x)", {}),
    "power_of_power": ({"x": "real in (0.5, 2)"}, "x**(x**(-1))", {}),
    "numeric_choice": ("x w", "where(x > w, 1, 0)*w + where(x > 0, 0.1, 0.3)*x", {}),
    "wide": ("x w", " + ".join(f"sin({i}*x + {i + 1}*w)*cos({i}*w)" for i in range(1, 12)), {}),
    "deep": ("x", "tanh(sin(exp(-abs(sqrt(1 + x**2) - log(2 + cos(x))**3)/7.25)*x) + x**1.5)", {}),
    "conditions": ("x w", "where((x > 0) & ~(w < 1) | (x == w), x/w, w**2 if not x > 3 else x)", {}),
    "of_kernels": ({"x": "real", "w": "real", "result": "real", "needs": "float", "known": "float", "saved": "float", "like": "float"}, {"kernel": "x*needs*known + w*result", "formula": "x*saved*like*exp(w)"}, {}),
}  # fmt: skip


def named(name: str) -> Spec:
    inputs, forward, keys = NASTY[name]
    return replace(spec(name, inputs, forward, **keys), stem=name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All emitted modules and their tests, as files."""
    place = tmp_path_factory.mktemp("emitted")
    for one in (*map(named, NASTY), replace(clashing(), stem="clash")):
        write(place, generate(one))
    for name in NASTY:
        made = generate(with_backend(named(name), "cpu"))
        if made.kernels:
            (place / f"{name}_with_kernels.py").write_text(made.source, "utf-8")
    return place


def write(place: Path, made: Module) -> None:
    (place / f"{made.stem}.py").write_text(made.source, "utf-8")
    (place / f"test_{made.stem}.py").write_text(made.tests, "utf-8")


def run(*words: str, cwd: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=cwd, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_has_nothing_to_format(folder: Path) -> None:
    """But where imports give way: their longer names are put in after the layout."""
    words = "--isolated", "--check", "--diff", "--exclude", "clash.py"
    run("ruff", "format", *words, ".", cwd=folder)


def test_ruff_has_nothing_to_say(folder: Path) -> None:
    run("ruff", "check", "--isolated", ".", cwd=folder)


def test_an_output_of_a_long_name_is_returned_by_it(tmp_path: Path) -> None:
    made = generate(spec("f", "x", {LONG: "x*exp(x)", "z": f"{LONG}**2"}))
    (tmp_path / "f.py").write_text(made.source, "utf-8")
    run("ruff", "check", "--isolated", ".", cwd=tmp_path)


def test_mypy_has_nothing_to_say(folder: Path) -> None:
    files = sorted(path.name for path in folder.glob("[!t]*.py"))
    run("mypy", "--strict", *files, cwd=folder)


def test_the_generated_tests_pass(folder: Path) -> None:
    run("pytest", "-q", "-n", "0", "-p", "no:cacheprovider", ".", cwd=folder)


def test_generated_points_are_inside_of_their_domains() -> None:
    for name in ("minute", "minute_outputs", "steep", "arrhenius"):
        [declared] = named(name).ops
        points = golden_points(declared)
        assert points, name
        assert all(
            item.admits(point.inputs[item.name])
            for point in points
            for item in declared.inputs
        ), name


FAULTS = {
    "value": ("8987500000.0 * q", "8987600000.0 * q"),
    "gradient": ("grad_y * ", "1.00001 * grad_y * "),
}


def test_the_generated_tests_see_small_faults_of_small_values(tmp_path: Path) -> None:
    for name, (right, wrong) in FAULTS.items():
        made = generate(replace(named("minute_outputs"), stem=name))
        assert right in made.source
        write(tmp_path, replace(made, source=made.source.replace(right, wrong)))
    with pytest.raises(AssertionError) as failed:
        run("pytest", "-q", "-n", "0", "-p", "no:cacheprovider", ".", cwd=tmp_path)
    for name in FAULTS:
        assert f"FAILED test_{name}.py::test_values_and_gradients" in str(failed.value)


def test_nothing_emitted_needs_symgrad(folder: Path) -> None:
    code = (
        "import sys, pathlib, importlib\n"
        "sys.path.insert(0, '.')\n"
        "for path in pathlib.Path('.').glob('[!t]*.py'): importlib.import_module(path.stem)\n"
        "assert 'symgrad' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=folder, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def test_any_hash_seed_gives_the_same_bytes() -> None:
    """This process has a seed of its own, which nobody chose."""
    code = (
        "import sys; from test_emitted import generate, named; "
        "made = map(generate, map(named, sys.argv[1:])); "
        "sys.stdout.writelines(one.source + one.tests for one in made)"
    )
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", code, "wide", "conditions"],
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path},
        capture_output=True,
        check=True,
    )
    made = map(generate, map(named, ("wide", "conditions")))
    assert done.stdout == "".join(one.source + one.tests for one in made).encode()


# -- how it behaves --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_rounded_once(dtype: torch.dtype) -> None:
    f = module("x w", "x*sigmoid(w*x) + exp(-x**2)").f
    x = torch.linspace(-2, 2, 9).to(dtype).requires_grad_()
    w = torch.linspace(1, 3, 9).to(dtype).requires_grad_()
    y = f(x, w)
    single = [t.detach().float().requires_grad_() for t in (x, w)]
    expected = f(*single)
    assert y.dtype == dtype
    assert torch.equal(y, expected.to(dtype))
    got = torch.autograd.grad(y.sum(), (x, w))
    for mine, theirs in zip(
        got, torch.autograd.grad(expected.sum(), single), strict=True
    ):
        assert mine.dtype == dtype
        assert torch.equal(mine, theirs.to(dtype))


DTYPES = [
    (torch.float32, (3,), torch.float64, ()),
    (torch.float64, (3,), torch.float32, (3,)),
    (torch.bfloat16, (3,), torch.float32, ()),
    (torch.float16, (3,), torch.bfloat16, (3,)),
    (torch.float32, (), torch.float64, ()),
]


@pytest.mark.parametrize(("a", "a_shape", "b", "b_shape"), DTYPES)
def test_mixed_dtypes_promote_as_torch_promotes(
    a: torch.dtype, a_shape: tuple[int, ...], b: torch.dtype, b_shape: tuple[int, ...]
) -> None:
    f = module("x w", "tanh(x)*w + where(x > 0, 1, 0)").f
    x = torch.ones(a_shape, dtype=a, requires_grad=True)
    w = torch.ones(b_shape, dtype=b, requires_grad=True)
    y = f(x, w)
    assert y.dtype == (torch.tanh(x) * w).dtype
    grad_x, grad_w = torch.autograd.grad(y.sum(), (x, w))
    assert (grad_x.dtype, grad_w.dtype) == (a, b)
    assert (grad_x.shape, grad_w.shape) == (x.shape, w.shape)


def test_numbers_chosen_by_a_tensor_keep_double_precision() -> None:
    x = torch.tensor([-1.0, 2.0], dtype=torch.float64)
    y = module("x", "where(x > 0, 0.1, 0.3)*x").f(x)
    assert torch.equal(y, torch.tensor([-0.3, 0.2], dtype=torch.float64))


def test_a_choice_of_numbers_is_not_rounded_beside_a_number() -> None:
    x = torch.tensor([-1.0, 2.0], dtype=torch.float64)
    y = module("x", "0.1 - where(x > 0, 1, 0) + x").f(x)
    torch.testing.assert_close(y, 0.1 - (x > 0).double() + x, rtol=1e-15, atol=0)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [("x*(0.3*k)", 0.9), ("x + 0.3*k**2", 3.7), ("x*where(k > 3, k, 0.3)", 0.3)],
)
def test_whole_tensors_beside_numbers_are_not_rounded(
    formula: str, expected: float
) -> None:
    f = module({"x": "real", "k": "index"}, formula).f
    y = f(torch.ones(1, dtype=torch.float64), torch.tensor([3]))
    torch.testing.assert_close(y, torch.full_like(y, expected), rtol=1e-15, atol=0)


def test_a_clamp_may_have_bounds_larger_than_what_it_clamps() -> None:
    f = module("x lo hi", "clamp(x, lo, hi)**2").f
    x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    lo = torch.linspace(-1, 0, 4, dtype=torch.float64, requires_grad=True)
    hi = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(f, (x, lo, hi))


def test_a_condition_of_constants_is_decided() -> None:
    f = module("x", "(x if 1 < 2 else 0)*E**x").f
    x = torch.tensor([0.5, 1.5], dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(f(x), x * x.exp())
    assert torch.autograd.gradcheck(f, (x,))


def test_whole_numbers_become_double_beside_doubles() -> None:
    rate = torch.tensor([2.5], dtype=torch.float64)
    count = torch.tensor([11])
    y = module({"rate": "real", "count": "index"}, "rate*loggamma(count + 1)").f(
        rate, count
    )
    exact = torch.lgamma(torch.tensor([12.0], dtype=torch.float64)) * 2.5
    torch.testing.assert_close(y, exact, rtol=1e-14, atol=0)


WRONG = [
    ({"x": 1.0}, "x must be a floating tensor, got float"),
    ({"x": torch.ones(2, dtype=torch.int64)}, "got a tensor of torch.int64"),
    ({"alpha": torch.tensor(1.0)}, "alpha must be a Python float, got a tensor"),
    ({"alpha": True}, "alpha must be a Python float, got bool"),
    ({"n": 1.5}, "n must be a Python int, got float"),
    ({"flag": 1}, "flag must be a Python bool, got int"),
    ({"k": torch.ones(2)}, "k must be an integer tensor"),
    ({"m": torch.ones(2)}, "m must be a bool tensor"),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_what_is_not_what_was_declared_is_a_type_error(
    given: dict, message: str
) -> None:
    inputs = {
        "x": "real",
        "k": "index",
        "m": "mask",
        "alpha": "float",
        "n": "int",
        "flag": "bool",
    }
    f = module(inputs, "where(m, x*k, alpha*n) if flag else x").f
    right = {
        "x": torch.ones(2),
        "k": torch.ones(2, dtype=torch.int64),
        "m": torch.ones(2, dtype=torch.bool),
        "alpha": 1,
        "n": 2,
        "flag": True,
    }
    f(**right)
    with pytest.raises(TypeError, match=message.replace("(", r"\(")):
        f(**{**right, **given})


def test_compile_and_vmap() -> None:
    f = module({"x": "real", "w": "real", "alpha": "float"}, "tanh(alpha*x)*w").f
    x, w = torch.randn(3, 4).double(), torch.randn(4).double()
    compiled = torch.compile(f, fullgraph=True, backend="aot_eager")
    args = [t.clone().requires_grad_() for t in (x, w)]
    found = torch.autograd.grad(compiled(*args, 0.5).sum(), args)
    expected = torch.autograd.grad(f(*args, 0.5).sum(), args)
    torch.testing.assert_close(found, expected)
    each = torch.func.vmap(torch.func.grad(lambda a, b: f(a, b, 0.5).sum()), (0, None))
    torch.testing.assert_close(each(x, w), expected[0])


def test_a_surrogate_is_differentiated_under_compiled_transforms() -> None:
    f = module("x", "Heaviside(x, 1)", surrogate={"y": "sigmoid(x)"}).f
    x = torch.tensor([-1.0, 0.5]).double()
    slope = torch.compile(
        torch.func.grad(lambda a: f(a).sum()), fullgraph=True, backend="aot_eager"
    )(x)
    torch.testing.assert_close(slope, torch.sigmoid(x) * torch.sigmoid(-x))


def test_empty_and_0_dim_tensors() -> None:
    f = module("x w", "x*exp(w)").f
    for shape in ((), (0,), (0, 3)):
        x = torch.ones(shape, dtype=torch.float64, requires_grad=True)
        w = torch.ones((), dtype=torch.float64, requires_grad=True)
        grads = torch.autograd.grad(f(x, w).sum(), (x, w))
        assert [g.shape for g in grads] == [x.shape, w.shape]


def test_specs_are_json_too() -> None:
    assert json.loads(named("plain").canonical)


@pytest.mark.parametrize(("bound", "tested"), [("1/2", True), ("1/10", False)])
def test_only_a_double_can_stand_on_a_kink(bound: str, tested: bool) -> None:
    """A tenth is compared as its nearest double, which lies beside the kink."""
    tests = generate(spec("f", "x", f"Max(x, {bound})")).tests
    assert ("KINKS = [" in tests) is tested
