"""Settlement files of the three gateways, made from their ledgers, with mistakes on request and the truth beside."""
