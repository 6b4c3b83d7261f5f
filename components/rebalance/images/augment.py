"""New rows from old ones whose image is changed so that the class stays what it was."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tfx_rebalance.components.rebalance.images.affine import Canvas, Changes, changed, drawn_changes
from tfx_rebalance.components.rebalance.images.settings import AugmentSettings
from tfx_rebalance.draws import Keys
from tfx_rebalance.errors import DataError

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
"""How a file of the format begins."""
PNG_DEPTH = slice(24, 25)
"""Where a PNG says how many bits a channel has."""
JPEG_QUALITY = 95
ENCODED = {"bytes_list": ("BytesList", tf.string)}
DECODED = {"float_list": ("FloatList", tf.float32), "int64_list": ("Int64List", tf.int64)}
"""What a tf.train.Feature may hold: the field, its message and its type."""


class Augmenter:
    """Makes new rows from rows: the image is changed by keyed draws, all else is kept.

    Equal row, key, seed and settings give equal bytes, whatever else is in the batch. It runs on
    the CPU, wherever there is a GPU too: their roundings differ.
    """

    def __init__(self, settings: AugmentSettings, *, seed: int) -> None:
        if settings.image is None:
            raise ValueError("image is None; the feature that holds the image must be named.")
        self._settings, self._image, self._seed = settings, settings.image, seed

    def augmented(self, records: Sequence[bytes], keys: Keys) -> list[bytes]:
        """Returns one new row per key, in order, as serialized tf.Examples.

        A decoded image stays a float_list or an int64_list (rounded); a PNG stays a PNG of 8 or 16
        bits, a JPEG a JPEG (quality 95), with size and channels kept. What a file says beside its
        pixels (EXIF, colour profile, palette) is not kept.

        Args:
            records: Serialized tf.Examples, (n,): the row that each new one is made from.
            keys: (n,): what the draws are made from.

        Raises:
            ValueError: If there are not as many keys as records.
            DataError: If a record has no image, or one that is not what the settings say.
        """
        if len(records) != len(keys):
            raise ValueError(f"keys must be one per record, got {len(keys)} for {len(records)}.")
        examples = [tf.train.Example.FromString(record) for record in records]
        kinds = self._kinds(examples)
        changes = drawn_changes(self._settings.operations, keys, seed=self._seed)
        with tf.device("CPU"):
            for kind in sorted(set(kinds)):
                rows = np.flatnonzero(kinds == kind)
                images = self._values([records[row] for row in rows], kind)
                features = _serialized(self._new(images, changes.of(rows)), kind)
                for row, feature in zip(rows, features, strict=True):
                    examples[row].features.feature[self._image].ParseFromString(feature)
        return [example.SerializeToString(deterministic=True) for example in examples]

    def _kinds(self, examples: Sequence[Any]) -> npt.NDArray[Any]:
        """Returns what each image is held in: `bytes_list` or, decoded, one of the others."""
        name, shape = self._image, self._settings.shape
        allowed = ENCODED if shape is None else DECODED
        kinds = np.array([_kind(example, name) for example in examples], dtype=object)
        missing = int((kinds == "").sum())
        if missing:
            raise DataError(
                f"of {len(kinds)} records {missing} have no image in {name!r}. Each row that is "
                "augmented needs one: leave those rows out, or name another feature as image."
            )
        wrong = [kind for kind in kinds if kind not in allowed]
        if wrong:
            raise DataError(
                f"of {len(kinds)} records {len(wrong)} hold the image {name!r} as "
                f"{', '.join(sorted(set(wrong)))}. Allowed with shape {shape}: "
                f"{', '.join(allowed)}. Set shape to (height, width, channels) for decoded "
                "images, leave it out for PNG or JPEG, or name another feature as image."
            )
        return kinds

    def _values(self, records: Sequence[bytes], kind: str) -> npt.NDArray[Any]:
        """Returns what the images' features hold, (n, values of one image)."""
        name, shape = self._image, self._settings.shape
        _, dtype = (ENCODED | DECODED)[kind]
        ragged = tf.io.parse_example(list(records), {name: tf.io.RaggedFeature(dtype)})[name]
        counts: npt.NDArray[np.int64] = ragged.row_lengths().numpy()
        expected = 1 if shape is None else math.prod(shape)
        wrong = counts[counts != expected]
        if len(wrong):
            raise DataError(
                f"of {len(records)} records {len(wrong)} have another number of values in "
                f"{name!r} than {expected}, one has {wrong[0]}. Allowed: "
                f"{'one PNG or JPEG' if shape is None else f'height x width x channels = {shape}'}"
                ". Correct shape, or leave those rows out."
            )
        values: npt.NDArray[Any] = ragged.flat_values.numpy()
        return values.reshape(len(records), expected)

    def _new(self, images: npt.NDArray[Any], changes: Changes) -> npt.NDArray[Any]:
        """Returns images changed, (n, values), in the form and type they have."""
        if self._settings.shape is None:
            return self._new_files(images, changes)
        height, width, channels = self._settings.shape
        self._check_range(images)
        whole = images.dtype == np.int64
        low, high = self._settings.value_range
        canvas = Canvas(
            low=math.ceil(low) if whole else low,
            high=math.floor(high) if whole else high,
            fill=self._settings.fill,
            colours=channels,
        )
        pixels = images.reshape(-1, height, width, channels).astype(np.float32)
        new: npt.NDArray[Any] = changed(pixels, changes, canvas=canvas)
        return (np.rint(new).astype(np.int64) if whole else new).reshape(images.shape)

    def _check_range(self, images: npt.NDArray[Any]) -> None:
        low, high = (np.float32(bound) for bound in self._settings.value_range)
        wrong = ~((images >= low) & (images <= high))  # So that NaN is wrong too.
        if wrong.any():
            finite = images[np.isfinite(images)]
            span = f"[{finite.min()}, {finite.max()}]" if len(finite) else "nowhere"
            raise DataError(
                f"of {len(images)} images {int(wrong.any(axis=1).sum())} in "
                f"{self._image!r} have NaN, infinite or other values outside value_range "
                f"{self._settings.value_range}; the finite values are in {span}. Set value_range "
                "to what the images may hold, or correct the data."
            )

    def _new_files(self, images: npt.NDArray[Any], changes: Changes) -> npt.NDArray[Any]:
        """Returns PNGs and JPEGs changed, (n, 1), each in its format and of its size."""
        files: list[bytes | None] = []
        for row, file in enumerate(images[:, 0]):
            pixels = _pixels(file)
            if pixels is None:
                files.append(None)
                continue
            canvas = _canvas(pixels, fill=self._settings.fill)
            image = pixels[np.newaxis].astype(np.float32)
            [new] = changed(image, changes.of(np.array([row])), canvas=canvas)
            files.append(_file(np.rint(new).astype(pixels.dtype), like=file))
        unreadable = files.count(None)
        if unreadable:
            raise DataError(
                f"of {len(files)} images {unreadable} in {self._image!r} cannot be read "
                "as PNG or JPEG, the only formats allowed. Correct the data or leave those rows "
                "out; for decoded images set shape."
            )
        return np.array(files, dtype=object)[:, np.newaxis]


def _kind(example: Any, name: str) -> str:
    """Returns what list a feature is, "" if there is none; asking for it would make one."""
    feature = example.features.feature
    return str(feature[name].WhichOneof("kind") or "") if name in feature else ""


def _pixels(file: bytes) -> npt.NDArray[Any] | None:
    """Returns a PNG's or JPEG's pixels, (h, w, c), uint8 or uint16; None if it is neither."""
    try:
        if file.startswith(PNG):
            dtype = tf.uint16 if file[PNG_DEPTH] == b"\x10" else tf.uint8
            image = tf.io.decode_png(file, dtype=dtype)
        elif file.startswith(JPEG):
            # The default, also of decode_image, is a fast DCT: it is off by up to 8 of 255 and
            # darkens by 0.5 on average, so new rows could be told from old ones.
            image = tf.io.decode_jpeg(file, dct_method="INTEGER_ACCURATE")
        else:
            return None
    except tf.errors.InvalidArgumentError:
        return None
    pixels: npt.NDArray[Any] = image.numpy()
    return pixels


def _canvas(pixels: npt.NDArray[Any], *, fill: Literal["nearest", "constant"]) -> Canvas:
    channels = pixels.shape[-1]
    opacity = channels in (2, 4)
    high = float(np.iinfo(pixels.dtype).max)
    return Canvas(low=0.0, high=high, fill=fill, colours=channels - opacity)


def _file(pixels: npt.NDArray[Any], *, like: bytes) -> bytes:
    if like.startswith(PNG):
        return bytes(tf.io.encode_png(pixels).numpy())
    return bytes(tf.io.encode_jpeg(pixels, quality=JPEG_QUALITY).numpy())


def _serialized(values: npt.NDArray[Any], kind: str) -> npt.NDArray[Any]:
    """Returns one serialized tf.train.Feature per row of `values`, (n,).

    TensorFlow packs a whole batch at once; a protobuf list takes values one by one in Python.
    """
    message, dtype = (ENCODED | DECODED)[kind]
    sizes = np.full((len(values), 1), values.shape[1], dtype=np.int32)
    lists = tf.io.encode_proto(
        sizes, [tf.constant(values, dtype)], ["value"], f"tensorflow.{message}"
    )
    features: npt.NDArray[Any] = tf.io.encode_proto(
        np.ones_like(sizes), [lists[:, tf.newaxis]], [kind], "tensorflow.Feature"
    ).numpy()
    return features
