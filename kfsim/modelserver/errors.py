"""What a request can be refused with; texts are those of KServe's Python server (kserve/errors.py).

The body is `{"error": text}`, except for unknown paths and methods, where FastAPI's `{"detail": …}`
shines through.
"""


class ServingError(Exception):
    """A refusal with its HTTP status code."""

    status = 500
    key = "error"


class InvalidInput(ServingError):
    """The body cannot be understood."""

    status = 400


class ModelNotFound(ServingError):
    """No model of that name is known."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"Model with name {name} does not exist.")


class ModelNotReady(ServingError):
    """The model is known and not loaded."""

    status = 503

    def __init__(self, name: str, detail: str = "") -> None:
        super().__init__(f"Model with name {name} is not ready." + (f" {detail}" if detail else ""))


class InferenceError(ServingError):
    """The model raised while predicting."""

    status = 500


class NotSupported(ServingError):
    """Part of the protocol, not of this server."""

    status = 501


class NoSuchPath(ServingError):
    status = 404
    key = "detail"

    def __init__(self) -> None:
        super().__init__("Not Found")


class MethodNotAllowed(ServingError):
    status = 405
    key = "detail"

    def __init__(self) -> None:
        super().__init__("Method Not Allowed")


class TooLarge(ServingError):
    status = 413
