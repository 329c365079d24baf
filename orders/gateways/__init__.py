"""The doors to the outside: plain frozen data in and out, no models, no settings, no queue."""
