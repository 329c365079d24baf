"""Proofs that no money is lost or moved twice: an independent auditor, and runs that kill what can be killed."""
