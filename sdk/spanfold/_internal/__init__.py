"""Everything behind the public names. Nothing in here is an interface."""
