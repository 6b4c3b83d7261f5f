"""What `evaluator.py` asks of TFMA: our metrics, what stock metrics can say of it, and less."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import tensorflow_model_analysis as tfma
from _evaluator_data import LABEL, LOGITS, SLICED, write_model, write_rows
from apache_beam.options.pipeline_options import PipelineOptions
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx_bsl.public.tfxio import TFExampleRecord
from tfx_bsl.tfxio.tensor_adapter import TensorAdapterConfig

from tfx_rebalance.components.evaluator.eval_config import PROBABILITIES, SCORES, eval_config
from tfx_rebalance.components.evaluator.extractors import custom_extractors
from tfx_rebalance.components.evaluator.settings import GateSettings, SliceSettings

REGION, CHANNEL = SLICED
SLICES = ((REGION,), (CHANNEL,), (REGION, CHANNEL))
"""Beside all rows; the last one is a cross."""
OPTIONS = ["--runner=DirectRunner", "--direct_running_mode=in_memory", "--direct_num_workers=1"]

STOCK = ("Recall", "Precision", "F1Score", "Prevalence")
"""Of a class, at the threshold 0.5 of its probability, from one matrix that TFMA shares."""
RANKING = ("AUC", "AUCPrecisionRecall", "ConfusionMatrixPlot", "CalibrationPlot")
"""Of a class, from one histogram that TFMA shares; the plots are its PR curve and reliability."""
BRIER, LOG_LOSS = "MeanSquaredError", "CategoricalCrossEntropy"
