"""Gateway B (Smartpay order API) as its documents describe it, under the prefix /smartpay-orders/v1."""
