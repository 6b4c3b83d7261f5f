"""Runs that ended in each way there is, as `report.json` has them."""

from tfx_rebalance.components.report.facts import (
    Fingerprints,
    Node,
    Resampled,
    Resampling,
    RunFacts,
    Training,
)
from tfx_rebalance.findings import Check, findings_of
from tfx_rebalance.gate import CalibrationCell, ChampionCell, ClassQuality, Gate, ShareCell

CLASSES = ("normal", "fraud & <b>", "rare")
NODES = ("ExampleGen", "StatisticsGen", "ImbalanceValidator", "ValidationGate", "Rebalance",
         "Trainer", "Evaluator", "Pusher")  # fmt: skip
VERDICTS = ("released", "not_released", "stopped_by_data", "failed", "cold_start", "insufficient")


def gate(*, passed=True, blocked="fail", champion="compared", classes=CLASSES, slices=()):
    """Returns a gate over `classes`; if it did not pass, the last class is `blocked`."""
    shares, champions, quality = [], [], {}
    for i, name in enumerate(classes):
        ends_badly = not passed and i == len(classes) - 1
        shares.append(
            ShareCell(kind="recall", label=name, hits=90 - i, rows=100, value=0.9 - i / 100,
                      low=0.82, high=0.95, bar=0.8, verdict=blocked if ends_badly else "pass",
                      blocks=ends_badly,
                      needed=37 if ends_badly and blocked == "insufficient" else None)
        )  # fmt: skip
        shares.append(ShareCell(kind="precision", label=name, hits=80, rows=100, value=0.8,
                                low=0.7, high=0.9))  # fmt: skip
        if champion == "compared":
            champions.append(ChampionCell(label=name, both=80, gained=10, lost=5, neither=5,
                                          difference=0.05, low=0.0, high=0.1, margin=0.1,
                                          verdict="pass", blocks=False))  # fmt: skip
        quality[name] = ClassQuality(
            support=100, recall=0.9 - i / 100, precision=0.8, f1=0.85, pr_auc=0.88, roc_auc=0.97,
            ece=0.02, brier=0.05, calibration_slope=1.1, calibration_intercept=None,
            pr_curve=((0.0, 1.0), (0.5, 0.9), (1.0, 0.3)),
            reliability=((0.1, 0.12, 150), (0.9, 0.85, 100)),
        )  # fmt: skip
    reasons = (
        ("every bar was reached",)
        if passed
        else (f"recall of {classes[-1]!r} is not shown to reach 0.8", "a second reason")
    )
    size = range(len(classes))
    return Gate(
        passed=passed, reasons=reasons, classes=classes, confidence=0.95, champion=champion,
        shares=(*shares, *slices), champions=tuple(champions),
        calibrations=(CalibrationCell(label=classes[0], value=0.02, ceiling=0.1, verdict="pass",
                                      blocks=False),),
        quality=quality, overall={"balanced_accuracy": 0.9, "macro_f1": 0.8},
        confusion=tuple(tuple(90 if i == j else 3 for j in size) for i in size),
        settings={"min_recall": {"default": 0.8}},
    )  # fmt: skip


def slice_cell(label, where, *, verdict="pass", value=0.9, blocks=False):
    """Returns the recall of a class where some features have some values."""
    return ShareCell(kind="recall", label=label, where=where, hits=round(value * 50), rows=50,
                     value=value, low=max(value - 0.1, 0), high=min(value + 0.1, 1), bar=0.7,
                     verdict=verdict, blocks=blocks, p_value=0.01)  # fmt: skip


SLICES = (
    slice_cell("normal", {"country": "DE"}),
    slice_cell("rare", {"country": "FR", "device": "<i>"}, verdict="fail", value=0.4, blocks=True),
    slice_cell("rare", {"country": "IT"}, verdict="insufficient", value=0.65),
)


def nodes(*, until=None):
    """Returns the nodes of a run that failed in `until`, or of a whole one."""
    last = NODES.index(until) if until else len(NODES)
    return tuple(
        Node(name=name, state="done" if i % 2 else "cached", seconds=i + 0.5,
             outputs={"examples": f"out/{name}"})
        if i < last
        else Node(name=name, state="failed" if i == last else "not_reached")
        for i, name in enumerate(NODES)
    )  # fmt: skip


def facts(kind="released", **changes) -> RunFacts:
    """Returns a run that ended as `kind` says; `changes` replace its fields."""
    ended = {
        "released": {"gate": gate(slices=SLICES), "released_version": "17"},
        "cold_start": {"gate": gate(champion="cold_start"), "released_version": "17"},
        "not_released": {"verdict": "not_released", "exit_code": 4, "reason": "below its bar",
                         "gate": gate(passed=False, slices=SLICES)},
        "insufficient": {"verdict": "not_released", "exit_code": 4, "reason": "too few rows",
                         "gate": gate(passed=False, blocked="insufficient")},
        "stopped_by_data": {"verdict": "stopped", "exit_code": 3, "failed_node": "ValidationGate",
                            "reason": "ValidationGate: 'amount' is missing. Correct the data.",
                            "log_tail": ("line \x1b[31mone", "line two"), "resampling": None,
                            "training": None, "model_uri": None},
        "failed": {"verdict": "stopped", "exit_code": 1, "failed_node": "ExampleGen",
                   "reason": "ExampleGen failed: OSError: no space left", "log_tail": ("boom",),
                   "splits": None, "findings": None, "resampling": None, "training": None,
                   "model_uri": None, "fingerprints": Fingerprints(code="c0de")},
    }[kind]  # fmt: skip
    evaluated = "gate" in ended
    return RunFacts.model_validate(
        {
            **_whole(),
            "evaluated": evaluated,
            "attempt": 1 if evaluated else None,
            "nodes": nodes(until=ended.get("failed_node")),
            **ended,
            **changes,
        }
    )


def _whole():
    rows = {split: dict.fromkeys(CLASSES, 100 * n) for n, split in
            enumerate(("train", "val", "eval"), 1)}  # fmt: skip
    resampled = tuple(
        Resampled(split="train", label=name, before=100, after=200, kept=100, duplicated=50,
                  synthetic=50, mean_weight=1.0, natural_prior=1 / 3, resulting_prior=1 / 3,
                  notes=("a note",))
        for name in CLASSES
    )  # fmt: skip
    training = Training(
        calibration="temperature", calibration_log_loss={"none": 0.3, "temperature": 0.2},
        refused={"isotonic": "needs 200 rows"},
        quality={"calibrated": {"log_loss": 0.2, "brier": 0.1, "largest_ece": 0.01}},
        rule="balanced", thresholds=dict.fromkeys(CLASSES, 0.5),
        natural_priors=dict.fromkeys(CLASSES, 1 / 3), notes=(),
    )  # fmt: skip
    checks = [
        Check(name="class_skew", subject="rare", value=0.01, bar=0.1, verdict="warn",
              sentence="rare is rare", remedy="Collect more."),
        Check(name="drift", subject="amount", sentence="no drift"),
    ]  # fmt: skip
    return {
        "run_id": "20261122-010203-000001", "pipeline": "card-fraud",
        "started": "2026-11-22T01:02:03+00:00", "verdict": "released",
        "reason": "every bar was reached", "exit_code": 0, "log": "runs/x/log.txt",
        "next_command": "tfx-rebalance run card.yaml --set 'a=<b>'", "classes": CLASSES,
        "splits": rows, "resampling": Resampling(strategy="smote", seconds=1.5, classes=resampled),
        "training": training, "findings": findings_of(checks, classes=rows, settings={}),
        "fingerprints": Fingerprints(
            source="50c", splits={"train": "7a", "val": "7b", "eval": "7c"}, model="30de1",
            code="c0de"),
        "versions": {"tfx": "1.16.0"}, "seeds": {"trainer.seed": 0},
        "config": {"name": "card-fraud", "trainer": {"seed": 0}}, "destination": "serving/card",
        "model_uri": "out/Trainer/model/10", "statistics_uri": "out/StatisticsGen/statistics/4",
        "notes": ("a <note>",), "warnings": ("a warning",),
    }  # fmt: skip
