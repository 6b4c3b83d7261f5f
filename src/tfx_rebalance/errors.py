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
    """A file could not be written."""


class ModelError(RebalanceError):
    """A model could not be trained, loaded or used."""
