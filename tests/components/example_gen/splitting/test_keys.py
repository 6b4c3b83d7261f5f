"""Keys of rows: by content, duplicates told apart."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.example_gen.splitting.keys import occurrences

CONTENTS = st.lists(st.integers(0, 3), max_size=40)


def keys_of(contents):
    return occurrences(np.array(contents, dtype=np.uint64)).keys.tolist()


@given(contents=CONTENTS)
def test_duplicates_have_keys_of_their_own(contents):
    assert len(set(keys_of(contents))) == len(contents)


@given(contents=CONTENTS, order=st.randoms(use_true_random=False))
def test_the_set_of_keys_does_not_depend_on_the_order(contents, order):
    before = set(keys_of(contents))
    order.shuffle(contents)
    assert set(keys_of(contents)) == before


@given(contents=CONTENTS)
def test_occurrences_are_counted_in_the_order_of_the_rows(contents):
    numbers = occurrences(np.array(contents, dtype=np.uint64)).number.tolist()
    assert numbers == [contents[:i].count(value) for i, value in enumerate(contents)]
