"""How a run ended, for programs and for people."""

import io
import json

import pytest
from rich.console import Console

from tfx_rebalance.pipeline.results import ClassResult, RunResult, print_table

CLASS = {"before": 36_000, "after": 1_000, "recall": 0.75, "recall_low": 0.7, "recall_high": 0.8}


def result_of(verdict="released", **fields):
    given = {
        "run_id": "20260101-120000",
        "verdict": verdict,
        "reason": "every class reached its bar",
        "confidence": 0.95,
        "classes": {"legit": ClassResult(**CLASS, support=12_000, bar=0.5), "fraud": ClassResult()},
        "model_uri": "serving/cards/1" if verdict == "released" else None,
        "seconds": {"ExampleGen": 1.25, "Trainer": 20.0},
        "cached": ["ExampleGen"],
        "log": "runs/20260101-120000/log.txt",
        "warnings": [],
        "exit_code": 0,
    }
    return RunResult(**{**given, **fields})


def printed(result, width=200):
    file = io.StringIO()
    print_table(result, Console(file=file, width=width))
    return file.getvalue()


def test_the_json_has_the_keys_that_programs_read():
    read = json.loads(result_of().model_dump_json())
    assert {"run_id", "verdict", "reason", "classes", "model_uri", "seconds"} <= set(read)
    assert {"before", "after", "recall", "recall_low", "recall_high", "bar"} <= set(
        read["classes"]["legit"]
    )
    assert read["classes"]["legit"]["before"] == 36_000
    assert read["classes"]["fraud"]["recall"] is None
    assert read["seconds"] == {"ExampleGen": 1.25, "Trainer": 20.0}


def test_recall_of_a_class_without_rows_is_still_json():
    text = result_of(classes={"fraud": ClassResult(recall=float("nan"))}).model_dump_json()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_warnings_are_shown():
    shown = printed(result_of(warnings=["the data does not fit the schema: train: column 'x'"]))
    assert "warning: the data does not fit the schema: train: column 'x'" in shown


def test_a_released_run_shows_the_classes_and_where_the_model_is():
    lines = printed(result_of()).splitlines()
    [legit] = [line for line in lines if "legit" in line]
    for cell in ("36,000", "1,000", "12,000", "0.750", "0.700 to 0.800", "0.500"):
        assert cell in legit
    assert "RELEASED: every class reached its bar" in lines
    assert "model:   serving/cards/1" in lines
    assert "seconds: ExampleGen cached, Trainer 20.0; 21.2 in all" in lines


def test_what_was_not_measured_is_a_dash():
    [fraud] = [line for line in printed(result_of()).splitlines() if "fraud" in line]
    assert fraud.count(" - ") >= 5
    assert "None" not in fraud


def test_a_run_stopped_early_shows_no_empty_table_and_no_model():
    classes = {"legit": ClassResult(bar=0.5), "fraud": ClassResult(bar=0.5)}
    text = printed(result_of("stopped", reason="ExampleGen: no rows", classes=classes))
    assert "STOPPED: ExampleGen: no rows" in text
    assert "legit" not in text
    assert "model:" not in text


def test_a_model_that_is_not_released_says_why():
    text = printed(result_of("not_released", reason="recall of 'fraud' is 0.3, below its bar 0.5"))
    assert "NOT RELEASED: recall of 'fraud' is 0.3, below its bar 0.5" in text


def test_long_paths_are_not_broken_where_a_person_copies_them():
    path = "/".join(["a-long-folder"] * 12)
    assert path in printed(result_of(model_uri=path, log=path), width=80)


def test_no_number_is_cut_on_a_narrow_terminal():
    of_class = ClassResult(**CLASS, support=12_000, bar=0.5, gate="insufficient")
    text = printed(result_of(classes={"legitimate payments": of_class}), width=40)
    for cell in ("legitimate payments", "36,000", "12,000", "0.700 to 0.800", "insufficient"):
        assert cell in text


def test_brackets_in_names_are_text():
    assert "[bold]x[/bold]" in printed(result_of(reason="class [bold]x[/bold] fell"))
