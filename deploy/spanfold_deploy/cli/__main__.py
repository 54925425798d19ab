"""``python -m spanfold_deploy.cli`` is the ``spanfold`` command."""

from spanfold_deploy.cli import main

main()
