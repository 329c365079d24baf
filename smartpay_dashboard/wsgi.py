"""The web server's entrance."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smartpay_dashboard.settings")

application = get_wsgi_application()

from smartpay_dashboard.checks import refuse_weak_settings  # noqa: E402  # needs the settings that are loaded above

refuse_weak_settings()
