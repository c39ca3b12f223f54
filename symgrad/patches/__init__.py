"""Polynomials in the place of formulas that lose their digits near a point."""
