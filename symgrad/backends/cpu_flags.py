"""How kernels are compiled for each instruction set."""

from __future__ import annotations

from collections.abc import Mapping

CAPABILITIES: Mapping[str, tuple[str, ...]] = {
    "AVX512": ("-mavx512f", "-mavx512dq", "-mavx512vl", "-mavx512bw", "-mfma"),
    "AVX2": ("-mavx2", "-mfma", "-mf16c"),
    "DEFAULT": (),
}
"""Flags by what ``torch.backends.cpu.get_cpu_capability`` says; on Arm it is the last.

There the compiler has NEON by itself.
"""

FLAGS = ("-std=c++20", "-O3", "-DNDEBUG", "-fPIC", "-shared", "-ffp-contract=off")
"""What all of them are compiled with.

Nothing that changes what NaN and infinity do, and no products fused with sums behind
the author's back: ``a*a - b*b`` is 0 where a is b.
"""

QUIET = ("-fno-math-errno", "-fno-trapping-math", "-Wno-psabi")
"""What torch is compiled with, too: errno and traps are nobody's business."""
