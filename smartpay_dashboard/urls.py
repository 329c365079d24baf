"""Every address of the site: log-in, health, the back office; the rest is the orders app's own."""

from allauth.account.decorators import secure_admin_login
from allauth.account.views import login, logout
from django.contrib import admin
from django.urls import include, path, re_path

from orders.api.door import door
from orders.views.health import healthz, metrics, readyz

# One door: the back office sends people to the same log-in page, with the same rate limit.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("login/", login, name="account_login"),
    path("logout/", logout, name="account_logout"),
    path("admin/", admin.site.urls),
    re_path(r"^api/v1/(?P<path>[\s\S]*)\Z", door, name="api"),
    path("", include("orders.urls")),
]
