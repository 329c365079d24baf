"""Announcements on their way to the shops: spread over their endpoints, signed, sent, repeated until heard."""
