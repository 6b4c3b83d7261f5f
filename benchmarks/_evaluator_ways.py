"""What `evaluator.py` asks of TFMA: our metrics, what stock metrics can say of it, and less."""

from _evaluator_data import SLICED

REGION, CHANNEL = SLICED
SLICES = ((REGION,), (CHANNEL,), (REGION, CHANNEL))
"""Beside all rows; the last one is a cross."""
OPTIONS = ["--runner=DirectRunner", "--direct_running_mode=in_memory", "--direct_num_workers=1"]

STOCK = ("Recall", "Precision", "F1Score", "Prevalence")
"""Of a class, at the threshold 0.5 of its probability, from one matrix that TFMA shares."""
RANKING = ("AUC", "AUCPrecisionRecall", "ConfusionMatrixPlot", "CalibrationPlot")
"""Of a class, from one histogram that TFMA shares; the plots are its PR curve and reliability."""
BRIER, LOG_LOSS = "MeanSquaredError", "CategoricalCrossEntropy"
