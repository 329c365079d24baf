"""Every address of the orders app; names are nouns."""

from django.urls import URLPattern, URLResolver, path

from orders.views import help, orders_list

app_name = "orders"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", orders_list.home, name="home"),
    path("orders/", orders_list.order_list, name="order_list"),
    path("search/", orders_list.search, name="search"),
    path("shortcuts/", help.shortcuts, name="shortcuts"),
    path("theme/", help.theme, name="theme"),
]
