"""Rows as they are emitted, a block at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfx_rebalance.components.rebalance.transforms import emit
from tfx_rebalance.components.rebalance.transforms.emit import repeated

pytestmark = pytest.mark.tfx


@given(copies=st.lists(st.integers(0, 9), max_size=40), block=st.integers(1, 20))
def test_blocks_hold_every_copy_of_every_row_once_and_in_order(copies, block):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(emit, "BLOCK_ROWS", block)
        parts = list(repeated(np.array(copies, dtype=np.int64)))
    found = [
        pair for rows, copy in parts for pair in zip(rows.tolist(), copy.tolist(), strict=True)
    ]
    assert found == [(row, copy) for row, n in enumerate(copies) for copy in range(n)]
    assert all(len(rows) == block for rows, _ in parts[:-1])
    assert all(0 < len(rows) <= block for rows, _ in parts[-1:])
