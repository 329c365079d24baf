"""One file for each errand; `manage.py help` lists them."""
