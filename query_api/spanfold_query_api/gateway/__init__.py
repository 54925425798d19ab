"""The LLM gateway: one OpenAI-compatible interface to every provider, with limits, fallback and splits."""
