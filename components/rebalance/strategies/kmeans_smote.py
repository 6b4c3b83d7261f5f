"""KMeansSMOTE: SMOTE within the clusters that are rich in the class, more where it is sparse.

Douzas, Bacao and Last 2018, "Improving Imbalanced Learning through a Heuristic Oversampling Method
Based on k-Means and SMOTE". A cluster with n rows of the class, d the mean of their distances, has
the sparsity d**e / n; new rows go to clusters in proportion to it. As in imbalanced-learn e is
(ln n / ln 1.6)**1.8 * 0.16 by default.
"""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from tfx_rebalance.components.rebalance.neighbours.exact import (
    BLOCK_CELLS,
    NOBODY,
    nearest_in_groups,
    squared_distances,
)
from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.components.rebalance.records.rows import Floats
from tfx_rebalance.components.rebalance.strategy import Chosen, Mask, Split, Verdict, Wanted
from tfx_rebalance.components.rebalance.synthesis.in_memory import (
    InformedOverSampler,
    around_class,
    class_draws,
    class_space,
    grown,
    new_rows,
    rows_of_class,
    seeds_by_group,
    smote_pairs,
)
from tfx_rebalance.components.rebalance.synthesis.pairs import Draws, Indices, towards_neighbours
from tfx_rebalance.draws import keyed_draws


class KMeansSMOTE(InformedOverSampler):
    """Clusters are those of the numbers; categories count among neighbours only."""

    k_neighbors: int = Field(default=2, ge=1)
    """Neighbours a seed may go towards; a cluster with no more rows of the class than this gets
    no new ones."""
    n_clusters: int = Field(default=8, ge=1)
    """imbalanced-learn's `kmeans_estimator` as a number."""
    cluster_balance_threshold: Literal["auto"] | float = "auto"
    """The least share of the class in a cluster that gets new rows; auto: half the class's share
    of all new rows. With one cluster there is none."""
    density_exponent: Literal["auto"] | Annotated[float, Field(ge=0)] = "auto"

    def judged(self, split: Split, wanted: Wanted) -> Verdict:
        """Returns all rows and the new ones; a class that no cluster is rich in as in SMOTE."""
        clusters = clusters_of(split, self.n_clusters, seed=wanted.seed)
        total = sum(new_rows(split, wanted).values())

        def chosen(label: int, new: int) -> Chosen:
            draws = class_draws(split, label, seed=wanted.seed)
            rich = self.rich_clusters(clusters, split.labels == label, share=new / total)
            if not rich.any():
                around = around_class(split, label, k=self.k_neighbors)
                note = "No cluster has enough rows of the class: new rows are made as by smote."
                return smote_pairs(around, new, draws=draws, notes=(note,))
            groups = clusters[rows_of_class(split, label)]
            space = class_space(split, label)
            return self._within(space, groups, rich=rich, new=new, draws=draws)

        return grown(split, wanted, chosen)

    def rich_clusters(self, clusters: Indices, of_class: Mask, *, share: float) -> Mask:
        """Returns which clusters get new rows of a class, (n_clusters,).

        Args:
            clusters: The cluster of each row of the split, (n,).
            of_class: Which rows are of the class, (n,).
            share: The class's part of all new rows.
        """
        rows = np.bincount(clusters, minlength=self.n_clusters)
        members = np.bincount(clusters[of_class], minlength=self.n_clusters)
        threshold = self.cluster_balance_threshold
        least = share / 2 if threshold == "auto" else threshold
        enough: Mask = members > self.k_neighbors
        if self.n_clusters > 1:
            enough &= members >= least * rows
        return enough

    def _within(
        self, space: Space, groups: Indices, *, rich: Mask, new: int, draws: Draws
    ) -> Chosen:
        inside = np.flatnonzero(rich[groups])
        neighbours = np.full((len(space), self.k_neighbors), NOBODY)
        found = nearest_in_groups(space.take(inside), groups[inside], self.k_neighbors)
        neighbours[inside] = inside[found.indices]
        weights = np.zeros(len(rich))
        weights[rich] = self._sparsity([space.take(groups == c) for c in np.flatnonzero(rich)])
        seeds = seeds_by_group(groups, weights, wanted=new, draws=draws)
        return Chosen(towards_neighbours(seeds, neighbours, draws))

    def _sparsity(self, clusters: list[Space]) -> Floats:
        """Returns the sparsity of each cluster up to a factor; its rows if none has an extent."""
        rows = np.array([len(cluster) for cluster in clusters], dtype=np.float64)
        if self.density_exponent == "auto":
            exponent = (np.log(rows) / np.log(1.6)) ** 1.8 * 0.16
        else:
            exponent = np.full(len(rows), self.density_exponent)
        mean = np.array([mean_distance(cluster) for cluster in clusters])
        wide = (mean > 0) | (exponent == 0)
        if not wide.any():
            return rows
        # In logarithms: an exponent of 40 takes a distance of 1e-10 or 1e10 out of range.
        extent = exponent * np.log(np.where(mean > 0, mean, 1.0))
        sparsity = np.where(wide, extent - np.log(rows), -np.inf)
        weights: Floats = np.exp(sparsity - sparsity.max())
        return weights


def clusters_of(split: Split, n_clusters: int, *, seed: int) -> Indices:
    """Returns the cluster of each row, (n,): k-means over mini-batches (Sculley 2010).

    Without numbers all rows are one cluster. Rows are taken in the order of their keys, on one
    thread: sums in another order give other clusters.
    """
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    order = np.argsort(split.keys, kind="stable")
    clusters = np.zeros(len(order), dtype=np.int64)
    numeric = split.space.numeric[order]
    if not numeric.size:
        return clusters
    [drawn] = keyed_draws(np.zeros(1, dtype=np.uint64), seed=seed, purpose="clusters").tolist()
    estimator = MiniBatchKMeans(min(n_clusters, len(order)), random_state=drawn >> 32)
    with threadpool_limits(limits=1):
        clusters[order] = estimator.fit_predict(numeric)
    return clusters


def mean_distance(space: Space) -> float:
    """Returns the mean distance of any two of the points, two or more, >= 0."""
    # Far from the origin squared distances lose their digits.
    near = space.numeric - space.numeric[:1]
    space = Space(near, space.nominal, space.mismatch, space.differences)
    rows = max(1, BLOCK_CELLS // len(space))
    total = 0.0
    for start in range(0, len(space), rows):
        block = np.arange(start, min(start + rows, len(space)))
        squares = squared_distances(space.take(block), space)
        squares[np.arange(len(block)), block] = 0
        total += float(np.sqrt(squares).sum())
    return total / (len(space) * (len(space) - 1))
