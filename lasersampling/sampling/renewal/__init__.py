"""sampling/renewal."""
