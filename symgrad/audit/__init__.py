"""``symgrad audit``: a hand-written ``autograd.Function``, without a spec.

What it computes is not known, so its backward is compared with finite differences of
its own forward; all else is what any Function owes to those who compose it.
"""
