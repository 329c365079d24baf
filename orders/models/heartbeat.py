"""Signs of life of the processes, kept in the database so that every process can see them."""

from django.db import models


class Heartbeat(models.Model):
    """When a part of the machine last made a full turn; `note` holds its figures as a sentence."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"
