"""The nightly job: once for each account and business date, resumed where it was killed, told in the morning."""
