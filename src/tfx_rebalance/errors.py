"""The errors a user sees: each says what was wrong, the value, what is allowed and what to do."""


class RebalanceError(Exception):
    """An expected failure with a message for a person; the command shows no traceback."""

    exit_code = 1


class ConfigError(RebalanceError, ValueError):
    """The config or the command line is wrong: nothing was started."""

    exit_code = 2


class DataError(RebalanceError, ValueError):
    """The data cannot be used as the config and the schema say: nothing was published."""

    exit_code = 3


class StopRun(RebalanceError):
    """Data validation stops the run after its verdict has been published."""

    exit_code = 3


class CorruptArtifactError(RebalanceError):
    """A file that an earlier node wrote can no longer be read."""


class StorageError(RebalanceError):
    """A file could not be written, or a folder not be listed."""


class ModelError(RebalanceError):
    """A model could not be trained, loaded or used."""


class ServiceError(RebalanceError):
    """Kubeflow Pipelines or Vertex AI could not be reached, or did not do what it was asked."""

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status
        """As HTTP counts; 0: it was not reached."""

    @property
    def passing(self) -> bool:
        """Whether it may go well the next time."""
        return self.status in {0, 408, 429} or self.status >= 500

    @property
    def in_doubt(self) -> bool:
        """Whether it may have been done all the same."""
        return self.status == 408 or self.status >= 500
