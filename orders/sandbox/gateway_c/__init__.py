"""Gateway C (SmarterPay Cloud cards) as its documents describe it, under the prefix /smarterpay."""
