"""A model provider in miniature: OpenAI's and Anthropic's wire protocols over real sockets.

The real client libraries talk to it as they talk to the provider, and it keeps each request with its headers.
"""
