"""How far computed numbers are from the truth, over the whole range of floats."""
