"""Tests of the processes: broker, keeper, launchers."""
