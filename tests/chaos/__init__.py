"""Chaos: hundreds of modifications while gateways lie and workers die; at the end every cent is there."""
