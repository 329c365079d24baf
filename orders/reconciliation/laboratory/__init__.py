"""Trying another profile or tolerance on the last ninety days before it is used."""
