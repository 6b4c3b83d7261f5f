"""SMOTE: new rows on the way from a row to one of its nearest neighbours of the same class.

Chawla, Bowyer, Hall and Kegelmeyer 2002, "SMOTE: Synthetic Minority Over-sampling Technique":
new = x + gap * (x_neighbour - x), gap uniform in [0, 1).
"""

from tfx_rebalance.components.rebalance.strategy import Around, Chosen, Synthesizer
from tfx_rebalance.components.rebalance.synthesis.pairs import Draws, even_seeds, towards_neighbours


class SMOTE(Synthesizer):
    """Takes any features: with categorical ones it is SMOTE-NC, with nothing else SMOTE-N."""

    def pairs(self, around: Around, wanted: int, draws: Draws) -> Chosen:
        """Returns even seeds, each with a neighbour drawn evenly."""
        seeds = even_seeds(wanted, draws)
        return Chosen(towards_neighbours(seeds, around.neighbours, draws))
