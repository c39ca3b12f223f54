"""Coefficients of polynomials in float, as benchmarks/fit_functions.py prints them.

Each is near the best of its degree on its interval, relative to its function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

CONSTANTS: Mapping[str, Sequence[float]] = {
    # (expm1(x) - x)/x**2 from -1 to 1
    "expm1": [
        0.4999999979271808,
        0.16666667010066158,
        0.04166673454076938,
        0.008333310275044577,
        0.001388545198249668,
        0.00019844023661286632,
        2.5354829423901856e-05,
        2.7722831541782502e-06,
    ],
    # (2*atanh(s) - 2*s)/s**3, of z = s**2 from 0 to 1/9
    "atanh": [
        0.6666663994135413,
        0.4000762583681367,
        0.28235040980113385,
        0.26861022749653507,
    ],
    # erf(x)/x, of z = x**2 from 0 to 9/16
    "erf": [
        1.1283791654964506,
        -0.3761261875676217,
        0.1128337657492783,
        -0.02683462460072029,
        0.005114345619286169,
        -0.0006749513745343568,
    ],
    # erfcx(x)/u for x from 0 to 10.2, of v = u - 0.6, u = 3/(3 + x)
    "erfcx": [
        0.42565946044294106,
        0.7738517326334989,
        1.0763882880149265,
        1.110532151736033,
        0.77189091373021,
        0.2413840867888308,
        -0.12504372554305884,
        -0.14442375150680625,
        0.00874014889178488,
        0.05552365786661093,
    ],
}
