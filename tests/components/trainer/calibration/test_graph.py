"""The served maps give what numpy gives."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tfx_rebalance.components.trainer.calibration import graph
from tfx_rebalance.components.trainer.calibration.maps import (
    Curve,
    Isotonic,
    NoMap,
    Temperature,
    VectorScaling,
)

pytestmark = pytest.mark.tfx

CURVE = st.lists(
    st.tuples(st.integers(0, 2**40).map(lambda n: n / 2**40), st.floats(0.001, 0.999)),
    min_size=1,
    max_size=8,
    unique_by=lambda t: t[0],
).map(lambda points: Curve(x=sorted(x for x, _ in points), y=sorted(y for _, y in points)))
NUMBERS = st.tuples(*[st.floats(-5, 5)] * 3)
MAPS = st.one_of(
    st.just(NoMap()),
    st.floats(0.02, 50).map(lambda t: Temperature(temperature=t)),
    st.tuples(NUMBERS, NUMBERS).map(lambda n: VectorScaling(slopes=n[0], intercepts=n[1])),
    st.tuples(CURVE, CURVE, CURVE).map(lambda curves: Isotonic(curves=curves)),
)


@given(fitted=MAPS, p=arrays(np.float32, (9, 3), elements=st.floats(0, 1, width=32)))
def test_the_graph_equals_numpy_to_1e_6(fitted, p):
    p = p + np.float32(1e-6)
    p /= p.sum(axis=1, keepdims=True)
    served = graph.apply(fitted, tf.constant(p))
    assert served.dtype == tf.float32
    np.testing.assert_allclose(served.numpy(), fitted.apply(p.astype(float)), rtol=0, atol=1e-6)


def test_the_graph_is_a_function_of_any_number_of_rows():
    fitted = Isotonic(curves=(Curve(x=(0.1, 0.9), y=(0.2, 0.8)),) * 2)
    function = tf.function(
        lambda p: graph.apply(fitted, p), input_signature=[tf.TensorSpec([None, 2], tf.float32)]
    )
    for rows in (0, 1, 5):
        assert function(tf.fill([rows, 2], 0.5)).shape == (rows, 2)
