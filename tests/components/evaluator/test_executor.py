"""Whom a candidate may be compared with."""

import pytest

from tfx_rebalance.components.evaluator.executor import check_comparable
from tfx_rebalance.errors import ModelError
from tfx_rebalance.features import Feature, Features

pytestmark = pytest.mark.tfx


def features(*inputs, label="y", classes=("a", "b")):
    return Features(
        inputs=tuple(
            Feature(name=name, dtype=dtype, categorical=dtype == "string", optional=False)
            for name, dtype in inputs
        ),
        label=label,
        label_dtype="string",
        classes=classes,
    )


NOW = features(("x", "float"), ("s", "string"))


@pytest.mark.parametrize("champion", [NOW, features(("x", "float"))])
def test_a_champion_with_fewer_inputs_and_the_same_classes_is_compared(champion):
    check_comparable(NOW, champion=champion)


@pytest.mark.parametrize(
    ("champion", "words"),
    [
        (features(("x", "float"), label="z"), "its label is 'z'"),
        (features(("x", "float"), classes=("b", "a")), "its classes are b, a, now they are a, b"),
        (features(("gone", "int")), r"it needs the inputs gone \(int\)"),
        (features(("x", "string")), r"it needs the inputs x \(string\)"),
    ],
)
def test_another_label_order_of_classes_or_input_is_refused(champion, words):
    with pytest.raises(ModelError, match=f"{words}.*champion: null"):
        check_comparable(NOW, champion=champion)
