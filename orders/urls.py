"""Every address of the orders app; names are nouns."""

from django.urls import URLPattern, URLResolver, path, register_converter

from orders.views import (
    accounts,
    capabilities,
    help,
    inbox,
    live,
    modification_page,
    modifications,
    new_payment,
    order,
    orders_list,
    plans,
    proposals,
    shop_webhooks,
    tokens,
    webhooks,
)
from orders.views.nouns import KindConverter, RowConverter
from orders.views.reconciliation import arrivals as settlement_arrivals
from orders.views.reconciliation import (
    discrepancies,
    discrepancies_bulk,
    discrepancies_export,
    discrepancies_page,
    laboratory,
    months,
    terms,
)
from orders.views.reconciliation import files as settlement_files
from orders.views.reconciliation import home as reconciliation_home
from orders.views.reconciliation import lines as settlement_lines
from orders.views.reconciliation import nights as reconciliation_nights
from orders.views.reconciliation import profiles as settlement_profiles
from orders.views.reconciliation import runs as reconciliation_runs
from orders.views.reconciliation import uploads as settlement_uploads

register_converter(KindConverter, "kind")
register_converter(RowConverter, "row")

app_name = "orders"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", orders_list.home, name="home"),
    path("orders/", orders_list.order_list, name="order_list"),
    path("search/", orders_list.search, name="search"),
    path("shortcuts/", help.shortcuts, name="shortcuts"),
    path("theme/", help.theme, name="theme"),
    # One order.
    path("orders/<row:order_id>/", order.order, name="order"),
    path("orders/<row:order_id>/live/", live.order_live, name="order_live"),
    path("orders/<row:order_id>/events/", order.order_events, name="order_events"),
    path("orders/<row:order_id>/conversation/", order.order_conversation, name="order_conversation"),
    # Money actions: captures, cancellations, reversals, refunds.
    path("transactions/<row:transaction_id>/<kind:kind>/new", modifications.modification_new, name="modification_new"),
    path(
        "transactions/<row:transaction_id>/<kind:kind>/preview",
        modifications.modification_preview,
        name="modification_preview",
    ),
    path(
        "transactions/<row:transaction_id>/<kind:kind>/", modifications.modification_create, name="modification_create"
    ),
    path("transactions/<row:transaction_id>/refreshes/", order.create_refresh, name="refresh_create"),
    path("transactions/<row:transaction_id>/unfreezing/", proposals.unfreezing, name="unfreezing"),
    # New payments.
    path("payments/new", new_payment.payment_new, name="payment_new"),
    path("payments/", new_payment.payment_create, name="payment_create"),
    path("payments/<uuid:modification_id>/", new_payment.payment, name="payment"),
    path("payments/<uuid:modification_id>/live/", new_payment.payment_live, name="payment_live"),
    # One modification.
    path("modifications/", modification_page.modification_list, name="modification_list"),
    path("modifications/<uuid:modification_id>/", modification_page.modification, name="modification"),
    path("modifications/<uuid:modification_id>/live/", live.modification_live, name="modification_live"),
    path("modifications/<uuid:modification_id>/withdrawal/", modifications.withdrawal_create, name="withdrawal_create"),
    path("modifications/<uuid:modification_id>/questions/", modification_page.question_create, name="question_create"),
    path("modifications/<uuid:modification_id>/retries/", modification_page.retry_create, name="retry_create"),
    path(
        "modifications/<uuid:modification_id>/resolutions/",
        modification_page.resolution_create,
        name="resolution_create",
    ),
    # A refund over several captures.
    path("plans/<uuid:plan_id>/", plans.plan, name="plan"),
    path("plans/<uuid:plan_id>/live/", live.plan_live, name="plan_live"),
    path("plans/<uuid:plan_id>/rest/", plans.plan_rest_create, name="plan_rest_create"),
    # What needs two people.
    path("proposals/", proposals.proposal_list, name="proposal_list"),
    path("proposals/<uuid:proposal_id>/", proposals.proposal, name="proposal"),
    path(
        "proposals/<uuid:proposal_id>/confirmation/", proposals.confirmation_create, name="proposal_confirmation_create"
    ),
    path("proposals/<uuid:proposal_id>/rejection/", proposals.rejection_create, name="proposal_rejection_create"),
    # Keys of the JSON API.
    path("tokens/", tokens.token_list, name="token_list"),
    path("tokens/new", tokens.token_new, name="token_new"),
    path("tokens/<uuid:token_id>/", tokens.token_revocation, name="token_revocation"),
    path("tokens/<uuid:token_id>/revocation/", tokens.revocation_create, name="token_revocation_create"),
    # What shops are told.
    path("shop-webhooks/", shop_webhooks.endpoint_list, name="shop_webhook_list"),
    path("shop-webhooks/new", shop_webhooks.endpoint_new, name="shop_webhook_new"),
    path("shop-webhooks/<uuid:endpoint_id>/", shop_webhooks.endpoint, name="shop_webhook"),
    path("shop-webhooks/<uuid:endpoint_id>/secret/", shop_webhooks.secret_create, name="shop_webhook_secret"),
    path(
        "shop-webhooks/<uuid:endpoint_id>/deliveries/<row:delivery_id>/",
        shop_webhooks.redelivery_create,
        name="shop_redelivery_create",
    ),
    path("shop-webhooks/<uuid:endpoint_id>/<slug:act>/", shop_webhooks.endpoint_act, name="shop_webhook_act"),
    # What gateways tell.
    path("webhooks/<str:token>/", webhooks.webhook, name="webhook"),
    path("inbox/", inbox.delivery_list, name="inbox"),
    path("inbox/rejected/", inbox.rejection_list, name="inbox_rejections"),
    path("inbox/<row:delivery_id>/", inbox.delivery, name="inbox_delivery"),
    path("inbox/<row:delivery_id>/repetition/", inbox.repetition_create, name="inbox_repetition_create"),
    # Gateway accounts.
    path("accounts/", accounts.account_list, name="account_list"),
    path("accounts/<row:account_id>/webhooks/", inbox.account_webhooks, name="account_webhooks"),
    path("accounts/<row:account_id>/pause/", accounts.account_pause, name="account_pause"),
    path("accounts/<row:account_id>/resumption/", accounts.account_resumption, name="account_resumption"),
    path("capabilities/", capabilities.capabilities, name="capabilities"),
    path("accounts/pause/", accounts.general_pause, name="general_pause"),
    path("accounts/resumption/", accounts.general_resumption, name="general_resumption"),
    # Reconciliation.
    path("reconciliation/", reconciliation_home.home, name="reconciliation"),
    path("reconciliation/files/", settlement_files.file_list, name="settlement_file_list"),
    path("reconciliation/files/new", settlement_uploads.file_new, name="settlement_file_new"),
    path("reconciliation/files/arrivals/", settlement_arrivals.arrival_create, name="settlement_arrival_create"),
    path("reconciliation/files/uploads/", settlement_arrivals.upload_create, name="settlement_upload_create"),
    path(
        "reconciliation/files/uploads/<row:file_id>/parts/",
        settlement_arrivals.upload_part_create,
        name="settlement_upload_part_create",
    ),
    path(
        "reconciliation/files/uploads/<row:file_id>/end/",
        settlement_arrivals.upload_end,
        name="settlement_upload_end",
    ),
    path(
        "reconciliation/files/uploads/<row:file_id>/abandonment/",
        settlement_arrivals.upload_abandonment_create,
        name="settlement_upload_abandonment_create",
    ),
    path("reconciliation/files/<row:file_id>/", settlement_files.file, name="settlement_file"),
    path(
        "reconciliation/files/<row:file_id>/setting-aside/",
        settlement_files.setting_aside_create,
        name="settlement_setting_aside_create",
    ),
    path("reconciliation/files/<row:file_id>/live/", settlement_files.file_live, name="settlement_file_live"),
    path("reconciliation/files/<row:file_id>/changes/", settlement_files.file_changes, name="settlement_file_changes"),
    path(
        "reconciliation/files/<row:file_id>/original/", settlement_files.file_original, name="settlement_file_original"
    ),
    # Discrepancies.
    path("reconciliation/discrepancies/", discrepancies.discrepancy_list, name="discrepancy_list"),
    path("reconciliation/discrepancies/export/", discrepancies_export.discrepancy_export, name="discrepancy_export"),
    path("reconciliation/discrepancies/bulk/", discrepancies_bulk.bulk_create, name="discrepancy_bulk_create"),
    path("reconciliation/discrepancies/sheet/", discrepancies_bulk.sheet, name="discrepancy_sheet"),
    path("reconciliation/discrepancies/sheet/acts/", discrepancies_bulk.sheet_create, name="discrepancy_sheet_create"),
    path("reconciliation/discrepancies/<row:discrepancy_id>/", discrepancies_page.discrepancy, name="discrepancy"),
    path(
        "reconciliation/discrepancies/<row:discrepancy_id>/desk/",
        discrepancies_page.desk_create,
        name="discrepancy_desk_create",
    ),
    path(
        "reconciliation/discrepancies/<row:discrepancy_id>/matching/",
        discrepancies_page.matching_create,
        name="discrepancy_matching_create",
    ),
    path(
        "reconciliation/discrepancies/<row:discrepancy_id>/fixes/<slug:code>/",
        discrepancies_page.fix_create,
        name="discrepancy_fix_create",
    ),
    # Nights and drifts.
    path("reconciliation/nights/", reconciliation_nights.night_list, name="night_list"),
    path("reconciliation/nights/<row:merchant_id>/<str:day_text>/", reconciliation_nights.night, name="night"),
    path("reconciliation/drifts/", reconciliation_nights.drift_list, name="drift_list"),
    path(
        "reconciliation/drifts/<row:drift_id>/decisions/",
        reconciliation_nights.drift_decision_create,
        name="drift_decision_create",
    ),
    # The laboratory.
    path("reconciliation/laboratory/", laboratory.laboratory, name="laboratory"),
    path("reconciliation/laboratory/<row:run_id>/", laboratory.experiment, name="experiment"),
    path(
        "reconciliation/profiles/<row:profile_id>/experiments/",
        laboratory.experiment_create,
        name="experiment_create",
    ),
    # Profiles and terms.
    path("reconciliation/profiles/", settlement_profiles.profile_list, name="profile_list"),
    path("reconciliation/profiles/new", settlement_profiles.profile_new, name="profile_new"),
    path("reconciliation/profiles/<row:profile_id>/", settlement_profiles.profile, name="profile"),
    path(
        "reconciliation/profiles/<row:profile_id>/activation/",
        settlement_profiles.activation_create,
        name="profile_activation_create",
    ),
    path(
        "reconciliation/profiles/<row:profile_id>/retirement/",
        settlement_profiles.retirement_create,
        name="profile_retirement_create",
    ),
    path("reconciliation/terms/<row:account_id>/", terms.settlement_terms, name="settlement_terms"),
    # Months.
    path("reconciliation/months/", months.month_list, name="month_list"),
    path("reconciliation/months/<row:account_id>/<str:month_text>/", months.month, name="month"),
    path(
        "reconciliation/months/<row:account_id>/<str:month_text>/signatures/",
        months.signature_create,
        name="month_signature_create",
    ),
    path(
        "reconciliation/months/<row:account_id>/<str:month_text>/confirmations/",
        months.confirmation_create,
        name="month_confirmation_create",
    ),
    path(
        "reconciliation/months/<row:account_id>/<str:month_text>/withdrawals/",
        months.withdrawal_create,
        name="month_withdrawal_create",
    ),
    path(
        "reconciliation/months/<row:account_id>/<str:month_text>/reopenings/",
        months.reopening_create,
        name="month_reopening_create",
    ),
    path(
        "reconciliation/months/<row:account_id>/<str:month_text>/carryings/",
        months.carrying_create,
        name="month_carrying_create",
    ),
    path(
        "reconciliation/months/<row:account_id>/<str:month_text>/report/<slug:form>/",
        months.report,
        name="month_report",
    ),
    path("reconciliation/lines/<row:line_id>/", settlement_lines.line, name="settlement_line"),
    path("reconciliation/lines/<row:line_id>/links/", settlement_lines.link_create, name="link_create"),
    path("reconciliation/matches/<row:match_id>/", settlement_lines.match, name="match"),
    path("reconciliation/matches/<row:match_id>/end/", settlement_lines.match_end, name="match_end"),
    path("reconciliation/runs/", reconciliation_runs.run_list, name="run_list"),
    path("reconciliation/runs/<row:run_id>/", reconciliation_runs.run, name="run"),
    path("reconciliation/runs/<row:run_id>/live/", reconciliation_runs.run_live, name="run_live"),
]
