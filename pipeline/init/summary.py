"""What `tfx-rebalance init` found, in lines for a person."""

from tfx_rebalance.pipeline.init.bars import BARS, GOOD, OFTEN, ProposedClass, propose
from tfx_rebalance.pipeline.init.columns import Kind
from tfx_rebalance.pipeline.init.profile import Profile


def summary(profile: Profile) -> list[str]:
    """Returns the classes, what is special about the columns and the proposed bars, line by line.

    Raises:
        DataError: If a class is too rare to be split (see `bars.propose`).
    """
    classes = propose(profile.classes)
    return [
        *_classes(profile),
        *_pool(classes),
        "",
        *_columns(profile),
        "",
        *_bars(classes),
    ]


def _classes(profile: Profile) -> list[str]:
    width = max(len(name) for name in profile.classes)
    unlabelled = f", {profile.unlabelled:,} more without" if profile.unlabelled else ""
    return [
        f"{profile.rows:,} rows with a label{unlabelled}; {len(profile.classes)} classes of "
        f"{profile.label!r}, {profile.ratio:,.1f} : 1",
        *(
            f"  {name:<{width}}  {rows:>12,}  {rows / profile.rows:8.3%}"
            for name, rows in profile.classes.items()
        ),
    ]


def _pool(classes: list[ProposedClass]) -> list[str]:
    return [
        f"Too rare to be split, so pooled in the class {c.name!r}: {', '.join(c.values)}"
        for c in classes
        if len(c.values) > 1
    ]


def _columns(profile: Profile) -> list[str]:
    excluded = profile.excluded()
    kinds = {kind: len(profile.of_kind(kind)) for kind in (Kind.NUMERIC, Kind.CATEGORY)}
    missing = [f"{c.name} {c.missing:,}" for c in profile.columns if c.missing]
    lines = [
        f"{len(profile.columns)} columns: {kinds[Kind.NUMERIC]} numeric, "
        f"{kinds[Kind.CATEGORY]} categorical; {len(excluded)} left out as model inputs"
    ]
    lines += [f"  left out  {name}: {reason}" for name, reason in excluded.items()]
    lines += [
        f"  look at   {c.name}: alone it nearly tells the classes ({c.separation:.3f}); a leak?"
        for c in profile.suspects
    ]
    return lines + ([f"  missing   {', '.join(missing)}"] if missing else [])


def _bars(classes: list[ProposedClass]) -> list[str]:
    width = max(len(c.name) for c in classes)
    lines = [f"Proposed recall bars, which a model of recall {GOOD} passes in {OFTEN:.0%} of runs"]
    for c in classes:
        bar = "no bar: too few to prove one" if c.bar is None else f"{c.bar:.2f}"
        lines.append(f"  {c.name:<{width}}  {c.eval_rows:>10,} eval rows  {bar}")
    if all(c.bar is None for c in classes):
        lines.append(f"  No class can prove even {BARS[-1]}; the config keeps the default bar.")
    return lines
