"""From the books to what a page shows: plain frozen data, ready for a template that computes nothing."""
