"""The second pass: every row into a shard of its split."""

import apache_beam as beam
import numpy as np
import tensorflow as tf
from tfx_bsl.coders.example_coder import RecordBatchToExamplesEncoder

from tfx_rebalance.components.example_gen.columns import as_lists
from tfx_rebalance.components.example_gen.sources.source import BadRows
from tfx_rebalance.components.example_gen.splitting.assign import Splits
from tfx_rebalance.components.example_gen.transforms.deal import Dealt
from tfx_rebalance.components.example_gen.transforms.job import Job
from tfx_rebalance.errors import DataError
from tfx_rebalance.records import ShardWriter

ENCODED_TOGETHER = 1 << 14
"""Rows that are tf.Examples at the same time."""


@beam.typehints.with_input_types(Dealt)
@beam.typehints.with_output_types(int)
class Write(beam.PTransform):
    """Writes the shards of every part; gives how many rows each wrote."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def expand(self, dealt: beam.PCollection) -> beam.PCollection:
        return dealt | "Spread" >> beam.Reshuffle() | "Shards" >> beam.Map(self._write)

    def _write(self, dealt: Dealt) -> int:
        job, encoder = self._job, RecordBatchToExamplesEncoder()
        with tf.io.gfile.GFile(dealt.splits, "rb") as file:
            splits = np.frombuffer(file.read(), dtype=np.int8)
        writers, start = self._writers(dealt, splits), 0
        for rows in job.rows(dealt.part, BadRows(job.settings.max_bad_rows)):
            of_batch = splits[start : start + rows.batch.num_rows]
            start += rows.batch.num_rows
            if start > len(splits):
                break
            for first in range(0, rows.batch.num_rows, ENCODED_TOGETHER):
                some = rows.batch.slice(first, ENCODED_TOGETHER)
                lists = as_lists(job.labels.replaced(some))
                records = np.array(encoder.encode(lists), dtype=object)
                of_some = of_batch[first : first + ENCODED_TOGETHER]
                for index, writer in writers.items():
                    writer.write(records[of_some == index])
        if start != len(splits):
            raise DataError(
                f"{dealt.part.pieces[0].path!r} changed while it was read: it had {len(splits)} "
                f"rows, then {'more' if start > len(splits) else start}. Run again."
            )
        for writer in writers.values():
            writer.close()
        return int((splits >= 0).sum())

    def _writers(self, dealt: Dealt, splits: Splits) -> dict[int, ShardWriter]:
        job = self._job
        return {
            index: ShardWriter(
                job.split_folder(name),
                rows=rows,
                per_shard=job.rows_per_shard,
                first=dealt.first[index],
                shards=dealt.shards[index],
            )
            for index, name in enumerate(job.labels.split_names)
            if (rows := int((splits == index).sum()))
        }
