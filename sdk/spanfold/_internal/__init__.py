"""Not for import from outside: public are ``spanfold``, ``spanfold.errors`` and ``spanfold.testing``."""
