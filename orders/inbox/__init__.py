"""What gateways tell us by webhook: stored first, once, and worked off afterwards, each event by itself."""
