"""The web page: built files, and the routes that serve them. Its source is in ``query_api/web``."""
