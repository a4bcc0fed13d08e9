"""Why a container cannot be run, as its Pod's status shows it."""


class StartFailure(Exception):
    """`reason` is the waiting reason of the container; the message says the mend."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


NEEDS_DOCKER = "NeedsDocker"
PORT_NOT_CONFIGURABLE = "PortNotConfigurable"
PATH_NOT_MAPPABLE = "PathNotMappable"
CREATE_ERROR = "CreateContainerError"
