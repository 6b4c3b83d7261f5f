"""What the node hands to its executor."""

import pytest
from tfx.types import channel, standard_artifacts

from tfx_rebalance.components.example_gen.component import ExampleGen
from tfx_rebalance.components.example_gen.settings import DataSettings

pytestmark = pytest.mark.tfx


@pytest.mark.parametrize("serving", [False, True])
def test_what_it_hands_over_can_be_read_again(serving):
    """Serving settings are the data's with another source: dates and spans may not fit it."""
    given = {"run_date": "2024-01-05", "lag_days": 1, "window": 3, "label": "y", "schema": "s"}
    settings = DataSettings.model_validate({"source": "{YYYY}-{MM}-{DD}.csv", **given})
    if serving:
        plain = DataSettings.model_validate({"source": "sent.csv", "label": "y", "schema": "s"})
        settings = settings.model_copy(update={"source": plain.source})
    schema = channel.Channel(type=standard_artifacts.Schema)
    node = ExampleGen(schema=schema, settings=settings, serving=serving)
    found = DataSettings.model_validate_json(node.exec_properties["settings"])
    assert (found.lag_days, found.window) == ((0, 1) if serving else (1, 3))
    assert node.exec_properties["serving"] == int(serving)


def test_a_backend_that_is_not_asked_for_the_time_is_told_apart_from_one_that_does_not_know():
    settings = DataSettings.model_validate({"source": "demo", "label": "y", "schema": "s"})
    schema = channel.Channel(type=standard_artifacts.Schema)
    unasked = ExampleGen(schema=schema, settings=settings)
    assert unasked.exec_properties["schedule_time"] is None
    asked = ExampleGen(schema=schema, settings=settings, schedule_time="{{$.time}}")
    assert asked.exec_properties["schedule_time"] == "{{$.time}}"
