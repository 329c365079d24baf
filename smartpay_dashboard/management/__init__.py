"""Errands about the installation itself."""
