"""Names from a config, checked against the names there are."""

import pytest

from tfx_rebalance.names import known, nearest

NAMES = ("none", "undersample", "oversample")


def test_a_known_name_comes_back():
    assert known(NAMES, "oversample") == "oversample"


def test_an_unknown_name_is_refused_with_the_choices_and_the_nearest():
    with pytest.raises(ValueError, match="must be one of none, undersample, oversample") as error:
        known(NAMES, "undersampel")
    assert str(error.value).endswith("got 'undersampel' (did you mean 'undersample'?)")


def test_a_name_like_no_other_gets_no_suggestion():
    assert nearest(NAMES, "xyz") == ""
    assert nearest((), "none") == ""
