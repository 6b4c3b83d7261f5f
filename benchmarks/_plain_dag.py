"""The baseline of `end_to_end.py`: the same data through stock TFX, as its templates write it.

Written after `tfx/experimental/templates` (penguin and taxi) of TFX 1.16 and the notebooks. Where
these differ, the faster way is taken: dotted paths instead of `module_file=`, no
`MirroredStrategy`, no TensorBoard, the raw label as TFMA's `label_key`.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
import tensorflow_model_analysis as tfma
import tensorflow_transform as tft
from tfx import v1 as tfx
from tfx_bsl.public import tfxio

NUMERIC = ("amount", "card_age_days")
CATEGORICAL = ("hour", "merchant_category", "country", "device")
LABEL = "is_fraud"
VOCABULARY, OOV = 1000, 1
STEPS_FILE = "steps.txt"

BEAM_ARGS: list[str] = []
"""TFX's default and what the templates' `local_runner.py` passes on: nothing. Some older examples
(`tfx/examples/penguin/penguin_pipeline_local.py`) ask for `--direct_running_mode=multi_processing
--direct_num_workers=0`, which starts a worker per core for each Beam graph: slower at this size."""

Tensors = Mapping[str, tf.Tensor | tf.SparseTensor]


def preprocessing_fn(inputs: Tensors) -> dict[str, tf.Tensor]:
    """Returns the model's inputs and the label: an analyzer per column."""
    outputs = {name: tft.scale_to_z_score(_filled(inputs[name])) for name in NUMERIC}
    for name in CATEGORICAL:
        outputs[name] = tft.compute_and_apply_vocabulary(
            _filled(inputs[name]), top_k=VOCABULARY, num_oov_buckets=OOV, vocab_filename=name
        )
    outputs[LABEL] = inputs[LABEL]
    return outputs


def run_fn(fn_args: tfx.components.FnArgs) -> None:
    """Trains and exports the model, and notes how many steps that took."""
    transform = tft.TFTransformOutput(fn_args.transform_output)
    settings = fn_args.custom_config
    model = _model(settings, transform)
    model.fit(
        _input_fn(fn_args.train_files, fn_args, transform, settings["batch_size"]),
        epochs=settings["epochs"],
        steps_per_epoch=fn_args.train_steps,
        validation_data=_input_fn(
            fn_args.eval_files, fn_args, transform, settings["val_batch_size"]
        ),
        validation_steps=fn_args.eval_steps,
        verbose=2,
    )
    signatures = {"serving_default": _serving_fn(model, transform)}
    tf.saved_model.save(model, fn_args.serving_model_dir, signatures=signatures)
    tf.io.gfile.makedirs(fn_args.model_run_dir)
    with tf.io.gfile.GFile(os.path.join(fn_args.model_run_dir, STEPS_FILE), "w") as file:
        file.write(str(int(model.optimizer.iterations.numpy())))


def create_pipeline(
    job: Mapping[str, Any], *, root: str, transform_statistics: bool
) -> tfx.dsl.Pipeline:
    """Returns the stock pipeline; `transform_statistics` is on by default in TFX."""
    example_gen = _example_gen(job)
    examples = example_gen.outputs["examples"]
    statistics = tfx.components.StatisticsGen(examples=examples)
    schema = tfx.components.ImportSchemaGen(schema_file=job["schema"])
    validator = tfx.components.ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    transform = tfx.components.Transform(
        examples=examples,
        schema=schema.outputs["schema"],
        preprocessing_fn=f"{__name__}.preprocessing_fn",
        disable_statistics=not transform_statistics,
    )
    trainer = _trainer(job, transform)
    resolver = _latest_blessed()
    evaluator = tfx.components.Evaluator(
        examples=examples,
        model=trainer.outputs["model"],
        baseline_model=resolver.outputs["model"],
        eval_config=_eval_config(job),
    )
    pusher = _pusher(trainer, evaluator, os.path.join(root, "serving"))
    nodes = [example_gen, statistics, schema, validator, transform, trainer, resolver, evaluator]
    return tfx.dsl.Pipeline(
        pipeline_name="plain",
        pipeline_root=root,
        components=[*nodes, pusher],
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
            os.path.join(root, "metadata.db")
        ),
        beam_pipeline_args=BEAM_ARGS,
    )


def _example_gen(job: Mapping[str, Any]) -> tfx.components.CsvExampleGen:
    splits = [
        tfx.proto.SplitConfig.Split(name=name, hash_buckets=buckets)
        for name, buckets in job["splits"].items()
    ]
    return tfx.components.CsvExampleGen(
        input_base=os.path.dirname(job["csv"]),
        output_config=tfx.proto.Output(split_config=tfx.proto.SplitConfig(splits=splits)),
    )


def _trainer(job: Mapping[str, Any], transform: tfx.components.Transform) -> tfx.components.Trainer:
    return tfx.components.Trainer(
        run_fn=f"{__name__}.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        train_args=tfx.proto.TrainArgs(splits=["train"], num_steps=job["steps_per_epoch"]),
        eval_args=tfx.proto.EvalArgs(splits=["val"], num_steps=job["val_steps"]),
        custom_config=job["model"],
    )


def _latest_blessed() -> tfx.dsl.Resolver:
    return tfx.dsl.Resolver(
        strategy_class=tfx.dsl.experimental.LatestBlessedModelStrategy,
        model=tfx.dsl.Channel(type=tfx.types.standard_artifacts.Model),
        model_blessing=tfx.dsl.Channel(type=tfx.types.standard_artifacts.ModelBlessing),
    ).with_id("latest_blessed_model_resolver")


def _pusher(
    trainer: tfx.components.Trainer, evaluator: tfx.components.Evaluator, folder: str
) -> tfx.components.Pusher:
    return tfx.components.Pusher(
        model=trainer.outputs["model"],
        model_blessing=evaluator.outputs["blessing"],
        push_destination=tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=folder)
        ),
    )


def _eval_config(job: Mapping[str, Any]) -> tfma.EvalConfig:
    """Stock metrics: recall of each class with its bars, overall and per slice."""
    slices = [tfma.SlicingSpec(feature_keys=part["features"]) for part in job["slices"]]
    count = tfma.MetricsSpec(metrics=[tfma.MetricConfig(class_name="ExampleCount")])
    return tfma.EvalConfig(
        model_specs=[tfma.ModelSpec(signature_name="serving_default", label_key=LABEL)],
        slicing_specs=[tfma.SlicingSpec(), *slices],
        metrics_specs=[count, *(_recall(job, index) for index in range(len(job["bars"])))],
    )


def _recall(job: Mapping[str, Any], index: int) -> tfma.MetricsSpec:
    """A threshold counts on every class of its spec, hence a spec for each class."""
    metric = tfma.MetricConfig(class_name="Recall")
    parts = [([], job["bars"][index])]
    parts += [(part["features"], part["bars"][index]) for part in job["slices"]]
    for keys, bar in parts:
        if bar is not None:
            metric.per_slice_thresholds.add(
                slicing_specs=[tfma.SlicingSpec(feature_keys=keys)],
                threshold=tfma.MetricThreshold(
                    value_threshold=tfma.GenericValueThreshold(lower_bound={"value": bar})
                ),
            )
    binarize = tfma.BinarizationOptions(class_ids={"values": [index]})
    return tfma.MetricsSpec(metrics=[metric], binarize=binarize)


def _filled(column: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
    if not isinstance(column, tf.SparseTensor):
        return column
    default = "" if column.dtype == tf.string else 0
    shape = [column.dense_shape[0], 1]
    return tf.sparse.to_dense(tf.SparseTensor(column.indices, column.values, shape), default)


def _input_fn(
    files: Sequence[str],
    fn_args: tfx.components.FnArgs,
    transform: tft.TFTransformOutput,
    batch_size: int,
) -> tf.data.Dataset:
    return fn_args.data_accessor.tf_dataset_factory(
        files,
        tfxio.TensorFlowDatasetOptions(batch_size=batch_size, label_key=LABEL),
        transform.transformed_metadata.schema,
    ).repeat()


def _model(settings: Mapping[str, Any], transform: tft.TFTransformOutput) -> tf.keras.Model:
    layers = tf.keras.layers
    inputs = {name: layers.Input(shape=(1,), name=name) for name in NUMERIC}
    parts = list(inputs.values())
    for name in CATEGORICAL:
        inputs[name] = layers.Input(shape=(1,), name=name, dtype="int64")
        size = transform.vocabulary_size_by_name(name) + OOV
        parts.append(layers.Flatten()(layers.Embedding(size, settings["embedding"])(inputs[name])))
    hidden = layers.concatenate(parts)
    for units in settings["hidden_units"]:
        hidden = layers.Dense(units, activation="relu")(hidden)
        hidden = layers.Dropout(settings["dropout"])(hidden)
    model = tf.keras.Model(inputs, layers.Dense(settings["classes"], activation="softmax")(hidden))
    model.compile(
        optimizer=tf.keras.optimizers.Adam(settings["learning_rate"]),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(),
    )
    return model


def _serving_fn(
    model: tf.keras.Model, transform: tft.TFTransformOutput
) -> tf.types.experimental.GenericFunction:
    model.tft_layer = transform.transform_features_layer()  # Tracked, or it is not saved.

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        spec = transform.raw_feature_spec()
        spec.pop(LABEL)
        features = model.tft_layer(tf.io.parse_example(examples, spec))
        return {"outputs": model(features)}

    return serve
