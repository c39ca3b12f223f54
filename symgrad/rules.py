"""The rewrite table, in the order in which rules are tried."""

from __future__ import annotations

from symgrad import rules_exponential, rules_power
from symgrad.rule import Rule

TABLE: tuple[Rule, ...] = (*rules_exponential.RULES, *rules_power.RULES)
