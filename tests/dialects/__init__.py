"""What the published instrumentors really send, recorded, and what becomes of it."""
