"""Models of any kind, logged with their files and loaded again: one way to call them all.

Example:
    >>> import spanfold
    >>> class Shout(spanfold.pyfunc.PythonModel):
    ...     def predict(self, context, model_input, params=None):
    ...         return [text.upper() for text in model_input["text"]]
    >>> info = spanfold.pyfunc.log_model(name="shout", python_model=Shout())  # doctest: +SKIP
    >>> spanfold.pyfunc.load_model(info.model_uri).predict({"text": ["hello"]})  # doctest: +SKIP
    ['HELLO']
"""

from __future__ import annotations

from spanfold.pyfunc._loaded import PyFuncModel
from spanfold.pyfunc._loading import load_model
from spanfold.pyfunc._logging import Flavor, ModelInfo, log_flavor, save_flavor
from spanfold.pyfunc._python_log import log_model, save_model
from spanfold.pyfunc._python_model import PythonModel, PythonModelContext, set_model
from spanfold.pyfunc._signature import ColSpec, ModelSignature, ParamSpec, infer_signature

__all__ = [
    "ColSpec",
    "Flavor",
    "ModelInfo",
    "ModelSignature",
    "ParamSpec",
    "PyFuncModel",
    "PythonModel",
    "PythonModelContext",
    "infer_signature",
    "load_model",
    "log_flavor",
    "log_model",
    "save_flavor",
    "save_model",
    "set_model",
]
