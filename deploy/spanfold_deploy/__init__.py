"""The composition root: the command line and everything that starts a server."""
