"""Tests of what the processes tell: logs, health, figures."""
