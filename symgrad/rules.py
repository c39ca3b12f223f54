"""The rewrite table: what is written one way and computed better another.

Patterns are in the language of specs; ``a``, ``b`` and ``c`` stand for any value.
Sums and products match in either order.  A rule keeps the domain of what it
replaces: where the pattern is NaN by its mathematics, so is the replacement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WILDCARDS = ("a", "b", "c", "d", "e")


@dataclass(frozen=True)
class Rule:
    """One rewrite, and why it is worth having.

    ``where`` is what must be known of wildcards: ``"b > 0"`` by the domains of inputs,
    ``"b varies"`` where it is neither whole nor made of numbers,
    ``"b is fixed"`` where it is that, ``"b beyond c"`` where both are exact
    numbers, of one sign, and b the farther from 0.
    ``numbers`` are an example of wildcards that stand for numbers alone.
    """

    pattern: str
    replacement: str
    why: str
    where: str = ""
    numbers: Mapping[str, int] = field(default_factory=dict, hash=False)


TABLE: tuple[Rule, ...] = (
    # before the logistic family, whose patterns it is a case of
    Rule("expm1(2*a)/(exp(2*a) + 1)", "tanh(a)", "inf/inf for a large a"),
    Rule("expm1(a)/(exp(a) + 1)", "tanh(a/2)", "inf/inf for a large a"),
    Rule("exp(a)/(1 + exp(a)**2)", "sech(a)/2", "0 once exp(a)**2 overflows"),
    Rule("exp(a)/(1 + exp(2*a))", "sech(a)/2", "inf/inf once exp(2*a) overflows"),
    # logistic family
    Rule("1/(1 + exp(-a))", "sigmoid(a)", "one function with a stable derivative"),
    Rule("b/(1 + exp(-a))", "b*sigmoid(a)", "one function with a stable derivative"),
    Rule("exp(a)/(1 + exp(a))", "sigmoid(a)", "inf/inf once exp(a) overflows"),
    Rule("1/(1 + exp(a))", "sigmoid(-a)", "one function with a stable derivative"),
    Rule("b/(1 + exp(a))", "b*sigmoid(-a)", "one function with a stable derivative"),
    Rule("exp(a)/(exp(a) + exp(b))", "sigmoid(a - b)", "inf/inf once exp(a) overflows"),
    Rule("(1 + exp(-a))**(-1)", "sigmoid(a)", "one function with a stable derivative"),
    Rule("1 - sigmoid(a)", "sigmoid(-a)", "1 - s is 0 in float32 once a > 17"),
    Rule(
        "exp(-a)/(1 + exp(-a))**2",
        "sigmoid(a)*sigmoid(-a)",
        "inf/inf once exp(-a) overflows",
    ),
    Rule(
        "exp(a)/(1 + exp(a))**2",
        "sigmoid(a)*sigmoid(-a)",
        "inf/inf once exp(a) overflows",
    ),
    Rule(
        "b*exp(a)/(1 + exp(a))**2",
        "b*(sigmoid(a)*sigmoid(-a))",
        "inf/inf once exp(a) overflows",
    ),
    Rule(
        "a**c/(b**c + a**c)",
        "sigmoid(c*(log(a) - log(b)))",
        "inf/inf and 0/0",
        "a > 0, b > 0, c varies",
    ),
    Rule(
        "log(1 + exp(a))", "softplus(a)", "exp(a) overflows, and 1 + exp(a) rounds to 1"
    ),
    Rule("log1p(exp(a))", "softplus(a)", "exp(a) overflows"),
    Rule("softplus(a) - Max(a, 0)", "softplus(-abs(a))", "cancels for a large a"),
    Rule("log((1 + exp(a))/b)", "softplus(a) - log(b)", "exp(a) overflows", "b > 0"),
    Rule("log(sigmoid(a))", "logsigmoid(a)", "log(0) once sigmoid(a) underflows"),
    Rule("log(exp(a) + exp(b))", "logaddexp(a, b)", "exp(a) overflows"),
    Rule("log(1 + exp(a) + exp(b))", "logaddexp(softplus(a), b)", "exp(a) overflows"),
    Rule(
        "log(exp(a) + exp(b) + exp(c))",
        "logaddexp(logaddexp(a, b), c)",
        "exp(a) overflows",
    ),
    Rule("log(exp(a))", "a", "exp(a) overflows"),
    Rule("logsigmoid(a) - logsigmoid(-a)", "a", "exact"),
    Rule("logsigmoid(-a) - logsigmoid(a)", "-a", "exact"),
    Rule("softplus(a) - softplus(-a)", "a", "exact"),
    Rule(
        "softplus(-a) + a*sigmoid(-a)",
        "logistic_entropy(a)",
        "cancels where a is far below 0",
    ),
    Rule(
        "sigmoid(a)*logsigmoid(a) + sigmoid(-a)*logsigmoid(-a)",
        "-logistic_entropy(a)",
        "a form that is right on both sides, with a derivative of its own",
    ),
    # differences that lose digits
    Rule("exp(a) - 1", "expm1(a)", "keeps the digits of a small a"),
    Rule("-1 + exp(a)", "expm1(a)", "keeps the digits of a small a"),
    Rule("1 - exp(a)", "-expm1(a)", "keeps the digits of a small a"),
    Rule(
        "1 - a**b",
        "-expm1(b*log(a))",
        "keeps the digits where a**b is near 1",
        "a > 0, b varies",
    ),
    Rule("log(1 + a)", "log1p(a)", "keeps the digits of a small a"),
    Rule("log(1 - a)", "log1p(-a)", "keeps the digits of a small a"),
    Rule("log(a/(a - b))", "-log1p_ratio(-b, a)", "a/(a - b) is near 1", "a > 0"),
    Rule("log(share(a, b))", "-log1p_ratio(b, a)", "the share is near 1", "a > 0"),
    Rule("log((a + b)/a)", "log1p_ratio(b, a)", "(a + b)/a is near 1", "a > 0"),
    Rule("log((a - b)/a)", "log1p_ratio(-b, a)", "(a - b)/a is near 1", "a > 0"),
    Rule("log(a + b) - log(a)", "log1p_ratio(b, a)", "cancels for a large a", "a > 0"),
    Rule("log(a) - log(a + b)", "-log1p_ratio(b, a)", "cancels for a large a", "a > 0"),
    Rule(
        "(1 + a)**b",
        "exp(b*log1p(a))",
        "keeps the digits of a small a, of which b makes many",
        "a >= 0, b varies",
    ),
    Rule("1 - cos(a)", "2*sin(a/2)**2", "1 - cos(a) is 0 for a small a"),
    Rule("1 - (1 - a)**2", "a*(2 - a)", "cancels for a small a"),
    Rule("1 - (a - 1)**2", "a*(2 - a)", "cancels for a small a"),
    Rule("1 - cos(a)**2", "sin(a)**2", "cancels for a small a"),
    Rule("1 - sin(a)**2", "cos(a)**2", "cancels where sin(a) is near 1"),
    Rule("1 - tanh(a)**2", "sech_squared(a)", "0 in float32 once |a| > 9"),
    Rule("1 - tanh(a)", "2*sigmoid(-2*a)", "0 in float32 once a > 9"),
    Rule("1 + tanh(a)", "2*sigmoid(2*a)", "0 in float32 once a < -9"),
    Rule("b/expm1(a)*exp(a)", "-(b/expm1(-a))", "0*inf once exp(a) overflows"),
    Rule("b*exp(a)/expm1(a)**2", "b/(2*sinh(a/2))**2", "inf/inf once exp(a) overflows"),
    Rule("exp(a)/expm1(a)**2", "1/(2*sinh(a/2))**2", "inf/inf once exp(a) overflows"),
    Rule("exp(a) - exp(-a)", "2*sinh(a)", "keeps the digits of a small a"),
    Rule("exp(a) + exp(-a)", "2*cosh(a)", "one function with one derivative"),
    Rule("exp(a) - exp(b)", "exp_difference(a, b)", "cancels where a is near b"),
    Rule(
        "a*log(a/b) - (a - b)",
        "relative_entropy(a, b)",
        "cancels where a is near b",
        "a > 0, b > 0",
    ),
    Rule(
        "a*log(a/b) + (1 - a)*log((1 - a)/(1 - b))",
        "relative_entropy(a, b) + relative_entropy(1 - a, 1 - b)",
        "cancels where a is near b",
        "a > 0, b > 0",
    ),
    Rule(
        "a/b - log(a/b) - 1",
        "relative_entropy(b, a)/b",
        "cancels where a is near b",
        "a > 0, b > 0, b varies",
    ),
    Rule(
        "(a - b)/b - log(a/b)",
        "relative_entropy(b, a)/b",
        "cancels where a is near b",
        "a > 0, b > 0",
    ),
    # hyperbolic
    Rule("cosh(a) - 1", "2*sinh(a/2)**2", "cancels near 0, and cosh(a) overflows"),
    Rule("2*sigmoid(2*a) - 1", "tanh(a)", "keeps the digits of a small a"),
    Rule("1 - 2*sigmoid(-2*a)", "tanh(a)", "keeps the digits of a small a"),
    Rule("2*sigmoid(-2*a) - 1", "-tanh(a)", "keeps the digits of a small a"),
    Rule("2*sigmoid(a) - 1", "tanh(a/2)", "keeps the digits of a small a"),
    Rule("1 - 2*sigmoid(a)", "-tanh(a/2)", "keeps the digits of a small a"),
    Rule("sinh(a)/cosh(a)", "tanh(a)", "inf/inf for a large a"),
    Rule("2*a/(2*b)", "a/b", "exact"),
    Rule("exp(a)/(2*cosh(a))", "sigmoid(2*a)", "inf/inf for a large a"),
    Rule("exp(-a)/(2*cosh(a))", "sigmoid(-2*a)", "inf/inf for a small a"),
    Rule("b/(2*cosh(a))", "b/2*sech(a)", "0 once cosh(a) overflows"),
    Rule("1/cosh(a)**2", "sech_squared(a)", "0 once cosh(a)**2 overflows"),
    Rule("b/cosh(a)**2", "b*sech_squared(a)", "0 once cosh(a)**2 overflows"),
    Rule("1/cosh(a)", "sech(a)", "0 once cosh(a) overflows"),
    Rule("b/cosh(a)", "b*sech(a)", "0 once cosh(a) overflows"),
    Rule("log(2*cosh(a))", "log(2) + logcosh(a)", "cosh(a) overflows"),
    Rule("log(sinh(a))", "a + log1mexp(-2*a) - log(2)", "sinh(a) overflows", "a > 0"),
    Rule("a/hypot(a, b)", "hypot_share(a, b)", "its derivative cancels"),
    Rule("sqrt(a*a)", "abs(a)", "a*a overflows, and underflows"),
    Rule("1 - hypot_share(a, b)**2", "square_share(b, a)", "cancels for a large a"),
    Rule(
        "a**c/(1 + a**c)",
        "sigmoid(c*log(a))",
        "inf/inf once a**c overflows",
        "a > 0, c varies",
    ),
    Rule("log(tanh(a))", "log1mexp(-2*a) - softplus(-2*a)", "0 once tanh(a) is 1"),
    Rule("cosh(a)/sinh(a)", "1/tanh(a)", "inf/inf for a large a"),
    Rule("elu(a, 1) + 1", "where(a > 0, a + 1, exp(a))", "0 once exp(a) is small"),
    Rule("1 - (1 + a)", "-a", "cancels for a small a"),
    Rule("(1 + a) - 1", "a", "cancels for a small a"),
    Rule("log(sech_squared(a))", "-2*logcosh(a)", "log(0) once sech(a)**2 is"),
    Rule("log(sech(a))", "-logcosh(a)", "log(0) once sech(a) is"),
    Rule("log(cosh(a))", "logcosh(a)", "cosh(a) overflows"),
    Rule("log(-expm1(a))", "log1mexp(a)", "log(1) where exp(a) is small"),
    Rule("log1p(-exp(a))", "log1mexp(a)", "cancels where a is small"),
    Rule("log(expm1(a))", "logexpm1(a)", "expm1(a) overflows"),
    Rule("log(exp_difference(a, b))", "a + log1mexp(b - a)", "exp(a) overflows"),
    Rule("expm1(a)/a", "exprel(a)", "0/0 at 0, and expm1(a) overflows before it"),
    Rule("a/expm1(a)", "inverse_exprel(a)", "0/0 at 0"),
    Rule("exp(a)/exprel(a)", "1/exprel(-a)", "inf/inf once exp(a) overflows"),
    Rule("b/exprel(a)*exp(a)", "b/exprel(-a)", "0*inf once exp(a) overflows"),
    Rule("expm1(a*b)/a", "expm1_ratio(a, b)", "0/0 where a is 0"),
    # error function and the normal distribution
    Rule("1 - erf(a)", "erfc(a)", "1 - erf(a) is 0 once a > 4 in float32"),
    Rule("erf(a) - erf(b)", "erf2(b, a)", "both are near 1 or near -1"),
    Rule("1 + erf(a/sqrt(2))", "2*ndtr(a)", "1 + erf is 0 once a < -5 in float32"),
    Rule("1 + erf(a)", "erfc(-a)", "1 + erf(a) is 0 once a < -4 in float32"),
    Rule("a/2*(2*b)", "a*b", "exact"),
    Rule("a*(2*b)/2", "a*b", "exact"),
    Rule("1/2*a*(2*b)", "a*b", "exact"),
    Rule("1*a", "a", "exact"),
    Rule("log(ndtr(a))", "log_ndtr(a)", "log(0) once ndtr(a) underflows"),
    Rule("log(2*ndtr(a))", "log(2) + log_ndtr(a)", "log(0) once ndtr(a) underflows"),
    Rule(
        "log(erfc(a))",
        "log(2) + log_ndtr(-a*sqrt(2))",
        "log(0) once erfc(a) underflows",
    ),
    Rule(
        "exp(-(a*a)/2)/erfc(a/sqrt(2))", "inverse_erfcx(a/sqrt(2))", "0/0 for a large a"
    ),
    Rule(
        "exp(-(a**2)/2)/erfc(a/sqrt(2))",
        "inverse_erfcx(a/sqrt(2))",
        "0/0 for a large a",
    ),
    Rule("exp(-(a*a))/erfc(a)", "inverse_erfcx(a)", "0/0 for a large a"),
    Rule("exp(-(a**2))/erfc(a)", "inverse_erfcx(a)", "0/0 for a large a"),
    Rule("polygamma(1, a)", "trigamma(a)", "torch's own keeps 9 digits"),
    Rule("exp(a)*erfc(sqrt(a))", "erfcx(sqrt(a))", "inf*0 for a large a"),
    Rule("exp(a*a)*erfc(a)", "erfcx(a)", "inf*0 for a large a"),
    Rule("exp(a**2)*erfc(a)", "erfcx(a)", "inf*0 for a large a"),
    Rule(
        "exp(a**2/2)*erfc(a/sqrt(2))",
        "erfcx(a/sqrt(2))",
        "inf*0 for a large a",
    ),
    Rule("exp(a*a/2)*erfc(a/sqrt(2))", "erfcx(a/sqrt(2))", "inf*0 for a large a"),
    Rule("log(beta(a, b))", "betaln(a, b)", "log(0) once beta(a, b) underflows"),
    Rule(
        "loggamma(a) + loggamma(b) - loggamma(a + b)",
        "betaln(a, b)",
        "cancels for a large a",
        "a > 0, b > 0",
    ),
    Rule(
        "loggamma(a + b) - loggamma(a)",
        "log_rising(a, b)",
        "cancels for a large a",
        "a > 0, b > 0",
    ),
    # lengths
    Rule("sqrt(a**2 + b**2)", "hypot(a, b)", "a**2 overflows and underflows"),
    Rule("sqrt(a*a + b*b)", "hypot(a, b)", "a*a overflows and underflows"),
    Rule("sqrt(a**2)", "abs(a)", "a**2 overflows and underflows"),
    Rule("sqrt(b + a**2)", "hypot(a, sqrt(b))", "a**2 overflows", "b > 0"),
    Rule("sqrt(b + a*a)", "hypot(a, sqrt(b))", "a*a overflows", "b > 0"),
    Rule("sqrt(b + a**4)", "hypot(a**2, sqrt(b))", "a**4 overflows", "b > 0"),
    Rule("sqrt(b + a**6)", "hypot(a**3, sqrt(b))", "a**6 overflows", "b > 0"),
    Rule("sqrt(b + a**8)", "hypot(a**4, sqrt(b))", "a**8 overflows", "b > 0"),
    Rule("hypot(a, b) - b", "hypot_excess(a, b)", "cancels for a small a", "b > 0"),
    Rule("hypot(a, b) - a", "add_hypot(-a, b)", "cancels for a large a", "b > 0"),
    Rule(
        "a/sqrt(c + b*a**2)",
        "scaled_share(a, b, c)",
        "inf/inf",
        "b > 0, c > 0",
    ),
    Rule(
        "a/sqrt(c + b*(a*a))",
        "scaled_share(a, b, c)",
        "inf/inf",
        "b > 0, c > 0",
    ),
    Rule(
        "sqrt(a + b) - sqrt(a)",
        "b/(sqrt(a + b) + sqrt(a))",
        "cancels for a large a",
        "a > 0, b > 0",
    ),
    Rule(
        "sqrt(a) - sqrt(a + b)",
        "-b/(sqrt(a + b) + sqrt(a))",
        "cancels for a large a",
        "a > 0, b > 0",
    ),
    Rule(
        "1/sqrt(a) - 1/sqrt(a + b)",
        "b/(sqrt(a + b) + sqrt(a))/sqrt(a)/sqrt(a + b)",
        "cancels for a large a",
        "a > 0, b > 0, b beyond 0",
        {"b": 3},
    ),
    Rule(
        "sqrt((a**2 + b**2)/c)",
        "hypot(a, b)/sqrt(c)",
        "a**2 overflows and underflows",
        "c > 0",
    ),
    Rule(
        "(1 - a/b)/a",
        "1/a - 1/b",
        "a/b overflows",
        "a > 0, b > 0",
    ),
    Rule("1/a/a/b/b", "1/(a*b)/(a*b)", "0*inf: all of it is beyond range if a*b is"),
    Rule("asin(sqrt(a))", "atan2(sqrt(a), sqrt(1 - a))", "sqrt(a) may round to 1"),
    Rule("acos(sqrt(a))", "atan2(sqrt(1 - a), sqrt(a))", "sqrt(a) may round to 1"),
    Rule("sqrt(1 + a) - 1", "sqrt1pm1(a)", "cancels for a small a"),
    Rule("2*a/2", "a", "exact"),
    Rule("a + hypot(a, b)", "add_hypot(a, b)", "cancels for a far below 0", "b > 0"),
    Rule("add_hypot(a, b)/2", "add_hypot(a/2, b/2)", "overflows before it is halved"),
    Rule("log(add_hypot(a, 1))", "asinh(a)", "keeps the digits of a small a"),
    Rule("log(a + sqrt(a**2 - 1))", "acosh(a)", "a**2 overflows, and cancels near 1"),
    Rule("log(a + sqrt(a*a - 1))", "acosh(a)", "a*a overflows, and cancels near 1"),
    Rule("log1p(a**2/b)", "log1psq_ratio(a, sqrt(b))", "a**2 overflows", "b > 0"),
    Rule("log1p(a**2)", "log1psq(a)", "a**2 overflows"),
    Rule("log1p(a*a)", "log1psq(a)", "a*a overflows"),
    Rule("log1psq(a/b)", "log1psq_ratio(a, b)", "a/b overflows", "b > 0, b varies"),
    Rule("a**2/(b + a**2)", "square_share(a, sqrt(b))", "inf/inf", "b > 0"),
    Rule("a/(a + b)", "share(a, b)", "its derivative cancels for a large a"),
    Rule("1 - share(a, b)", "share(b, a)", "cancels where b is small beside a"),
    Rule("a**2/(b**2 + c**2)", "(a/hypot(b, c))**2", "inf/inf"),
    Rule("log(a**2)", "2*log(abs(a))", "a**2 overflows and underflows"),
    Rule(
        "log(a**b)",
        "b*log(a)",
        "the power overflows and underflows",
        "a > 0, b is fixed",
        {"b": 3},
    ),
    Rule(
        "log(b*a**c)",
        "log(b) + c*log(a)",
        "the power overflows and underflows",
        "a > 0, b > 0, b is fixed, c is fixed",
        {"b": 3, "c": 4},
    ),
    Rule("log(a**2 + b**2)", "2*log(hypot(a, b))", "a**2 overflows and underflows"),
    Rule("a*b/(a + b)", "1/(1/a + 1/b)", "a*b overflows", "a > 0, b > 0"),
    Rule("a**2/b**2", "(a/b)**2", "inf/inf and 0/0", "b varies"),
    Rule("a**2/(2*b**2)", "(a/b)**2/2", "inf/inf and 0/0", "b varies"),
    Rule(
        "log(b/a) + (a/b)**2/2",
        "(a/b)**2/2 - log(a/b)",
        "a function of a/b, whose terms cancel where that is near 1",
    ),
    # powers
    Rule("1/a**c", "a**(-c)", "its derivative overflows", "c beyond 2", {"c": 6}),
    Rule(
        "a**b - a**c",
        "a**c*(a**(b - c) - 1)",
        "inf - inf",
        "b beyond c, c beyond 2",
        {"b": -12, "c": -6},
    ),
    Rule(
        "a/c**d - b/c**e",
        "(a/c**(d - e) - b)/c**e",
        "inf - inf",
        "d beyond e, e beyond 2",
        {"d": 12, "e": 6},
    ),
    Rule("(a - 1/a)*a", "a*a - 1", "inf*0"),
    # Bessel functions
    Rule("log(i0(a))", "log_i0(a)", "i0(a) overflows"),
    Rule(
        "a*cos(b) - log_i0(a)",
        "-log(i0e(a)) - 2*a*sin(b/2)**2",
        "cancels for a large a and a small b",
        "a > 0",
    ),
    Rule("acosh(1 + 2*a)", "2*asinh(sqrt(a))", "1 + 2*a is 1 for a small a"),
    Rule("acosh(1 + a)", "2*asinh(sqrt(a/2))", "1 + a is 1 for a small a"),
    Rule(
        "acos((a - b)/b)",
        "acos(a/b - 1)",
        "a is lost beside b if it is small",
        "b beyond 0",
        {"b": 2},
    ),
    Rule(
        "acos(a - 1)", "2*atan2(sqrt(1 - a/2), sqrt(a/2))", "a - 1 is -1 for a small a"
    ),
    Rule("acos(1 - a)", "2*asin(sqrt(a/2))", "1 - a is 1 for a small a"),
    Rule("atanh(1 - 2*a)", "-logit(a)/2", "1 - 2*a is 1 for a small a"),
    # ties that are no kinks
    Rule("clamp(a, a, b)", "Min(a, b)", "a tie everywhere"),
    # whose shape and NaN are those of b, too
    Rule("clamp(a, b, a)", "where(b == b, a, b)", "a tie wherever a is the greater"),
    Rule("Max(a, a)", "a", "a tie everywhere, of which one side is the derivative"),
    Rule("Max(Max(a, b), a)", "Max(a, b)", "a tie wherever a is chosen"),
    Rule("Max(Max(b, a), a)", "Max(b, a)", "a tie wherever a is chosen"),
    Rule("Min(a, a)", "a", "a tie everywhere, of which one side is the derivative"),
    Rule("Min(Min(a, b), a)", "Min(a, b)", "a tie wherever a is chosen"),
    Rule("Min(Min(b, a), a)", "Min(b, a)", "a tie wherever a is chosen"),
)
