import datetime
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import opsboard.core.models.people
import opsboard.core.models.rates
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from metrics.migrations._own import OPERATIONS

from opsboard.core.founding import at_once


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('core', '0001_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = at_once([
        migrations.CreateModel(
            name='Metric',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('limited_to', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, verbose_name='Only for teams')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='Version')),
                ('key', models.CharField(max_length=80, validators=[django.core.validators.RegexValidator('^[a-z0-9](?:[a-z0-9_-]{0,78}[a-z0-9])?\\Z', 'Small letters a–z, digits, - and _ only, beginning and ending with a letter or digit.')], verbose_name='Key')),
                ('name', models.CharField(max_length=200, verbose_name='Name')),
                ('unit', models.CharField(blank=True, max_length=40, verbose_name='Unit')),
                ('direction', models.CharField(choices=[('up', 'Up is better'), ('down', 'Down is better')], default='up', max_length=4, verbose_name='Which way is better')),
                ('aggregation', models.CharField(choices=[('sum', 'Sum'), ('mean', 'Average (by weight)'), ('last', 'Latest'), ('ratio', 'Rate (numerator / denominator)'), ('min', 'Smallest'), ('max', 'Largest'), ('count', 'Number of values'), ('p50', 'Median (p50)'), ('p90', '90% are at most (p90)'), ('p95', '95% are at most (p95)'), ('p99', '99% are at most (p99)'), ('formula', 'Calculated from other metrics')], default='sum', max_length=7, verbose_name='Adds up as')),
                ('grain', models.CharField(choices=[('minute', 'Minute'), ('hour', 'Hour'), ('day', 'Day'), ('week', 'Week'), ('month', 'Month')], default='day', max_length=6, verbose_name='Measured each')),
                ('formula', models.CharField(blank=True, max_length=500, verbose_name='Formula')),
                ('currency', models.CharField(blank=True, max_length=3, validators=[opsboard.core.models.rates.check_currency], verbose_name='Currency')),
                ('target', models.FloatField(blank=True, null=True, verbose_name='Target')),
                ('decimals', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(8)], verbose_name='Decimals shown')),
                ('description', models.TextField(blank=True, max_length=5000, verbose_name='What it means')),
                ('counted', models.TextField(blank=True, max_length=2000, verbose_name='How it is counted')),
                ('owner_role', models.CharField(blank=True, max_length=120, verbose_name='Who usually looks after it')),
                ('target_note', models.TextField(blank=True, max_length=2000, verbose_name='How the target was set')),
                ('front', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('north_star', models.BooleanField(default=False, verbose_name='North-star metric')),
                ('timezone', models.CharField(blank=True, max_length=64, validators=[opsboard.core.models.people.check_zone], verbose_name='Time zone')),
                ('created_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'verbose_name': 'Metric',
                'verbose_name_plural': 'Metrics',
                'ordering': ('name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Influence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('adds', 'Adds to it'), ('multiplies', 'Multiplies it'), ('influences', 'Influences it')], default='influences', max_length=10, verbose_name='How it drives')),
                ('sign', models.SmallIntegerField(choices=[(1, 'More of this, more of that'), (-1, 'More of this, less of that')], default=1, verbose_name='Which way')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
                ('child', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='drives', to='metrics.metric')),
                ('parent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='driven_by', to='metrics.metric')),
            ],
            options={
                'verbose_name': 'Influence',
                'ordering': ('parent_id', 'position', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Pulse',
            fields=[
                ('metric', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='pulse', serialize=False, to='metrics.metric')),
                ('version', models.BigIntegerField(default=0)),
                ('points', models.BigIntegerField(default=0)),
                ('first_at', models.DateTimeField(null=True)),
                ('last_at', models.DateTimeField(null=True)),
                ('written_at', models.DateTimeField(null=True)),
                ('clock', models.CharField(blank=True, max_length=100)),
                ('rolled', models.PositiveSmallIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='LabelSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('labels', models.JSONField(default=dict)),
                ('fingerprint', models.CharField(max_length=32)),
                ('metric', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='label_sets', to='metrics.metric')),
            ],
        ),
        migrations.CreateModel(
            name='InfluenceEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('kind', models.CharField(choices=[('adds', 'Adds to it'), ('multiplies', 'Multiplies it'), ('influences', 'Influences it')], default='influences', max_length=10, verbose_name='How it drives')),
                ('sign', models.SmallIntegerField(choices=[(1, 'More of this, more of that'), (-1, 'More of this, less of that')], default=1, verbose_name='Which way')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metrics.influence')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace', verbose_name='Workspace')),
                ('child', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metrics.metric')),
                ('parent', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metrics.metric')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='MetricEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('limited_to', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, verbose_name='Only for teams')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='Version')),
                ('key', models.CharField(max_length=80, validators=[django.core.validators.RegexValidator('^[a-z0-9](?:[a-z0-9_-]{0,78}[a-z0-9])?\\Z', 'Small letters a–z, digits, - and _ only, beginning and ending with a letter or digit.')], verbose_name='Key')),
                ('name', models.CharField(max_length=200, verbose_name='Name')),
                ('unit', models.CharField(blank=True, max_length=40, verbose_name='Unit')),
                ('direction', models.CharField(choices=[('up', 'Up is better'), ('down', 'Down is better')], default='up', max_length=4, verbose_name='Which way is better')),
                ('aggregation', models.CharField(choices=[('sum', 'Sum'), ('mean', 'Average (by weight)'), ('last', 'Latest'), ('ratio', 'Rate (numerator / denominator)'), ('min', 'Smallest'), ('max', 'Largest'), ('count', 'Number of values'), ('p50', 'Median (p50)'), ('p90', '90% are at most (p90)'), ('p95', '95% are at most (p95)'), ('p99', '99% are at most (p99)'), ('formula', 'Calculated from other metrics')], default='sum', max_length=7, verbose_name='Adds up as')),
                ('grain', models.CharField(choices=[('minute', 'Minute'), ('hour', 'Hour'), ('day', 'Day'), ('week', 'Week'), ('month', 'Month')], default='day', max_length=6, verbose_name='Measured each')),
                ('formula', models.CharField(blank=True, max_length=500, verbose_name='Formula')),
                ('currency', models.CharField(blank=True, max_length=3, validators=[opsboard.core.models.rates.check_currency], verbose_name='Currency')),
                ('target', models.FloatField(blank=True, null=True, verbose_name='Target')),
                ('decimals', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(8)], verbose_name='Decimals shown')),
                ('description', models.TextField(blank=True, max_length=5000, verbose_name='What it means')),
                ('counted', models.TextField(blank=True, max_length=2000, verbose_name='How it is counted')),
                ('owner_role', models.CharField(blank=True, max_length=120, verbose_name='Who usually looks after it')),
                ('target_note', models.TextField(blank=True, max_length=2000, verbose_name='How the target was set')),
                ('front', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('north_star', models.BooleanField(default=False, verbose_name='North-star metric')),
                ('timezone', models.CharField(blank=True, max_length=64, validators=[opsboard.core.models.people.check_zone], verbose_name='Time zone')),
                ('created_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metrics.metric')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Operand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('metric', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='operands', to='metrics.metric')),
                ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='used_in', to='metrics.metric')),
            ],
        ),
        migrations.CreateModel(
            name='Point',
            fields=[
                ('pk', models.CompositePrimaryKey('label_set_id', 'at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('value', models.FloatField()),
                ('weight', models.FloatField(default=1)),
                ('revised_at', models.DateTimeField(null=True)),
                ('label_set', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='points', to='metrics.labelset')),
            ],
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('bucket', models.DateTimeField()),
                ('value_before', models.FloatField(null=True)),
                ('weight_before', models.FloatField(null=True)),
                ('value', models.FloatField()),
                ('weight', models.FloatField()),
                ('made_at', models.DateTimeField()),
                ('version', models.BigIntegerField()),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('label_set', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='metrics.labelset')),
                ('metric', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='revisions', to='metrics.metric')),
            ],
        ),
        migrations.CreateModel(
            name='Rollup',
            fields=[
                ('pk', models.CompositePrimaryKey('label_set_id', 'span', 'at', blank=True, editable=False, primary_key=True, serialize=False)),
                ('span', models.PositiveSmallIntegerField(choices=[(1, 'Hour'), (24, 'Day')])),
                ('at', models.DateTimeField()),
                ('count', models.BigIntegerField()),
                ('total', models.FloatField()),
                ('weighed', models.FloatField()),
                ('weights', models.FloatField()),
                ('low', models.FloatField()),
                ('high', models.FloatField()),
                ('first_at', models.DateTimeField()),
                ('first', models.FloatField()),
                ('last_at', models.DateTimeField()),
                ('last', models.FloatField()),
                ('last_weight', models.FloatField()),
                ('revised', models.BooleanField()),
                ('label_set', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rollups', to='metrics.labelset')),
            ],
        ),
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('limited_to', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, verbose_name='Only for teams')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='Version')),
                ('kind', models.CharField(choices=[('http', 'Web address (CSV or JSON)'), ('sql', 'Database (SQL)'), ('prometheus', 'Prometheus query'), ('feishu', 'Feishu Base'), ('indicator', 'A number of Opsboard'), ('dataset', 'A table of Opsboard')], max_length=10, verbose_name='Kind')),
                ('name', models.CharField(max_length=200, verbose_name='Name')),
                ('every', models.IntegerField(choices=[(300, 'Every 5 minutes'), (900, 'Every 15 minutes'), (1800, 'Every 30 minutes'), (3600, 'Every hour'), (21600, 'Every 6 hours'), (86400, 'Once a day')], default=86400, verbose_name='How often')),
                ('at_time', models.TimeField(default=datetime.time(6, 0), verbose_name='At')),
                ('asks', models.JSONField(default=dict)),
                ('secret', models.TextField(blank=True)),
                ('mapping', models.JSONField(blank=True, default=dict)),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'verbose_name': 'Source',
                'verbose_name_plural': 'Sources',
                'ordering': ('name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='Pull',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='waiting', max_length=10)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('since', models.DateTimeField(null=True)),
                ('rows', models.PositiveIntegerField(default=0)),
                ('written', models.PositiveIntegerField(default=0)),
                ('unchanged', models.PositiveIntegerField(default=0)),
                ('revised', models.PositiveIntegerField(default=0)),
                ('error', models.TextField(blank=True)),
                ('complaints', models.JSONField(default=list)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.job')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pulls', to='metrics.source')),
            ],
            options={
                'ordering': ('-pk',),
            },
        ),
        migrations.CreateModel(
            name='SourceEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('limited_to', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, verbose_name='Only for teams')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='Version')),
                ('kind', models.CharField(choices=[('http', 'Web address (CSV or JSON)'), ('sql', 'Database (SQL)'), ('prometheus', 'Prometheus query'), ('feishu', 'Feishu Base'), ('indicator', 'A number of Opsboard'), ('dataset', 'A table of Opsboard')], max_length=10, verbose_name='Kind')),
                ('name', models.CharField(max_length=200, verbose_name='Name')),
                ('every', models.IntegerField(choices=[(300, 'Every 5 minutes'), (900, 'Every 15 minutes'), (1800, 'Every 30 minutes'), (3600, 'Every hour'), (21600, 'Every 6 hours'), (86400, 'Once a day')], default=86400, verbose_name='How often')),
                ('at_time', models.TimeField(default=datetime.time(6, 0), verbose_name='At')),
                ('asks', models.JSONField(default=dict)),
                ('mapping', models.JSONField(blank=True, default=dict)),
                ('paused_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metrics.source')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Turn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('next_at', models.DateTimeField(db_index=True, null=True)),
                ('since', models.DateTimeField(null=True)),
                ('metrics', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('failed_since', models.DateTimeField(null=True)),
                ('went_well_at', models.DateTimeField(null=True)),
                ('error', models.TextField(blank=True)),
                ('source', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='turn', to='metrics.source')),
            ],
        ),
        migrations.CreateModel(
            name='WaitingList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('limited_to', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, verbose_name='Only for teams')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='Version')),
                ('key', models.CharField(max_length=80, validators=[django.core.validators.RegexValidator('^[a-z0-9](?:[a-z0-9_-]{0,78}[a-z0-9])?\\Z', 'Small letters a–z, digits, - and _ only, beginning and ending with a letter or digit.')], verbose_name='Key')),
                ('name', models.CharField(max_length=200, verbose_name='Name')),
                ('description', models.TextField(blank=True, max_length=2000, verbose_name='What waits here')),
                ('clock', models.CharField(choices=[('always', 'All hours, day and night'), ('working', 'Working hours only')], default='always', max_length=7, verbose_name='Time counts')),
                ('limit_hours', models.FloatField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(100000)], verbose_name='Longest wait (hours)')),
                ('created_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
                ('reply_metric', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='metrics.metric', verbose_name='Write the time that each one waited into')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'verbose_name': 'Waiting list',
                'verbose_name_plural': 'Waiting lists',
                'ordering': ('name', 'pk'),
            },
        ),
        migrations.CreateModel(
            name='WaitingItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=120, verbose_name='Reference')),
                ('opened_at', models.DateTimeField(verbose_name='Waiting since')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='Done at')),
                ('who', models.CharField(blank=True, max_length=120, verbose_name='Who has it')),
                ('url', models.URLField(blank=True, max_length=500, verbose_name='Address')),
                ('labels', models.JSONField(blank=True, default=dict)),
                ('waiting_list', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='metrics.waitinglist')),
            ],
            options={
                'verbose_name': 'Open item',
            },
        ),
        migrations.CreateModel(
            name='WaitingListEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('limited_to', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, verbose_name='Only for teams')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='Version')),
                ('key', models.CharField(max_length=80, validators=[django.core.validators.RegexValidator('^[a-z0-9](?:[a-z0-9_-]{0,78}[a-z0-9])?\\Z', 'Small letters a–z, digits, - and _ only, beginning and ending with a letter or digit.')], verbose_name='Key')),
                ('name', models.CharField(max_length=200, verbose_name='Name')),
                ('description', models.TextField(blank=True, max_length=2000, verbose_name='What waits here')),
                ('clock', models.CharField(choices=[('always', 'All hours, day and night'), ('working', 'Working hours only')], default='always', max_length=7, verbose_name='Time counts')),
                ('limit_hours', models.FloatField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(100000)], verbose_name='Longest wait (hours)')),
                ('created_at', models.DateTimeField()),
                ('archived_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Owner')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='metrics.waitinglist')),
                ('reply_metric', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='metrics.metric', verbose_name='Write the time that each one waited into')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Latest',
            fields=[
                ('label_set', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='latest', serialize=False, to='metrics.labelset')),
                ('at', models.DateTimeField()),
                ('value', models.FloatField()),
                ('weight', models.FloatField()),
                ('bucket', models.DateTimeField()),
                ('count', models.BigIntegerField()),
                ('total', models.FloatField()),
                ('weighed', models.FloatField()),
                ('weights', models.FloatField()),
                ('low', models.FloatField()),
                ('high', models.FloatField()),
                ('revised', models.BooleanField()),
                ('metric', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='metrics.metric')),
            ],
        ),
        migrations.AddConstraint(
            model_name='metric',
            constraint=models.UniqueConstraint(fields=('workspace', 'key'), name='metric_keys_differ_in_a_workspace', violation_error_message='Another metric has this key.'),
        ),
        migrations.AddConstraint(
            model_name='metric',
            constraint=models.CheckConstraint(condition=models.Q(('direction__in', ['up', 'down'])), name='metric_direction_is_known'),
        ),
        migrations.AddConstraint(
            model_name='metric',
            constraint=models.CheckConstraint(condition=models.Q(('aggregation__in', ['sum', 'mean', 'last', 'ratio', 'min', 'max', 'count', 'p50', 'p90', 'p95', 'p99', 'formula'])), name='metric_aggregation_is_known'),
        ),
        migrations.AddConstraint(
            model_name='metric',
            constraint=models.CheckConstraint(condition=models.Q(('grain__in', ['minute', 'hour', 'day', 'week', 'month'])), name='metric_grain_is_known'),
        ),
        migrations.AddConstraint(
            model_name='metric',
            constraint=models.UniqueConstraint(condition=models.Q(('north_star', True)), fields=('workspace',), name='a_workspace_has_one_north_star', violation_error_message='Another metric is the north star already.'),
        ),
        migrations.AddConstraint(
            model_name='metric',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('aggregation', 'formula'), ('formula__gt', '')), models.Q(models.Q(('aggregation', 'formula'), _negated=True), ('formula', '')), _connector='OR'), name='metric_is_calculated_where_it_has_a_formula'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='metric',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metrics_metricevent" ("aggregation", "archived_at", "counted", "created_at", "currency", "decimals", "description", "direction", "formula", "front", "grain", "id", "key", "limited_to", "name", "north_star", "owner_id", "owner_role", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "target", "target_note", "timezone", "unit", "version", "workspace_id") VALUES (NEW."aggregation", NEW."archived_at", NEW."counted", NEW."created_at", NEW."currency", NEW."decimals", NEW."description", NEW."direction", NEW."formula", NEW."front", NEW."grain", NEW."id", NEW."key", NEW."limited_to", NEW."name", NEW."north_star", NEW."owner_id", NEW."owner_role", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."target", NEW."target_note", NEW."timezone", NEW."unit", NEW."version", NEW."workspace_id"); RETURN NULL;', hash='f06622f1a3d83a09bcd7c69e0e15e377bb4ebef6', operation='INSERT', pgid='pgtrigger_insert_insert_be2f6', table='metrics_metric', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='metric',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "metrics_metricevent" ("aggregation", "archived_at", "counted", "created_at", "currency", "decimals", "description", "direction", "formula", "front", "grain", "id", "key", "limited_to", "name", "north_star", "owner_id", "owner_role", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "target", "target_note", "timezone", "unit", "version", "workspace_id") VALUES (NEW."aggregation", NEW."archived_at", NEW."counted", NEW."created_at", NEW."currency", NEW."decimals", NEW."description", NEW."direction", NEW."formula", NEW."front", NEW."grain", NEW."id", NEW."key", NEW."limited_to", NEW."name", NEW."north_star", NEW."owner_id", NEW."owner_role", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."target", NEW."target_note", NEW."timezone", NEW."unit", NEW."version", NEW."workspace_id"); RETURN NULL;', hash='8f4cdfc07ae5e636234a5b637317eca1c9a51c21', operation='UPDATE', pgid='pgtrigger_update_update_1b131', table='metrics_metric', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='metric',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metrics_metricevent" ("aggregation", "archived_at", "counted", "created_at", "currency", "decimals", "description", "direction", "formula", "front", "grain", "id", "key", "limited_to", "name", "north_star", "owner_id", "owner_role", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "target", "target_note", "timezone", "unit", "version", "workspace_id") VALUES (OLD."aggregation", OLD."archived_at", OLD."counted", OLD."created_at", OLD."currency", OLD."decimals", OLD."description", OLD."direction", OLD."formula", OLD."front", OLD."grain", OLD."id", OLD."key", OLD."limited_to", OLD."name", OLD."north_star", OLD."owner_id", OLD."owner_role", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."target", OLD."target_note", OLD."timezone", OLD."unit", OLD."version", OLD."workspace_id"); RETURN NULL;', hash='bd9790f776186e31d5e0d06321a0b2cec9a904b6', operation='DELETE', pgid='pgtrigger_delete_delete_110e8', table='metrics_metric', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='labelset',
            constraint=models.UniqueConstraint(fields=('metric', 'fingerprint'), name='a_metric_has_a_label_set_once'),
        ),
        migrations.AddConstraint(
            model_name='influence',
            constraint=models.CheckConstraint(condition=models.Q(('parent', models.F('child')), _negated=True), name='a_metric_does_not_drive_itself'),
        ),
        migrations.AddConstraint(
            model_name='influence',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['adds', 'multiplies', 'influences'])), name='influence_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='influence',
            constraint=models.CheckConstraint(condition=models.Q(('sign__in', [1, -1])), name='influence_sign_is_plus_or_minus_1'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='influence',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metrics_influenceevent" ("child_id", "id", "kind", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "sign", "workspace_id") VALUES (NEW."child_id", NEW."id", NEW."kind", NEW."parent_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."position", NEW."sign", NEW."workspace_id"); RETURN NULL;', hash='e499e67a977b8fcbead4f44abee87e36b1a0c9cf', operation='INSERT', pgid='pgtrigger_insert_insert_3d376', table='metrics_influence', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='influence',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "metrics_influenceevent" ("child_id", "id", "kind", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "sign", "workspace_id") VALUES (NEW."child_id", NEW."id", NEW."kind", NEW."parent_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."position", NEW."sign", NEW."workspace_id"); RETURN NULL;', hash='fa3825ef527281c5b1f17f3961a097c0572450dc', operation='UPDATE', pgid='pgtrigger_update_update_6725b', table='metrics_influence', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='influence',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metrics_influenceevent" ("child_id", "id", "kind", "parent_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "sign", "workspace_id") VALUES (OLD."child_id", OLD."id", OLD."kind", OLD."parent_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."position", OLD."sign", OLD."workspace_id"); RETURN NULL;', hash='0c423ba14f41ddef47798dfabdceedd50d58883d', operation='DELETE', pgid='pgtrigger_delete_delete_695ac', table='metrics_influence', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='operand',
            constraint=models.UniqueConstraint(fields=('metric', 'of'), name='a_formula_names_a_metric_once'),
        ),
        migrations.AddConstraint(
            model_name='point',
            constraint=models.CheckConstraint(condition=models.Q(('value__gt', float("-inf")), ('value__lt', float("inf"))), name='point_value_is_finite'),
        ),
        migrations.AddConstraint(
            model_name='point',
            constraint=models.CheckConstraint(condition=models.Q(('weight__gte', 0), ('weight__lt', float("inf"))), name='point_weight_is_not_negative'),
        ),
        migrations.AddIndex(
            model_name='revision',
            index=models.Index(fields=['metric', 'made_at'], name='revisions_of_a_metric'),
        ),
        migrations.AddConstraint(
            model_name='source',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['http', 'sql', 'prometheus', 'feishu', 'indicator', 'dataset'])), name='source_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='source',
            constraint=models.CheckConstraint(condition=models.Q(('every__in', [300, 900, 1800, 3600, 21600, 86400])), name='source_schedule_is_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='source',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metrics_sourceevent" ("asks", "at_time", "created_at", "every", "id", "kind", "limited_to", "mapping", "name", "owner_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "version", "workspace_id") VALUES (NEW."asks", NEW."at_time", NEW."created_at", NEW."every", NEW."id", NEW."kind", NEW."limited_to", NEW."mapping", NEW."name", NEW."owner_id", NEW."paused_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."version", NEW."workspace_id"); RETURN NULL;', hash='0bff449e6b0d89d0c456b8491c8ddc9df37b6ec4', operation='INSERT', pgid='pgtrigger_insert_insert_c799f', table='metrics_source', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='source',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."asks" IS DISTINCT FROM (NEW."asks") OR OLD."at_time" IS DISTINCT FROM (NEW."at_time") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."every" IS DISTINCT FROM (NEW."every") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."limited_to" IS DISTINCT FROM (NEW."limited_to") OR OLD."mapping" IS DISTINCT FROM (NEW."mapping") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."paused_at" IS DISTINCT FROM (NEW."paused_at") OR OLD."version" IS DISTINCT FROM (NEW."version") OR OLD."workspace_id" IS DISTINCT FROM (NEW."workspace_id"))', func='INSERT INTO "metrics_sourceevent" ("asks", "at_time", "created_at", "every", "id", "kind", "limited_to", "mapping", "name", "owner_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "version", "workspace_id") VALUES (NEW."asks", NEW."at_time", NEW."created_at", NEW."every", NEW."id", NEW."kind", NEW."limited_to", NEW."mapping", NEW."name", NEW."owner_id", NEW."paused_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."version", NEW."workspace_id"); RETURN NULL;', hash='3ca2be302b62666c482f2763c4824ad9b96cf0b7', operation='UPDATE', pgid='pgtrigger_update_update_284a7', table='metrics_source', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='source',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metrics_sourceevent" ("asks", "at_time", "created_at", "every", "id", "kind", "limited_to", "mapping", "name", "owner_id", "paused_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "version", "workspace_id") VALUES (OLD."asks", OLD."at_time", OLD."created_at", OLD."every", OLD."id", OLD."kind", OLD."limited_to", OLD."mapping", OLD."name", OLD."owner_id", OLD."paused_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."version", OLD."workspace_id"); RETURN NULL;', hash='84f1bb629a56e981e53ef7e7cd5b495299963129', operation='DELETE', pgid='pgtrigger_delete_delete_0ba0e', table='metrics_source', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='pull',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['waiting', 'running'])), fields=('source',), name='a_source_is_read_by_one_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='waitinglist',
            constraint=models.UniqueConstraint(fields=('workspace', 'key'), name='waiting_list_keys_differ_in_a_workspace', violation_error_message='Another waiting list has this key.'),
        ),
        migrations.AddConstraint(
            model_name='waitinglist',
            constraint=models.CheckConstraint(condition=models.Q(('clock__in', ['always', 'working'])), name='waiting_list_clock_is_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='waitinglist',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metrics_waitinglistevent" ("archived_at", "clock", "created_at", "description", "id", "key", "limit_hours", "limited_to", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reply_metric_id", "version", "workspace_id") VALUES (NEW."archived_at", NEW."clock", NEW."created_at", NEW."description", NEW."id", NEW."key", NEW."limit_hours", NEW."limited_to", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."reply_metric_id", NEW."version", NEW."workspace_id"); RETURN NULL;', hash='127a16ca681e59a9c3313c35c8452b7dff25a207', operation='INSERT', pgid='pgtrigger_insert_insert_acf48', table='metrics_waitinglist', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='waitinglist',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "metrics_waitinglistevent" ("archived_at", "clock", "created_at", "description", "id", "key", "limit_hours", "limited_to", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reply_metric_id", "version", "workspace_id") VALUES (NEW."archived_at", NEW."clock", NEW."created_at", NEW."description", NEW."id", NEW."key", NEW."limit_hours", NEW."limited_to", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."reply_metric_id", NEW."version", NEW."workspace_id"); RETURN NULL;', hash='eb6ec38b08050a08455c33a3ffc723aff28b6fd9', operation='UPDATE', pgid='pgtrigger_update_update_0965d', table='metrics_waitinglist', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='waitinglist',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "metrics_waitinglistevent" ("archived_at", "clock", "created_at", "description", "id", "key", "limit_hours", "limited_to", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reply_metric_id", "version", "workspace_id") VALUES (OLD."archived_at", OLD."clock", OLD."created_at", OLD."description", OLD."id", OLD."key", OLD."limit_hours", OLD."limited_to", OLD."name", OLD."owner_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."reply_metric_id", OLD."version", OLD."workspace_id"); RETURN NULL;', hash='2946316fcb9f89b327ad5a55090203e0c2d0c35e', operation='DELETE', pgid='pgtrigger_delete_delete_b17db', table='metrics_waitinglist', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='waitingitem',
            index=models.Index(condition=models.Q(('closed_at', None)), fields=['waiting_list', 'opened_at'], name='what_waits_by_age'),
        ),
        migrations.AddIndex(
            model_name='waitingitem',
            index=models.Index(fields=['waiting_list', 'closed_at'], name='what_waited_by_its_end'),
        ),
        migrations.AddConstraint(
            model_name='waitingitem',
            constraint=models.UniqueConstraint(fields=('waiting_list', 'reference'), name='a_reference_waits_once_in_a_list'),
        ),
        migrations.AddConstraint(
            model_name='waitingitem',
            constraint=models.CheckConstraint(condition=models.Q(('closed_at', None), ('closed_at__gte', models.F('opened_at')), _connector='OR'), name='nothing_ends_before_it_began_to_wait'),
        ),
        *OPERATIONS,
    ])
