"""Writes the schema's text where stock components look for it."""

import os

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import types
from tfx.components.schema_gen.executor import DEFAULT_FILE_NAME
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import artifact_utils
from tfx.utils import io_utils

Artifacts = dict[str, list[types.Artifact]]


class Executor(BaseExecutor):
    """Parses the text first: what is no schema is no artifact."""

    def Do(
        self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, str]
    ) -> None:
        """Writes `schema.pbtxt`, byte for byte as it was carried."""
        text = exec_properties["text"]
        text_format.Parse(text, schema_pb2.Schema())
        folder = artifact_utils.get_single_uri(output_dict["schema"])
        io_utils.write_string_file(os.path.join(folder, DEFAULT_FILE_NAME), text)
