"""What a released version is registered as."""

from pydantic import Field, field_validator

from tfx_rebalance.settings import Settings

MODEL_ID = r"^([a-z_][a-z0-9_-]{0,62}|[0-9]{1,19})$"


class RegistrySettings(Settings):
    """Vertex AI Model Registry."""

    model: str | None = Field(default=None, pattern=MODEL_ID)
    """The id of the model that released versions are versions of; it is made if it is not there,
    unless it is one of Vertex's own numbers. Null: the pipeline's name."""
    serving_image: str = Field(min_length=1)
    """What Vertex serves the SavedModel with: an image in Artifact Registry, such as one of
    Vertex's own for TensorFlow."""

    @field_validator("serving_image")
    @classmethod
    def _an_image(cls, image: str) -> str:
        host, slash, path = image.partition("/")
        if not (slash and path and "." in host) or "://" in image or len(image.split()) != 1:
            raise ValueError(
                "must be an image with its host, such as LOCATION-docker.pkg.dev/PROJECT/"
                f"REPOSITORY/IMAGE:TAG, got {image!r}: Vertex takes it from Artifact Registry only"
            )
        return image


class RegistrarSettings(Settings):
    """The same with the place, as the node is told it."""

    project: str
    location: str
    model: str = Field(pattern=MODEL_ID)
    serving_image: str
    labels: dict[str, str] = {}
    """Of every version, beside those that say what it is."""

    @property
    def parent(self) -> str:
        """The resource name of the place."""
        return f"projects/{self.project}/locations/{self.location}"

    @property
    def name(self) -> str:
        """The resource name of the model."""
        return f"{self.parent}/models/{self.model}"

    @property
    def is_numbered(self) -> bool:
        """Whether the id is one that only Vertex can have given."""
        return self.model.isdigit()
