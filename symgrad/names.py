"""Which names a spec may use."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable
from difflib import get_close_matches

LONGEST = 64
_LEGAL = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")

_KEYWORDS = (
    "False None True and as assert async await break case class continue def del elif "
    "else except finally for from global if import in is lambda match nonlocal not or "
    "pass raise return try type while with yield"
)
_BUILTINS = (
    "ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup "
    "BlockingIOError BrokenPipeError BufferError BytesWarning ChildProcessError "
    "ConnectionAbortedError ConnectionError ConnectionRefusedError "
    "ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning "
    "EnvironmentError Exception ExceptionGroup FileExistsError FileNotFoundError "
    "FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning "
    "IndentationError IndexError InterruptedError IsADirectoryError KeyError "
    "KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError "
    "NotADirectoryError NotImplemented NotImplementedError OSError OverflowError "
    "PendingDeprecationWarning PermissionError ProcessLookupError "
    "PythonFinalizationError RecursionError ReferenceError ResourceWarning "
    "RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError "
    "SyntaxWarning SystemError SystemExit TabError TimeoutError TypeError "
    "UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError "
    "UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning "
    "ZeroDivisionError abs aiter all anext any ascii bin bool breakpoint bytearray "
    "bytes callable chr classmethod compile complex copyright credits delattr dict "
    "dir divmod enumerate eval exec exit filter float format frozenset getattr "
    "globals hasattr hash help hex id int isinstance issubclass iter len license list "
    "locals map max memoryview min next object oct open ord pow print property quit "
    "range repr reversed round set setattr slice sorted staticmethod str sum super "
    "tuple type vars zip"
)
_FUNCTION_MEMBERS = (
    "apply backward boxed_grads_call clear_saved_tensors_on_access dirty_tensors "
    "forward generate_vmap_rule jvp mark_dirty mark_non_differentiable "
    "mark_shared_storage materialize_grads maybe_clear_saved_tensors metadata name "
    "needs_input_grad next_functions non_differentiable register_hook "
    "register_prehook requires_grad save_for_backward save_for_forward "
    "saved_for_forward saved_tensors saved_variables set_materialize_grads "
    "setup_context to_save vjp vmap"
)

RESERVED = frozenset(f"{_KEYWORDS} {_BUILTINS} {_FUNCTION_MEMBERS} torch ctx F".split())
"""Names that no input, let, output, function or op may have.

Python's keywords and builtins as of 3.13 but ``input``, ``torch``, ``ctx``, ``F``, and
the members of ``torch.autograd.Function``.
"""

RESERVED_PREFIXES = ("grad_", "need_")

_FUNCTIONS = (
    "Abs Heaviside Integral Max Min Mod Piecewise Pow Product Sum abs acos acosh acot "
    "acoth acsc acsch amax amin arg asec asech asin asinh atan atan2 atanh cbrt ceil "
    "ceiling cholesky clamp clip conjugate cos cosh cot coth csc csch cumsum det "
    "digamma elu entr erf erfc erfcx erfinv exp exp2 expit expm1 floor frac gamma "
    "gammaln gelu hardsigmoid hardswish hardtanh heaviside hypot i0 i0e i1 i1e im inv "
    "leaky_relu lgamma ln log log10 log1p log2 log_ndtr log_softmax logaddexp logcosh "
    "logdet loggamma logit logsigmoid logsumexp maximum mean minimum mish ndtr ndtri "
    "norm polygamma pow prod re reciprocal relu relu6 remainder root round rsqrt sec "
    "sech selu sgn sigmoid sign silu sin sinc sinh softmax softplus softsign solve "
    "sqrt square std stop_gradient sum swish tan tanh trace transpose trigamma trunc "
    "var where xlog1py xlogy"
)

FIXED_FUNCTIONS = frozenset(_FUNCTIONS.split())
"""Functions that a spec cannot define anew.

The list does not grow with the function table, so that no spec breaks by that: of any
other name, the spec's own function is meant.
"""


def objection(name: str) -> tuple[str, str] | None:
    """The code and message of what is wrong with a name, if anything is."""
    if len(name) > LONGEST:
        return "SG125", f"a name of {len(name)} characters; {LONGEST} is the limit"
    if not _LEGAL.match(name):
        message = "a name is ASCII letters, digits and '_', and begins with a letter"
        return "SG125", message
    if name in RESERVED:
        return "SG126", f"'{name}' is a reserved name"
    prefix = next((p for p in RESERVED_PREFIXES if name.startswith(p)), None)
    if prefix:
        message = f"'{name}' is a reserved name: generated code uses '{prefix}...'"
        return "SG126", message
    return None


def camel(name: str) -> str:
    """``rms_norm`` as a class is called: ``RmsNorm``."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def module_objection(stem: str) -> str | None:
    """What is wrong with the name of a module to be written, if anything is."""
    found = objection(stem)
    if found is not None:
        return f"the file name makes no module name: {found[1]}"
    hides = stem in sys.stdlib_module_names
    return f"a module '{stem}' would hide Python's own" if hides else None


_COMPARED, _LISTED = 200, 12
_ALIKE = 0.61
"""Of words less alike than that (``Float``, ``logit``) one is no slip of the other."""


def nearest(
    name: str,
    known: Iterable[str],
    label: str | None = None,
    listed: Collection[str] | None = None,
) -> str | None:
    """Help for a name that is none of ``known``: the nearest one.

    If none is near, those ``listed`` (``known`` by default) are printed after
    ``label``, unless there is no label.
    """
    known = list(known)
    alike = [other for other in known if other.lower() == name.lower()]
    close = alike or get_close_matches(name, known[-_COMPARED:], 1, _ALIKE)
    if close:
        return f"did you mean '{close[0]}'?"
    if label is None:
        return None
    return listing(label, known if listed is None else listed)


def listing(label: str, every: Collection[str]) -> str:
    """Names in a row after a label, not too many of them."""
    some = [*list(every)[:_LISTED], *(["..."] if len(every) > _LISTED else [])]
    return f"{label}: {', '.join(some) or 'none'}"
