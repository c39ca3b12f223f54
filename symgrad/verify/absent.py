"""What a callable was written without, as torch says it."""

from __future__ import annotations

WORDS = (
    "jvp",
    "forward AD",
    "forward mode",
    "vmap",
    "setup_context",
    "functorch",
    "once_differentiable",
)


def is_absent(error: Exception) -> bool:
    """Whether torch misses something, which is another thing than a failure.

    It has no exceptions of its own for that: a ``RuntimeError`` with one of some words.
    """
    return isinstance(error, RuntimeError) and any(word in str(error) for word in WORDS)
