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

from spanfold.pyfunc._logging import Flavor, ModelInfo, log_flavor, save_flavor
from spanfold.pyfunc._signature import ColSpec, ModelSignature, ParamSpec, infer_signature

__all__ = [
    "ColSpec",
    "Flavor",
    "ModelInfo",
    "ModelSignature",
    "ParamSpec",
    "infer_signature",
    "log_flavor",
    "save_flavor",
]
