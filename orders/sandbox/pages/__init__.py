"""The sandbox's own pages: a shopper's checkout, the merchant portal, the fault dial. No real money moves."""
