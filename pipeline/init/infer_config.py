"""The config that `tfx-rebalance init` writes, with the reasons in its comments."""

import os
import re
import shlex
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import yaml

from tfx_rebalance.components.evaluator.settings import DEFAULT, ChampionSettings, GateSettings
from tfx_rebalance.components.example_gen.settings import SPLITS, SplitSettings
from tfx_rebalance.components.example_gen.sources.settings import DEMO
from tfx_rebalance.components.rebalance.settings import RebalanceSettings
from tfx_rebalance.components.trainer.settings import TrainerSettings
from tfx_rebalance.pipeline.config import TransformSettings, ValidationSettings
from tfx_rebalance.pipeline.init.bars import (
    BARS,
    GOOD,
    OFTEN,
    ProposedClass,
    chance_of_retrain,
    chance_to_pass,
    hits_for,
    more_rows,
    rows_to_prove,
)
from tfx_rebalance.pipeline.init.columns import Kind
from tfx_rebalance.pipeline.init.profile import Profile

SUFFIXES = (".gz", ".csv", ".txt")


def config_name(csv: Path) -> str:
    """Returns a pipeline name, `[a-z][a-z0-9-]{0,63}`, made from the file's name.

    >>> config_name(Path("Card Fraud_2024.csv.gz"))
    'card-fraud-2024'
    """
    stem = csv.name
    while Path(stem).suffix.lower() in SUFFIXES:
        stem = Path(stem).stem
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not name[:1].isalpha():
        name = f"data-{name}"
    return name[:64].strip("-")


def config_text(
    profile: Profile, classes: Sequence[ProposedClass], *, csv: Path, config: Path, schema: Path
) -> str:
    """Returns the config as commented YAML.

    Args:
        profile: What the CSV file holds.
        classes: The proposed classes and bars.
        csv: The data, which the config names relative to itself.
        config: Where the config will be.
        schema: Where the schema will be.
    """
    lines = [
        *_head(profile, csv),
        "data:",
        f"  source: {_scalar(_relative(csv, config))}  # A CSV file, relative to this one.",
        f"  schema: {_scalar(_relative(schema, config))}  # Types and allowed values.",
        f"  label: {_scalar(profile.label)}",
        *_groups(classes),
        *_excluded(profile),
        *_splits(profile),
        *_middle(profile),
        *_evaluate_and_push(classes),
    ]
    return "\n".join(lines) + "\n"


def _head(profile: Profile, csv: Path) -> list[str]:
    command = shlex.join(["tfx-rebalance", "init", csv.name, "--label", profile.label])
    return [
        f"# Written by: {command if command.isprintable() else repr(command)}",
        f"# {profile.rows:,} rows with a label, {len(profile.classes)} label values; the most "
        f"frequent has {profile.ratio:,.1f} rows for each of the rarest.",
        "# What is not listed keeps its default; unknown keys are errors.",
        f"name: {_scalar(config_name(csv))}",
        "",
    ]


def _groups(classes: Sequence[ProposedClass]) -> list[str]:
    pool = next((c for c in classes if len(c.values) > 1), None)
    if pool is None and all(c.values == (c.name,) for c in classes):
        return []
    why = [
        f"  # {c.name!r} stands for {c.values[0]!r}, a word that min_recall needs for itself."
        for c in classes
        if len(c.values) == 1 and c.values != (c.name,)
    ]
    return [
        *(_pooled(pool) if pool else why),
        "  label_groups:",
        *(
            f"    {_scalar(c.name)}: [{', '.join(_scalar(v) for v in c.values)}]  # {c.rows:,} rows"
            for c in classes
        ),
    ]


def _pooled(pool: ProposedClass) -> list[str]:
    return [
        f"  # A label value with fewer than {len(SPLITS)} rows cannot be in each split. Such are",
        f"  # pooled in the class {pool.name!r}, with the next rarest if still too few.",
        "  # If that makes no sense, group them otherwise (class: [values]) and list the same",
        "  # classes in the schema.",
    ]


def _excluded(profile: Profile) -> list[str]:
    reasons = profile.excluded()
    notes = [
        f"  # Look at {column.name!r}: alone it nearly tells the classes, balanced accuracy "
        f"{column.separation:.3f} on held-out rows. Exclude it if it is known only afterwards."
        for column in profile.suspects
    ]
    what = "# In the data, for slices, but no model input. Delete a line to use its column."
    if not reasons:
        return [*notes, "  exclude: []  # Columns that are no model input: ids, dates, leaks."]
    listed = [f"    - {_scalar(name)}  # {reason}" for name, reason in reasons.items()]
    return [*notes, f"  {what}", "  exclude:", *listed]


def _splits(profile: Profile) -> list[str]:
    shares = SplitSettings()
    some = bool(profile.unlabelled)
    missing = f"{profile.unlabelled:,} rows have none" if some else "fail or drop"
    return [
        f"  splits: {{train: {shares.train}, val: {shares.val}, eval: {shares.eval}}}"
        "  # Shares of each class's rows.",
        "  seed: 0  # Another seed, another split.",
        f"  missing_label: {'drop' if some else 'fail'}  # Rows without a label: {missing}.",
    ]


def _middle(profile: Profile) -> list[str]:
    transform, trainer = TransformSettings(), TrainerSettings()
    values = sum(c.distinct for c in profile.of_kind(Kind.CATEGORY))
    return [
        "",
        "validate:",
        f"  anomalies: {ValidationSettings().anomalies}  # Or warn: when data breaks the schema.",
        "",
        "rebalance:",
        "  # The trainer's class weights are usually enough; resample only where it proves better.",
        f"  strategy: {RebalanceSettings().strategy}",
        "",
        "transform:",
        "  log: []  # Numeric columns with a long tail, such as amounts.",
        f"  # The categories have {values:,} values; those beyond this many share an index.",
        f"  vocabulary_size: {transform.vocabulary_size}",
        "",
        "trainer:",
        f"  class_weights: {trainer.class_weights}  # none, balanced, or class: weight.",
        f"  decision: {trainer.decision}  # balanced: rare classes count as frequent ones.",
        f"  epochs: {trainer.epochs}",
        f"  batch_size: {trainer.batch_size}",
        f"  seed: {trainer.seed}",
        "",
    ]


def _evaluate_and_push(classes: Sequence[ProposedClass]) -> list[str]:
    lines = [
        "evaluate:",
        "  # The recall each class must be shown to reach on the eval split, with 95 % confidence,",
        f"  # or the model is not released. Proposed: the highest bar, at most {BARS[0]}, that a",
        f"  # model of recall {GOOD} passes in {OFTEN:.0%} of runs or more. Set what you need;",
        "  # `tfx-rebalance power` tells how often good and bad models would pass.",
        "  min_recall:",
        *(_bar(c) for c in classes),
    ]
    if all(c.bar is None for c in classes):
        bar = GateSettings().min_recall[DEFAULT]
        lines.append(f"    {DEFAULT}: {bar}  # No class can prove it: eval needs more rows.")
    return [
        *lines,
        *_champion(classes),
        "",
        "push:",
        "  destination: null  # null: serving/<name> under the root.",
    ]


def _champion(classes: Sequence[ProposedClass]) -> list[str]:
    settings = ChampionSettings()
    margin, rarest = settings.margin, min(classes, key=lambda c: c.eval_rows)
    chance = chance_of_retrain(rarest.eval_rows, settings)
    lines = ["  champion:", f"    margin: {margin}  # Against the last release, on the same rows."]
    if chance < OFTEN:
        lines += [
            f"    # {rarest.eval_rows:,} rows of class {rarest.name!r} rule such a loss out for "
            f"{chance:.0%} of the equally good",
            "    # retrains (a tenth of the rows decided otherwise): too few to block the rest.",
            "    # A loss that is shown blocks.",
            "    insufficient: pass",
        ]
    return lines


def _bar(proposed: ProposedClass) -> str:
    rows = f"{proposed.eval_rows:,}"
    if proposed.bar is None:
        needed = more_rows(proposed.eval_rows)
        return (
            f"    # No bar for {proposed.name!r}: {rows} rows in eval are too few for {BARS[-1]}; "
            f"with {needed} there is one ({rows_to_prove(needed)} rows in all)."
        )
    hits = hits_for(proposed.eval_rows, proposed.bar)
    chance = chance_to_pass(proposed.eval_rows, proposed.bar)
    return (
        f"    {_scalar(proposed.name)}: {proposed.bar}"
        f"  # {hits:,} of its {rows} rows in eval prove it; {chance:.0%} of such models have them."
    )


def _scalar(text: str) -> str:
    """Returns YAML that reads as exactly this text."""
    if re.fullmatch(r"[A-Za-z_./][\w./-]*", text, re.ASCII) and yaml.safe_load(text) == text:
        return text
    quoted = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=float("inf"))
    return str(quoted).strip()


def _relative(path: Path, config: Path) -> str:
    """Returns the path as seen from the config's folder, so that `load_config` finds it."""
    absolute = path.absolute().parent.resolve() / path.name
    name = Path(os.path.relpath(absolute, config.absolute().parent.resolve())).as_posix()
    if name.startswith("~"):
        return absolute.as_posix()
    return f"./{name}" if name == DEMO else name
