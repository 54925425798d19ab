"""``python -m spanfold run ...`` and ``doctor``, where the command is not on the path."""

from __future__ import annotations

import sys

from spanfold._internal.instrumentation.command import main

main(sys.argv[1:])
