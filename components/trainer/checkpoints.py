"""Where an unfinished training is kept, and whose it is."""

import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tfx_rebalance.errors import ModelError

JOB = "job.json"


@dataclass(frozen=True)
class Checkpoints:
    """A folder that belongs to one training: its settings, data and version."""

    folder: str

    @classmethod
    def of(cls, base: str, job: dict[str, Any]) -> "Checkpoints":
        """Opens the folder of a job below `base`, and makes it where there is none.

        Args:
            base: The folder of all unfinished trainings of a pipeline.
            job: What the training is made of, as JSON.

        Raises:
            ModelError: If the folder holds the training of another job.
        """
        text = json.dumps(job, sort_keys=True)
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        folder = os.path.join(base, name)
        path = os.path.join(folder, JOB)
        if tf.io.gfile.exists(path):
            with tf.io.gfile.GFile(path) as file:
                _check(json.loads(file.read()), job, folder)
        else:
            tf.io.gfile.makedirs(folder)
            with tf.io.gfile.GFile(path, "w") as file:
                file.write(text)
        return cls(folder)

    def member(self, number: int) -> str:
        """Returns the folder of a member of an ensemble, or of the one model there is."""
        return os.path.join(self.folder, f"member-{number}")

    def others(self) -> list[str]:
        """Returns the folders of other unfinished trainings beside this one."""
        base = os.path.dirname(self.folder)
        names = sorted(name.rstrip("/") for name in tf.io.gfile.listdir(base))
        folders = [os.path.join(base, name) for name in names]
        return [folder for folder in folders if folder != self.folder]

    def remove(self) -> None:
        """Forgets the training: it has ended."""
        tf.io.gfile.rmtree(self.folder)


def _check(found: dict[str, Any], job: dict[str, Any], folder: str) -> None:
    different = differences(found, job)
    if different:
        raise ModelError(
            f"the checkpoint in {folder!r} is of another config: {'; '.join(different)}. Remove "
            "that folder to train anew, or set the config back to go on with it."
        )


def differences(found: Any, wanted: Any, key: str = "") -> list[str]:
    """Returns `key: was ..., is ...` for each leaf that differs."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        return [
            text
            for name in sorted({*found, *wanted})
            for text in differences(found.get(name), wanted.get(name), f"{key}.{name}".lstrip("."))
        ]
    return [] if found == wanted else [f"{key} was {found!r}, is {wanted!r}"]
