"""Auto-instrumentation: which published instrumentors are there, which of them to use, and when to load them.

``catalogue`` knows libraries, ``choice`` picks one instrumentor a library (pure), ``loading`` waits for the
library to be imported, ``autolog`` ties them together. ``launch`` starts other programs under ``site``, whose
``sitecustomize`` does the same inside them; ``doctor`` tells what came of it.
"""
