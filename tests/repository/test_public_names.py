"""What users import is written down here: a name comes or goes only on purpose."""

from __future__ import annotations

import inspect

import spanfold

PUBLIC_NAMES = [
    "ActiveModel",
    "LoggedModel",
    "autolog",
    "clear_active_model",
    "configure",
    "create_external_model",
    "flush",
    "get_active_model_id",
    "set_active_model",
    "shutdown",
    "start_span",
    "trace",
]


def test_the_public_names_of_the_sdk_are_these() -> None:
    assert sorted(spanfold.__all__) == PUBLIC_NAMES


def test_every_public_name_is_documented() -> None:
    documented = {name: inspect.getdoc(getattr(spanfold, name)) for name in spanfold.__all__}
    assert not [name for name, text in documented.items() if not text]
