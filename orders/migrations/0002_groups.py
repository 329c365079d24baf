"""Seed the groups people are put into. What each may do is the merchant's to change afterwards; this runs once."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

AGENT = ["view_order", "capture", "cancel", "refund"]
GROUPS = {
    "viewer": ["view_order"],
    "agent": AGENT,
    "supervisor": [*AGENT, "repair", "export", "read_audit"],
    "finance": ["view_order", "export", "read_audit"],
    "integrator": ["view_order", "configure"],
}


def seed(apps, schema_editor):
    """Django makes permissions only after the last migration, so those of this app are made here first."""
    using = schema_editor.connection.alias
    stub = apps.get_app_config("orders")
    stub.models_module = True
    create_permissions(stub, apps=apps, using=using, verbosity=0)
    Permission = apps.get_model("auth", "Permission")
    for name, codenames in GROUPS.items():
        group, made = apps.get_model("auth", "Group").objects.using(using).get_or_create(name=name)
        if made:
            permissions = Permission.objects.using(using).filter(
                content_type__app_label="orders", codename__in=codenames
            )
            group.permissions.set(permissions)


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
