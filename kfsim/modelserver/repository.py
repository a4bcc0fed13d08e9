"""The models of one server: by name, loaded or not.

`load` and `unload` are the repository extension of the V2 protocol; a model other than the server's
own is looked for in the folder of that name below the model directory, as sklearnserver does.
"""

import os
import time
from pathlib import Path
from typing import Any

from kfsim.modelserver.errors import InferenceError, ModelNotFound, ModelNotReady
from kfsim.modelserver.loading import LoadedModel, LoadFailure, load_model

# A prediction that took longer than this moves the next ones to the worker thread.
SLOW_SECONDS = 0.005


class ServedModel:
    """A loaded model with its predict function."""

    __slots__ = ("loaded", "name", "predict_function", "slow")

    def __init__(self, name: str, loaded: LoadedModel) -> None:
        self.name = name
        self.loaded = loaded
        self.slow = False
        model = loaded.model
        wants_proba = os.environ.get("PREDICT_PROBA", "false").lower() == "true"
        use_proba = wants_proba and hasattr(model, "predict_proba")
        self.predict_function = model.predict_proba if use_proba else model.predict

    def predict(self, instances: Any) -> Any:
        """Call the model; whatever it raises becomes an InferenceError with its text."""
        started = time.perf_counter()
        try:
            result = self.predict_function(instances)
        except Exception as error:
            raise InferenceError(str(error)) from error
        self.slow = time.perf_counter() - started > SLOW_SECONDS
        return result


class ModelRepository:
    """Models by name. A name without a model is known and not ready."""

    def __init__(self, *, name: str, model_dir: str, allow_pickle: bool) -> None:
        self._own = name
        self._model_dir = model_dir
        self._allow_pickle = allow_pickle
        self._models: dict[str, ServedModel] = {}

    def names(self) -> list[str]:
        return list(self._models)

    def is_ready(self, name: str) -> bool:
        """Whether the model can predict. Raises ModelNotFound."""
        if name not in self._models:
            raise ModelNotFound(name)
        return True

    def get(self, name: str) -> ServedModel:
        """Raises ModelNotFound."""
        model = self._models.get(name)
        if model is None:
            raise ModelNotFound(name)
        return model

    def load_own(self) -> LoadedModel:
        """Load the server's own model. Raises LoadFailure."""
        loaded = load_model(self._model_dir, allow_pickle=self._allow_pickle)
        self._models[self._own] = ServedModel(self._own, loaded)
        return loaded

    def load(self, name: str) -> None:
        """Load or load again by name. Raises ModelNotReady with the reason."""
        try:
            if name == self._own:
                self.load_own()
                return
            folder = Path(self._model_dir) / name
            if name in ("", ".", "..") or "/" in name or not folder.is_dir():
                raise LoadFailure(f"there is no folder {name!r} in {self._model_dir}")
            loaded = load_model(str(folder), allow_pickle=self._allow_pickle)
            self._models[name] = ServedModel(name, loaded)
        except LoadFailure as failure:
            raise ModelNotReady(name, str(failure)) from failure

    def unload(self, name: str) -> None:
        """Forget a model. Raises ModelNotFound."""
        if self._models.pop(name, None) is None:
            raise ModelNotFound(name)
