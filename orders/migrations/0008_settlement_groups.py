"""Finance and supervisors reconcile and close months; what a group may do is the merchant's to change afterwards."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

GROUPS = ("finance", "supervisor")
WORDS = ("reconcile", "close_month")


def allow(apps, schema_editor):
    """Django makes permissions only after the last migration, so those of this app are made here first."""
    using = schema_editor.connection.alias
    stub = apps.get_app_config("orders")
    stub.models_module = True
    create_permissions(stub, apps=apps, using=using, verbosity=0)
    Permission = apps.get_model("auth", "Permission")
    permissions = Permission.objects.using(using).filter(content_type__app_label="orders", codename__in=WORDS)
    for group in apps.get_model("auth", "Group").objects.using(using).filter(name__in=GROUPS):
        group.permissions.add(*permissions)


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_settlement")]

    operations = [migrations.RunPython(allow, migrations.RunPython.noop)]
