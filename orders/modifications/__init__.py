"""The life of one capture, cancellation or refund: rules → request → tasks → clock → submit → resolve, and recover."""
