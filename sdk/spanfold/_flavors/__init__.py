"""What the flavors share: templates, rows, calls of providers, their spans, their settings."""
