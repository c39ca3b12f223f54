"""The tables of performance: ratios above 1 mean that symgrad is the faster one."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from performance_ops import WORST
from performance_subjects import FORMULA, OURS, OWN, SAVE, Found, Timed


@dataclass(frozen=True)
class Aim:
    """What ratios are to be: in geometric mean, and each of them; and bytes kept."""

    mean: float
    each: float
    kept: str = ""


AIMS: Mapping[str, Aim] = {
    "eager": Aim(1.2, 0.7),
    "compiled": Aim(1.0, 0.9, " (aim: none)"),
}

WIDTH = 88


def ratio(found: Found) -> float:
    """The time of the second subject by that of the first."""
    return found.timed[found.job.subjects[1]].over["both"]


def is_whole(found: Found) -> bool:
    """Whether nothing failed that was to be timed."""
    return not found.failed


def worst(found: Sequence[Found]) -> list[Found]:
    """Those with the lowest ratios, the lowest first."""
    return sorted(filter(is_whole, found), key=ratio)[:WORST]


# -- a generated op beside its formula -------------------------------------------------


def pairs(found: Sequence[Found], aim: Aim) -> Iterator[str]:
    """The sum of it, and then op by op, the worst first."""
    timed = sorted(filter(is_whole, found), key=ratio)
    if timed:
        yield from summary(timed, aim)
    yield ""
    yield f"{'':<23}{'ms':>16}{'':>14}{'MiB kept':>17}{'MiB at peak':>17}"
    names = f"{'symgrad':>8}{'autograd':>9}"
    yield f"{'op':<22}{names}{'ratio':>7}{'warm':>7}{names}{names}"
    for one in timed:
        yield _pair(one)
    yield from failures(found)


def summary(timed: Sequence[Found], aim: Aim) -> Iterator[str]:
    """The geometric mean and the worst, beside what they are to be."""
    ratios = [ratio(one) for one in timed]
    warm = [one.timed[one.job.subjects[1]].warm["both"] for one in timed]
    more = [one.job.name for one in timed if _keeps_more(one)]
    named = ", ".join(f"{one.job.name} {ratio(one):.2f}" for one in timed[:WORST])
    yield f"{'':<34}{'ratio':>7}{'warm':>7}"
    means = "".join(f"{statistics.geometric_mean(r):7.2f}" for r in (ratios, warm))
    title = f"geometric mean of {len(timed)}"
    yield f"{title:<34}{means} (aim: at least {aim.mean:g})"
    low = "".join(f"{sum(x < aim.each for x in r):7}" for r in (ratios, warm))
    yield f"{f'under {aim.each:g}':<34}{low} (aim: none)"
    yield from wrap(f"the worst: {named}")
    said = f"more bytes kept than by autograd: {', '.join(more) or 'none'}"
    yield from wrap(said + aim.kept)


def wrap(text: str) -> list[str]:
    """Lines of a sentence."""
    return textwrap.wrap(text, WIDTH, subsequent_indent="  ")


def _keeps_more(found: Found) -> bool:
    mine, theirs = (found.timed[name] for name in found.job.subjects)
    return mine.kept > theirs.kept


def _pair(found: Found) -> str:
    mine, theirs = (found.timed[name] for name in found.job.subjects)
    times = f"{_ms(mine, 'both'):>8}{_ms(theirs, 'both'):>9}"
    ratios = f"{ratio(found):7.2f}{theirs.warm['both']:7.2f}"
    kept = f"{_mib(mine.kept):>8}{_mib(theirs.kept):>9}"
    peak = f"{_mib(mine.peak):>8}{_mib(theirs.peak):>9}"
    return f"{found.job.name:<22}{times}{ratios}{kept}{peak}"


def failures(found: Sequence[Found]) -> Iterator[str]:
    """What could not be timed, and why."""
    for one in found:
        for name, reason in one.failed.items():
            yield f"not timed: {one.job.name}, {name}: {reason}"


# -- the gallery -----------------------------------------------------------------------


def gallery(found: Sequence[Found], titles: Mapping[str, str]) -> Iterator[str]:
    """All rivals of each op, and how many times as long as symgrad each takes."""
    yield f"{'':<38}{'forward':>15}{'both':>22}{'MiB':>9}{'MiB at':>9}"
    columns = f"{'ms':>8}{'times':>7}"
    yield f"{'op':<18}{'by':<20}{columns}{columns}{'warm':>7}{'kept':>9}{'peak':>9}"
    for one in found:
        title = titles[one.job.place]
        for name, timed in one.timed.items():
            yield f"{title:<18}{_shown(one, name):<20}{_passes(timed)}"
            title = ""
    yield from _means(found)
    yield from failures(found)


def _shown(found: Found, name: str) -> str:
    return found.own if name == OWN else name


def _passes(timed: Timed) -> str:
    cells = (f"{_ms(timed, p):>8}{timed.over[p]:7.2f}" for p in ("forward", "both"))
    memory = f"{_mib(timed.kept):>9}{_mib(timed.peak):>9}"
    return "".join(cells) + f"{timed.warm['both']:7.2f}{memory}"


def _means(found: Sequence[Found]) -> Iterator[str]:
    """Of each kind of rival, over the ops that have it."""
    yield ""
    for name in dict.fromkeys(name for one in found for name in one.timed):
        of = [one.timed[name] for one in found if name in one.timed]
        forward, both, warm = (
            statistics.geometric_mean(ratios)
            for ratios in zip(*(_ratios(timed) for timed in of), strict=True)
        )
        title = "torch's own" if name == OWN else name
        means = f"{'':8}{forward:7.2f}{'':8}{both:7.2f}{warm:7.2f}"
        yield f"{'geometric mean':<18}{f'{title}, {len(of)} ops':<20}{means}"


def _ratios(timed: Timed) -> tuple[float, float, float]:
    return timed.over["forward"], timed.over["both"], timed.warm["both"]


# -- what accuracy and bytes cost ------------------------------------------------------


def prices(
    patched: Sequence[Found], plain: Sequence[Found], saved: Sequence[Found]
) -> Iterator[str]:
    """Ops without patches; then ops that keep their inputs and nothing else."""
    stable = {one.job.place: ratio(one) for one in patched}
    yield f"{'':<26}{'autograd by symgrad':>22}{'stable':>10}"
    yield f"{'op':<26}{'stable':>11}{'fast':>11}{'by fast':>10}"
    for one in filter(is_whole, plain):
        fast, price = one.timed[FORMULA].over["both"], one.timed[OURS].over["both"]
        cells = f"{stable[one.job.place]:11.2f}{fast:11.2f}{price:10.2f}"
        yield f"{one.job.name:<26}{cells}"
    yield ""
    yield f"{'':<26}{'bytes kept':>26}{'inputs':>10}{'autograd':>12}"
    yield f"{'op':<26}{'auto':>13}{'inputs':>13}{'by auto':>10}{'by auto':>12}"
    for one in filter(is_whole, saved):
        auto, inputs = one.timed[OURS], one.timed[SAVE]
        kept = f"{auto.kept:13,}{inputs.kept:13,}"
        over = f"{inputs.over['both']:10.2f}{one.timed[FORMULA].over['both']:12.2f}"
        yield f"{one.job.name:<26}{kept}{over}"
    yield from failures([*plain, *saved])


def _ms(timed: Timed, which: str) -> str:
    return f"{timed.seconds[which] * 1e3:.2f}"  # type: ignore[index]


def _mib(count: int) -> str:
    return f"{count / 2**20:.1f}"
