"""Wrong versions of generated ops, and what the ladder says of them.

``faults`` are planted one by one, each claimed by a rung; ``mutants`` are all the small
changes of the source that a slip might make.
"""
