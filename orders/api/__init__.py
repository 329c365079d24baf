"""The JSON API for shops, `/api/v1/`: the same verbs and rules as the pages, told in JSON. Start at `door.py`."""
