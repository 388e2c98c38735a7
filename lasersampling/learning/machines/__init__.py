"""learning/machines."""
