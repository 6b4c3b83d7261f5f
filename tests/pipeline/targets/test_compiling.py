"""What only shows when a pipeline is compiled."""

import pytest
from support.compiled import config_of

from tfx_rebalance.errors import ConfigError
from tfx_rebalance.features import Feature, Features

pytestmark = pytest.mark.tfx


def compiled(columns, *overrides):
    from tfx_rebalance.pipeline.targets.compiling import compiled_text

    inputs = tuple(Feature(name=f"column_{i:04}", dtype="float") for i in range(columns))
    features = Features(inputs=inputs, label="y", label_dtype="string", classes=("0", "1"))
    return compiled_text(config_of(*overrides), features, "vertex")


def test_a_table_of_1_400_columns_can_be_told_to_every_step():
    assert "column_1399" in compiled(1_400)


def test_a_table_that_no_step_could_be_told_is_refused_with_what_makes_it_shorter():
    with pytest.raises(ConfigError) as error:
        compiled(2_500)
    message = str(error.value)
    assert message.startswith("Trainer would be told ") or message.startswith("Transform would")
    assert "most of it custom_config, and a step can be told 122,880" in message
    assert "under data.exclude" in message
