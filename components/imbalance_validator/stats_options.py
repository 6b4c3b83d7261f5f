"""What StatisticsGen is told so that leaking features can be found."""

import tensorflow_data_validation as tfdv
from tfx_bsl.public.proto import slicing_spec_pb2


def slicing_by(label: str) -> tfdv.StatsOptions:
    """Returns options for StatisticsGen: also the statistics of each class, `<label>_<class>`."""
    spec = slicing_spec_pb2.SlicingSpec(feature_keys=[label])
    return tfdv.StatsOptions(slicing_config=slicing_spec_pb2.SlicingConfig(slicing_specs=[spec]))
