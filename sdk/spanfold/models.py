"""MLflow's place for what belongs to logged models of every kind; see :mod:`spanfold.pyfunc`.

Example:
    >>> infer_signature({"question": ["why?"]}).input_names
    ('question',)
"""

from __future__ import annotations

from spanfold.pyfunc import ModelInfo, ModelSignature, infer_signature, set_model

__all__ = ["ModelInfo", "ModelSignature", "infer_signature", "set_model"]
