import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from opsboard.core.founding import at_once


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('contenttypes', '0002_remove_content_type_name'),
        ('core', '0001_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = at_once([
        migrations.CreateModel(
            name='Process',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('limited_to', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, verbose_name='Only for teams')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='Version')),
                ('name', models.CharField(max_length=200, verbose_name='Name')),
                ('description', models.TextField(blank=True, max_length=2000, verbose_name='What it is for')),
                ('created_at', models.DateTimeField()),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'verbose_name': 'Process',
                'verbose_name_plural': 'Processes',
                'ordering': ('name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.CharField(blank=True, max_length=300)),
                ('step_name', models.CharField(blank=True, max_length=300, verbose_name='Step')),
                ('text', models.CharField(max_length=2000, verbose_name='Remark')),
                ('at', models.DateTimeField()),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
                ('process', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='processes.process')),
            ],
            options={
                'verbose_name': 'Remark',
                'verbose_name_plural': 'Remarks',
                'ordering': ('process', 'id'),
            },
        ),
        migrations.CreateModel(
            name='EventLog',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=255, verbose_name='Name')),
                ('paired', models.BooleanField(default=False)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('cases', models.PositiveIntegerField(default=0, verbose_name='Cases')),
                ('events', models.PositiveIntegerField(default=0, verbose_name='Events')),
                ('activities', models.PositiveIntegerField(default=0, verbose_name='Steps')),
                ('variants', models.PositiveIntegerField(default=0, verbose_name='Variants')),
                ('first_event', models.DateTimeField(blank=True, null=True, verbose_name='From')),
                ('last_event', models.DateTimeField(blank=True, null=True, verbose_name='To')),
                ('lead_time', models.FloatField(blank=True, null=True, verbose_name='Lead time')),
                ('intervals', models.BooleanField(default=False)),
                ('facts', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('file', models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='+', to='core.storedfile')),
                ('singles', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='+', to='core.storedfile')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
                ('process', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='logs', to='processes.process')),
            ],
            options={
                'verbose_name': 'Event log',
                'verbose_name_plural': 'Event logs',
                'ordering': ('process', '-id'),
            },
        ),
        migrations.CreateModel(
            name='Drawing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='Version')),
                ('bpmn', models.TextField()),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='What changed')),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
                ('process', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drawings', to='processes.process')),
            ],
            options={
                'verbose_name': 'Drawing',
                'verbose_name_plural': 'Drawings',
                'ordering': ('process', '-number'),
            },
        ),
        migrations.CreateModel(
            name='ProcessEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('limited_to', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, verbose_name='Only for teams')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='Version')),
                ('name', models.CharField(max_length=200, verbose_name='Name')),
                ('description', models.TextField(blank=True, max_length=2000, verbose_name='What it is for')),
                ('created_at', models.DateTimeField()),
                ('deleted_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='processes.process')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Redesign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('about_id', models.BigIntegerField(blank=True, null=True)),
                ('about_name', models.CharField(blank=True, max_length=300)),
                ('about_url', models.CharField(blank=True, max_length=500)),
                ('name', models.CharField(max_length=200, verbose_name='Name')),
                ('live_from', models.DateField(verbose_name='Live from')),
                ('real', models.JSONField(blank=True, default=dict)),
                ('measured_at', models.DateTimeField(blank=True, null=True)),
                ('at', models.DateTimeField()),
                ('about_type', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='contenttypes.contenttype')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
                ('process', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='redesigns', to='processes.process')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'verbose_name': 'Redesign',
                'verbose_name_plural': 'Redesigns',
                'ordering': ('process', '-id'),
            },
        ),
        migrations.CreateModel(
            name='Simulation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('moves', models.JSONField(blank=True, default=list)),
                ('cases', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(20000)])),
                ('replications', models.PositiveIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(2), django.core.validators.MaxValueValidator(200)])),
                ('a_month', models.FloatField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(0.01)], verbose_name='Cases a month')),
                ('result', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.job')),
                ('log', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='simulations', to='processes.eventlog')),
                ('process', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='simulations', to='processes.process')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'verbose_name': 'Prediction',
                'verbose_name_plural': 'Predictions',
                'ordering': ('process', '-id'),
            },
        ),
        migrations.CreateModel(
            name='RedesignEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('about_id', models.BigIntegerField(blank=True, null=True)),
                ('about_name', models.CharField(blank=True, max_length=300)),
                ('about_url', models.CharField(blank=True, max_length=500)),
                ('name', models.CharField(max_length=200, verbose_name='Name')),
                ('live_from', models.DateField(verbose_name='Live from')),
                ('real', models.JSONField(blank=True, default=dict)),
                ('measured_at', models.DateTimeField(blank=True, null=True)),
                ('at', models.DateTimeField()),
                ('about_type', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='contenttypes.contenttype')),
                ('by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='processes.redesign')),
                ('process', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='processes.process')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace', verbose_name='Workspace')),
                ('simulation', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='processes.simulation')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='redesign',
            name='simulation',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='redesign', to='processes.simulation'),
        ),
        migrations.CreateModel(
            name='Staffing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(max_length=200, verbose_name='Role')),
                ('people', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='People')),
                ('cost_an_hour', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='Cost an hour')),
                ('hours', models.JSONField(blank=True, default=dict, verbose_name='Working hours')),
                ('process', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='staffing', to='processes.process')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'verbose_name': 'Role',
                'verbose_name_plural': 'Roles',
                'ordering': ('process', 'role'),
            },
        ),
        migrations.CreateModel(
            name='StaffingEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('role', models.CharField(max_length=200, verbose_name='Role')),
                ('people', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1)], verbose_name='People')),
                ('cost_an_hour', models.DecimalField(blank=True, decimal_places=2, max_digits=12, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='Cost an hour')),
                ('hours', models.JSONField(blank=True, default=dict, verbose_name='Working hours')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='processes.staffing')),
                ('process', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='processes.process')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Why',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('step', models.CharField(max_length=500, verbose_name='Step')),
                ('text', models.CharField(max_length=300, verbose_name='Because')),
                ('state', models.CharField(choices=[('open', 'Supposed'), ('confirmed', 'Confirmed'), ('refuted', 'Refuted')], default='open', max_length=9)),
                ('evidence', models.JSONField(blank=True, default=dict)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='processes.why')),
                ('process', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='whys', to='processes.process')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'verbose_name': 'Why',
                'verbose_name_plural': 'Whys',
                'ordering': ('process', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Remark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=1000, verbose_name='Remark')),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
                ('why', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='remarks', to='processes.why')),
            ],
            options={
                'ordering': ('id',),
            },
        ),
        migrations.CreateModel(
            name='WhyEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('step', models.CharField(max_length=500, verbose_name='Step')),
                ('text', models.CharField(max_length=300, verbose_name='Because')),
                ('state', models.CharField(choices=[('open', 'Supposed'), ('confirmed', 'Confirmed'), ('refuted', 'Refuted')], default='open', max_length=9)),
                ('evidence', models.JSONField(blank=True, default=dict)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('parent', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='processes.why')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='processes.why')),
                ('process', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='processes.process')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='process',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "processes_processevent" ("created_at", "deleted_at", "description", "id", "limited_to", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "version", "workspace_id") VALUES (NEW."created_at", NEW."deleted_at", NEW."description", NEW."id", NEW."limited_to", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."version", NEW."workspace_id"); RETURN NULL;', hash='29a97d9207697e14978c9c1fd9a12effaefb6129', operation='INSERT', pgid='pgtrigger_insert_insert_a04cf', table='processes_process', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='process',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "processes_processevent" ("created_at", "deleted_at", "description", "id", "limited_to", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "version", "workspace_id") VALUES (NEW."created_at", NEW."deleted_at", NEW."description", NEW."id", NEW."limited_to", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."version", NEW."workspace_id"); RETURN NULL;', hash='4e1255f11a855d4ba6c8a1c4274ac9e6bbe42845', operation='UPDATE', pgid='pgtrigger_update_update_d2785', table='processes_process', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='process',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "processes_processevent" ("created_at", "deleted_at", "description", "id", "limited_to", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "version", "workspace_id") VALUES (OLD."created_at", OLD."deleted_at", OLD."description", OLD."id", OLD."limited_to", OLD."name", OLD."owner_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."version", OLD."workspace_id"); RETURN NULL;', hash='d38dc031c265c60c2193b54c40ed7c0c1a2d8f24', operation='DELETE', pgid='pgtrigger_delete_delete_55c51', table='processes_process', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='drawing',
            constraint=models.UniqueConstraint(fields=('process', 'number'), name='a_drawing_has_each_version_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='redesign',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "processes_redesignevent" ("about_id", "about_name", "about_type_id", "about_url", "at", "by_id", "id", "live_from", "measured_at", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "process_id", "real", "simulation_id", "workspace_id") VALUES (NEW."about_id", NEW."about_name", NEW."about_type_id", NEW."about_url", NEW."at", NEW."by_id", NEW."id", NEW."live_from", NEW."measured_at", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."process_id", NEW."real", NEW."simulation_id", NEW."workspace_id"); RETURN NULL;', hash='bb6925fd31ad0640be63f6069cf5a98b4769f957', operation='INSERT', pgid='pgtrigger_insert_insert_85b17', table='processes_redesign', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='redesign',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "processes_redesignevent" ("about_id", "about_name", "about_type_id", "about_url", "at", "by_id", "id", "live_from", "measured_at", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "process_id", "real", "simulation_id", "workspace_id") VALUES (NEW."about_id", NEW."about_name", NEW."about_type_id", NEW."about_url", NEW."at", NEW."by_id", NEW."id", NEW."live_from", NEW."measured_at", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."process_id", NEW."real", NEW."simulation_id", NEW."workspace_id"); RETURN NULL;', hash='a0fd628184197932e5a834fd0c26553887e2e6cf', operation='UPDATE', pgid='pgtrigger_update_update_9d14b', table='processes_redesign', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='redesign',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "processes_redesignevent" ("about_id", "about_name", "about_type_id", "about_url", "at", "by_id", "id", "live_from", "measured_at", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "process_id", "real", "simulation_id", "workspace_id") VALUES (OLD."about_id", OLD."about_name", OLD."about_type_id", OLD."about_url", OLD."at", OLD."by_id", OLD."id", OLD."live_from", OLD."measured_at", OLD."name", OLD."owner_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."process_id", OLD."real", OLD."simulation_id", OLD."workspace_id"); RETURN NULL;', hash='cbbcbe2df6d9a690b5f618b89987747ee4b339ef', operation='DELETE', pgid='pgtrigger_delete_delete_055be', table='processes_redesign', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='staffing',
            constraint=models.UniqueConstraint(fields=('process', 'role'), name='a_role_is_staffed_once_in_a_process'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='staffing',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "processes_staffingevent" ("cost_an_hour", "hours", "id", "people", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "process_id", "role", "workspace_id") VALUES (NEW."cost_an_hour", NEW."hours", NEW."id", NEW."people", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."process_id", NEW."role", NEW."workspace_id"); RETURN NULL;', hash='9de45ad63599e00fea7ea8a70ac2e95a60ad4e9a', operation='INSERT', pgid='pgtrigger_insert_insert_4b4ff', table='processes_staffing', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='staffing',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "processes_staffingevent" ("cost_an_hour", "hours", "id", "people", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "process_id", "role", "workspace_id") VALUES (NEW."cost_an_hour", NEW."hours", NEW."id", NEW."people", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."process_id", NEW."role", NEW."workspace_id"); RETURN NULL;', hash='b647bc05b5649c33dca804c546072f977ce9008e', operation='UPDATE', pgid='pgtrigger_update_update_67c26', table='processes_staffing', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='staffing',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "processes_staffingevent" ("cost_an_hour", "hours", "id", "people", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "process_id", "role", "workspace_id") VALUES (OLD."cost_an_hour", OLD."hours", OLD."id", OLD."people", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."process_id", OLD."role", OLD."workspace_id"); RETURN NULL;', hash='d13adeb437ab5fe1de0ead1db2dcc539f5665019', operation='DELETE', pgid='pgtrigger_delete_delete_eeed3', table='processes_staffing', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='why',
            index=models.Index(fields=['process', 'step'], name='whys_by_step'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='why',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "processes_whyevent" ("at", "by_id", "evidence", "id", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "process_id", "state", "step", "text", "workspace_id") VALUES (NEW."at", NEW."by_id", NEW."evidence", NEW."id", NEW."parent_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."process_id", NEW."state", NEW."step", NEW."text", NEW."workspace_id"); RETURN NULL;', hash='661f2e5db1c5250ca5848ca5fba7fca7ab6d233d', operation='INSERT', pgid='pgtrigger_insert_insert_a66d2', table='processes_why', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='why',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "processes_whyevent" ("at", "by_id", "evidence", "id", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "process_id", "state", "step", "text", "workspace_id") VALUES (NEW."at", NEW."by_id", NEW."evidence", NEW."id", NEW."parent_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."process_id", NEW."state", NEW."step", NEW."text", NEW."workspace_id"); RETURN NULL;', hash='c0299eabe6cad0a72b06d63ac5d99f4e357733e9', operation='UPDATE', pgid='pgtrigger_update_update_b7187', table='processes_why', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='why',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "processes_whyevent" ("at", "by_id", "evidence", "id", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "process_id", "state", "step", "text", "workspace_id") VALUES (OLD."at", OLD."by_id", OLD."evidence", OLD."id", OLD."parent_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."process_id", OLD."state", OLD."step", OLD."text", OLD."workspace_id"); RETURN NULL;', hash='84ef676e9795f16db924847ac0e2735a9ef69a24', operation='DELETE', pgid='pgtrigger_delete_delete_e80e7', table='processes_why', when='AFTER')),
        ),
    ])
