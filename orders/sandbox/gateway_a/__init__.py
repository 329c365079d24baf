"""Gateway A (SmartPay) as its documents describe it, under the prefix /smartpay."""
