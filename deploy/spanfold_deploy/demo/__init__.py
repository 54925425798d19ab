"""The demo: a real retrieval question-answering service over Python's own documentation strings.

    traffic ──HTTP──▶ answer (one process a model version) ──HTTP──▶ retriever ──▶ ranking ──▶ corpus

``versions.py`` holds the three versions of the application, ``questions.py`` what is asked of them, and
``run.py`` starts everything and reports. Nothing is simulated: answers, latencies, failures and scores are
what the code really does on this machine.
"""
