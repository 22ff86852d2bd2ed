import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import opsboard.core.models.calendar
import opsboard.core.models.people
import opsboard.core.models.rates
import django.contrib.postgres.fields
import opsboard.core.cards
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

from opsboard.core.founding import at_once


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = at_once([
        migrations.CreateModel(
            name='CalendarDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='Date')),
                ('name', models.CharField(blank=True, max_length=120, verbose_name='Name')),
                ('hours', models.CharField(blank=True, max_length=120, validators=[opsboard.core.models.calendar.check_hours], verbose_name='Hours of work')),
                ('public', models.BooleanField(default=False)),
            ],
            options={
                'verbose_name': 'Special day',
                'ordering': ('day',),
            },
        ),
        migrations.CreateModel(
            name='WorkspaceEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('name', models.CharField(max_length=120, verbose_name='Name')),
                ('slug', models.SlugField(db_index=False, max_length=60, validators=[opsboard.core.models.people.check_slug_is_free], verbose_name='Address')),
                ('timezone', models.CharField(default='UTC', max_length=64, validators=[opsboard.core.models.people.check_zone], verbose_name='Time zone')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文')], default='en', max_length=10, verbose_name='Language')),
                ('currency', models.CharField(default='CNY', max_length=3, verbose_name='Currency')),
                ('week_start', models.CharField(choices=[('monday', 'Monday'), ('sunday', 'Sunday')], default='monday', max_length=6, verbose_name='Week starts on')),
                ('year_start', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(12)], verbose_name='Fiscal year starts in')),
                ('holidays_of', models.CharField(blank=True, max_length=2, verbose_name='Public holidays of')),
                ('work_hours', models.JSONField(blank=True, default=opsboard.core.models.people.office_week, verbose_name='Hours of work')),
                ('app_limits', models.JSONField(blank=True, default=dict, verbose_name='Apps limited to teams')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(max_length=150, unique=True, validators=[django.core.validators.RegexValidator('^[\\w.@+-]+\\Z', 'Letters, digits and @ . + - _ only.')], verbose_name='User name')),
                ('email', models.EmailField(blank=True, max_length=254, null=True, verbose_name='E-mail')),
                ('name', models.CharField(blank=True, max_length=150, verbose_name='Name')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文')], default='en', max_length=10, verbose_name='Language')),
                ('timezone', models.CharField(default='UTC', max_length=64, validators=[opsboard.core.models.people.check_zone], verbose_name='Time zone')),
                ('theme', models.CharField(choices=[('system', 'Like the device'), ('light', 'Light'), ('dark', 'Dark')], default='system', max_length=10, verbose_name='Theme')),
                ('mail_notices', models.BooleanField(default=True, verbose_name='Send notices by e-mail')),
                ('is_active', models.BooleanField(default=True, verbose_name='Active')),
                ('is_staff', models.BooleanField(default=False, verbose_name='May use the emergency exit')),
                ('date_joined', models.DateTimeField(auto_now_add=True)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ('mail_severities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), blank=True, default=opsboard.core.cards.every_severity, verbose_name='E-mail for notices that are')),
            ],
            options={
                'verbose_name': 'Person',
                'verbose_name_plural': 'People',
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='Name')),
                ('role', models.PositiveSmallIntegerField(choices=[(10, 'Viewer'), (20, 'Contributor'), (30, 'Editor'), (40, 'Admin')], default=10, verbose_name='Role')),
                ('token_hash', models.CharField(max_length=64, unique=True)),
                ('hint', models.CharField(max_length=12)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(verbose_name='Expires')),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'API token',
            },
        ),
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='Version')),
                ('name', models.CharField(max_length=120, verbose_name='Name')),
                ('kind', models.CharField(choices=[('email', 'E-mail'), ('in_app', 'In Opsboard'), ('feishu', 'Feishu / Lark robot'), ('dingtalk', 'DingTalk robot'), ('wecom', 'WeCom robot'), ('slack', 'Slack'), ('teams', 'Microsoft Teams'), ('webhook', 'Webhook'), ('apprise', 'Other service (Apprise)')], max_length=10, verbose_name='Kind')),
                ('sealed', models.TextField(blank=True)),
                ('hint', models.CharField(blank=True, max_length=200, verbose_name='Leads to')),
                ('robot', models.CharField(blank=True, max_length=64)),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文')], default='en', max_length=10, verbose_name='Language')),
                ('active', models.BooleanField(default=True, verbose_name='Active')),
                ('created_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(blank=True, null=True, verbose_name='Removed')),
                ('last_at', models.DateTimeField(blank=True, null=True)),
                ('last_state', models.CharField(blank=True, max_length=10)),
                ('last_words', models.TextField(blank=True)),
                ('last_reason', models.CharField(blank=True, max_length=40)),
                ('failing_since', models.DateTimeField(blank=True, null=True)),
                ('rests_until', models.DateTimeField(blank=True, null=True)),
                ('fallback', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.channel', verbose_name='When it fails, use')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Looked after by')),
                ('person', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='own_channels', to=settings.AUTH_USER_MODEL, verbose_name='Only for')),
                ('severities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), blank=True, default=opsboard.core.cards.every_severity, verbose_name='Takes notices that are')),
            ],
            options={
                'verbose_name': 'Channel',
                'ordering': ('name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.PositiveSmallIntegerField(choices=[(10, 'Viewer'), (20, 'Contributor'), (30, 'Editor'), (40, 'Admin')], default=10, verbose_name='Role')),
                ('joined_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'Member',
            },
        ),
        migrations.CreateModel(
            name='Occurrence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('about_id', models.BigIntegerField(blank=True, null=True)),
                ('about_name', models.CharField(blank=True, max_length=300)),
                ('about_url', models.CharField(blank=True, max_length=500)),
                ('key', models.CharField(max_length=100)),
                ('at', models.DateTimeField()),
                ('facts', models.JSONField(default=dict)),
                ('unique_as', models.CharField(blank=True, max_length=200, null=True)),
                ('chain', models.UUIDField()),
                ('depth', models.PositiveSmallIntegerField(default=0)),
                ('told', models.BooleanField(default=False)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('about_type', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='contenttypes.contenttype')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('caused_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='led_to', to='core.occurrence')),
            ],
        ),
        migrations.CreateModel(
            name='ReactionRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reaction', models.CharField(max_length=100)),
                ('state', models.CharField(choices=[('done', 'Done'), ('failed', 'Failed')], max_length=10)),
                ('tries', models.PositiveSmallIntegerField(default=1)),
                ('error', models.TextField(blank=True)),
                ('at', models.DateTimeField()),
                ('occurrence', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reaction_runs', to='core.occurrence')),
            ],
        ),
        migrations.CreateModel(
            name='RobotCall',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('robot', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
                ('digest', models.BooleanField(default=False)),
            ],
            options={
                'indexes': [models.Index(fields=['robot', 'at'], name='robot_calls_by_time')],
            },
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='Name')),
                ('lead', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Team lead')),
            ],
            options={
                'verbose_name': 'Team',
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='E-mail')),
                ('name', models.CharField(blank=True, max_length=150, verbose_name='Name')),
                ('role', models.PositiveSmallIntegerField(choices=[(10, 'Viewer'), (20, 'Contributor'), (30, 'Editor'), (40, 'Admin')], default=10, verbose_name='Role')),
                ('secret_hash', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('accepted_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('invited_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.team', verbose_name='Team')),
            ],
            options={
                'verbose_name': 'Invitation',
            },
        ),
        migrations.CreateModel(
            name='TeamMember',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.team')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'Team member',
            },
        ),
        migrations.AddField(
            model_name='team',
            name='members',
            field=models.ManyToManyField(blank=True, related_name='teams', through='core.TeamMember', to=settings.AUTH_USER_MODEL, verbose_name='Members'),
        ),
        migrations.CreateModel(
            name='TeamMemberEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.teammember')),
                ('team', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.team')),
                ('user', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='UserUsernameEmailNameIsActiveIsStaffIsSuperuserEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('username', models.CharField(max_length=150, validators=[django.core.validators.RegexValidator('^[\\w.@+-]+\\Z', 'Letters, digits and @ . + - _ only.')], verbose_name='User name')),
                ('email', models.EmailField(blank=True, max_length=254, null=True, verbose_name='E-mail')),
                ('name', models.CharField(blank=True, max_length=150, verbose_name='Name')),
                ('is_active', models.BooleanField(default=True, verbose_name='Active')),
                ('is_staff', models.BooleanField(default=False, verbose_name='May use the emergency exit')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='username_email_name_is_active_is_staff_is_superuser_events', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Workspace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='Name')),
                ('slug', models.SlugField(max_length=60, unique=True, validators=[opsboard.core.models.people.check_slug_is_free], verbose_name='Address')),
                ('timezone', models.CharField(default='UTC', max_length=64, validators=[opsboard.core.models.people.check_zone], verbose_name='Time zone')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文')], default='en', max_length=10, verbose_name='Language')),
                ('currency', models.CharField(default='CNY', max_length=3, verbose_name='Currency')),
                ('week_start', models.CharField(choices=[('monday', 'Monday'), ('sunday', 'Sunday')], default='monday', max_length=6, verbose_name='Week starts on')),
                ('year_start', models.PositiveSmallIntegerField(default=1, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(12)], verbose_name='Fiscal year starts in')),
                ('holidays_of', models.CharField(blank=True, max_length=2, verbose_name='Public holidays of')),
                ('work_hours', models.JSONField(blank=True, default=opsboard.core.models.people.office_week, verbose_name='Hours of work')),
                ('app_limits', models.JSONField(blank=True, default=dict, verbose_name='Apps limited to teams')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'Workspace',
                'constraints': [models.CheckConstraint(condition=models.Q(('slug__in', ['accounts', 'api', 'emergency', 'events', 'favicon', 'files', 'healthz', 'i18n', 'jobs', 'join', 'manifest', 'me', 'media', 'new', 'offline', 'open', 'readyz', 'reset', 'robots', 'static']), _negated=True), name='workspace_slug_is_free')],
            },
        ),
        migrations.CreateModel(
            name='TeamEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('name', models.CharField(max_length=120, verbose_name='Name')),
                ('lead', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Team lead')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.team')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='team',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='teams', to='core.workspace'),
        ),
        migrations.CreateModel(
            name='StoredFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.FileField(max_length=300, upload_to='%Y/%m')),
                ('name', models.CharField(max_length=255, verbose_name='File name')),
                ('content_type', models.CharField(blank=True, max_length=120)),
                ('size', models.BigIntegerField(default=0)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('created_at', models.DateTimeField()),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Snapshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=200)),
                ('labels', models.JSONField(default=dict)),
                ('at', models.DateTimeField()),
                ('value', models.FloatField(null=True)),
                ('weight', models.FloatField(default=1)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
        ),
        migrations.CreateModel(
            name='SearchEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model', models.CharField(max_length=100)),
                ('object_id', models.BigIntegerField()),
                ('name', models.CharField(max_length=300)),
                ('state', models.CharField(blank=True, max_length=60)),
                ('url', models.CharField(max_length=500)),
                ('text', models.TextField(blank=True)),
                ('limited_to', models.JSONField(default=list)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
        ),
        migrations.CreateModel(
            name='SavedList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('list_key', models.CharField(max_length=100)),
                ('name', models.CharField(max_length=100, verbose_name='Name')),
                ('query', models.CharField(max_length=1000)),
                ('shared', models.BooleanField(default=False, verbose_name='Shared with everybody')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='occurrence',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace'),
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('about_id', models.BigIntegerField(blank=True, null=True)),
                ('about_name', models.CharField(blank=True, max_length=300)),
                ('about_url', models.CharField(blank=True, max_length=500)),
                ('text', models.CharField(max_length=500)),
                ('detail', models.TextField(blank=True)),
                ('url', models.CharField(blank=True, max_length=500)),
                ('severity', models.CharField(default='info', max_length=10)),
                ('unique_as', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField()),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('about_type', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='contenttypes.contenttype')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'ordering': ('-created_at', '-id'),
            },
        ),
        migrations.CreateModel(
            name='MembershipEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('role', models.PositiveSmallIntegerField(choices=[(10, 'Viewer'), (20, 'Contributor'), (30, 'Editor'), (40, 'Admin')], default=10, verbose_name='Role')),
                ('joined_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.membership')),
                ('user', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='membership',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='core.workspace'),
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('about_id', models.BigIntegerField(blank=True, null=True)),
                ('about_name', models.CharField(blank=True, max_length=300)),
                ('about_url', models.CharField(blank=True, max_length=500)),
                ('title', models.CharField(max_length=300)),
                ('task', models.CharField(max_length=200)),
                ('arguments', models.JSONField(default=dict)),
                ('queue', models.CharField(default='default', max_length=30)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='waiting', max_length=10)),
                ('progress', models.FloatField(default=0)),
                ('message', models.CharField(blank=True, max_length=300)),
                ('result', models.JSONField(default=dict)),
                ('errors', models.JSONField(default=list)),
                ('error', models.TextField(blank=True)),
                ('url', models.CharField(blank=True, max_length=500)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('alive_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('about_type', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='contenttypes.contenttype')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'ordering': ('-id',),
            },
        ),
        migrations.CreateModel(
            name='InvitationEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='E-mail')),
                ('name', models.CharField(blank=True, max_length=150, verbose_name='Name')),
                ('role', models.PositiveSmallIntegerField(choices=[(10, 'Viewer'), (20, 'Contributor'), (30, 'Editor'), (40, 'Admin')], default=10, verbose_name='Role')),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(blank=True, null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('accepted_by', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('invited_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.invitation')),
                ('team', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.team', verbose_name='Team')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='invitation',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='core.workspace'),
        ),
        migrations.CreateModel(
            name='ImportRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('importer', models.CharField(max_length=100)),
                ('mapping', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('summary', models.JSONField(default=dict)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.job')),
                ('file', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='core.storedfile')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ImportMapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('importer', models.CharField(max_length=100)),
                ('shape', models.CharField(max_length=64)),
                ('mapping', models.JSONField(default=dict)),
                ('used_at', models.DateTimeField()),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(default='email', max_length=20)),
                ('recipient', models.CharField(max_length=320)),
                ('subject', models.CharField(blank=True, max_length=300)),
                ('body', models.TextField()),
                ('html', models.TextField(blank=True)),
                ('unique_as', models.CharField(max_length=200, unique=True)),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('claimed', 'Being sent'), ('sending', 'Handing over'), ('sent', 'Sent'), ('unknown', 'Unclear'), ('failed', 'Failed')], default='waiting', max_length=10)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField()),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.TextField(blank=True)),
                ('payload', models.JSONField(blank=True, default=dict)),
                ('urgency', models.PositiveSmallIntegerField(default=0)),
                ('together', models.PositiveSmallIntegerField(default=1)),
                ('reason', models.CharField(blank=True, max_length=40)),
                ('followed_up', models.BooleanField(default=False)),
                ('channel_to', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='core.channel', verbose_name='Channel')),
                ('instead_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='replaced_by', to='core.delivery')),
                ('notice', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='core.notice')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
        ),
        migrations.CreateModel(
            name='ChannelEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='Version')),
                ('name', models.CharField(max_length=120, verbose_name='Name')),
                ('kind', models.CharField(choices=[('email', 'E-mail'), ('in_app', 'In Opsboard'), ('feishu', 'Feishu / Lark robot'), ('dingtalk', 'DingTalk robot'), ('wecom', 'WeCom robot'), ('slack', 'Slack'), ('teams', 'Microsoft Teams'), ('webhook', 'Webhook'), ('apprise', 'Other service (Apprise)')], max_length=10, verbose_name='Kind')),
                ('hint', models.CharField(blank=True, max_length=200, verbose_name='Leads to')),
                ('language', models.CharField(choices=[('en', 'English'), ('zh-hans', '简体中文')], default='en', max_length=10, verbose_name='Language')),
                ('active', models.BooleanField(default=True, verbose_name='Active')),
                ('created_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(blank=True, null=True, verbose_name='Removed')),
                ('fallback', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.channel', verbose_name='When it fails, use')),
                ('owner', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Looked after by')),
                ('person', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='Only for')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.channel')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace', verbose_name='Workspace')),
                ('severities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), blank=True, default=opsboard.core.cards.every_severity, verbose_name='Takes notices that are')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='channel',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace'),
        ),
        migrations.CreateModel(
            name='CalendarDayEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('day', models.DateField(verbose_name='Date')),
                ('name', models.CharField(blank=True, max_length=120, verbose_name='Name')),
                ('hours', models.CharField(blank=True, max_length=120, validators=[opsboard.core.models.calendar.check_hours], verbose_name='Hours of work')),
                ('public', models.BooleanField(default=False)),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.calendarday')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='calendarday',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='calendar_days', to='core.workspace'),
        ),
        migrations.CreateModel(
            name='ApiTokenEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('name', models.CharField(max_length=120, verbose_name='Name')),
                ('role', models.PositiveSmallIntegerField(choices=[(10, 'Viewer'), (20, 'Contributor'), (30, 'Editor'), (40, 'Admin')], default=10, verbose_name='Role')),
                ('hint', models.CharField(max_length=12)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField(verbose_name='Expires')),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.apitoken')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='apitoken',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_tokens', to='core.workspace'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='workspace',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_workspaceevent" ("app_limits", "created_at", "currency", "holidays_of", "id", "language", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "timezone", "week_start", "work_hours", "year_start") VALUES (NEW."app_limits", NEW."created_at", NEW."currency", NEW."holidays_of", NEW."id", NEW."language", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."slug", NEW."timezone", NEW."week_start", NEW."work_hours", NEW."year_start"); RETURN NULL;', hash='55bb8075c7547120800c4f43b9204ca664d63458', operation='INSERT', pgid='pgtrigger_insert_insert_679c8', table='core_workspace', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='workspace',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_workspaceevent" ("app_limits", "created_at", "currency", "holidays_of", "id", "language", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "timezone", "week_start", "work_hours", "year_start") VALUES (NEW."app_limits", NEW."created_at", NEW."currency", NEW."holidays_of", NEW."id", NEW."language", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."slug", NEW."timezone", NEW."week_start", NEW."work_hours", NEW."year_start"); RETURN NULL;', hash='95ba9d4b4476909ec6f50c4f713759da410e1acf', operation='UPDATE', pgid='pgtrigger_update_update_8669a', table='core_workspace', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='workspace',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_workspaceevent" ("app_limits", "created_at", "currency", "holidays_of", "id", "language", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "slug", "timezone", "week_start", "work_hours", "year_start") VALUES (OLD."app_limits", OLD."created_at", OLD."currency", OLD."holidays_of", OLD."id", OLD."language", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."slug", OLD."timezone", OLD."week_start", OLD."work_hours", OLD."year_start"); RETURN NULL;', hash='3cb79756d93abfbb806d0940e90e3c46a9a0530e', operation='DELETE', pgid='pgtrigger_delete_delete_fbeaa', table='core_workspace', when='AFTER')),
        ),
        migrations.AddField(
            model_name='workspaceevent',
            name='pgh_context',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context'),
        ),
        migrations.AddField(
            model_name='workspaceevent',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.workspace'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('email'), name='one_person_per_email', violation_error_message='Somebody with this e-mail is here already.'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('username'), name='one_person_per_user_name', violation_error_message='This user name is taken; choose another.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_userusernameemailnameisactiveisstaffissuperuserevent" ("email", "is_active", "is_staff", "is_superuser", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") VALUES (NEW."email", NEW."is_active", NEW."is_staff", NEW."is_superuser", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."username"); RETURN NULL;', hash='d673b32e42776f960855e69b4ba3c430b88e304e', operation='INSERT', pgid='pgtrigger_insert_insert_45de6', table='core_user', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."is_staff" IS DISTINCT FROM (NEW."is_staff") OR OLD."is_superuser" IS DISTINCT FROM (NEW."is_superuser") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."username" IS DISTINCT FROM (NEW."username"))', func='INSERT INTO "core_userusernameemailnameisactiveisstaffissuperuserevent" ("email", "is_active", "is_staff", "is_superuser", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") VALUES (NEW."email", NEW."is_active", NEW."is_staff", NEW."is_superuser", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."username"); RETURN NULL;', hash='11621950536a4acecd64a5b5318db63f444f1fe7', operation='UPDATE', pgid='pgtrigger_update_update_6ccff', table='core_user', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_userusernameemailnameisactiveisstaffissuperuserevent" ("email", "is_active", "is_staff", "is_superuser", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "username") VALUES (OLD."email", OLD."is_active", OLD."is_staff", OLD."is_superuser", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."username"); RETURN NULL;', hash='735063fe8217af17b25c27a656d7d770efa78a5c', operation='DELETE', pgid='pgtrigger_delete_delete_1425a', table='core_user', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='reactionrun',
            constraint=models.UniqueConstraint(fields=('occurrence', 'reaction'), name='a_reaction_answers_once'),
        ),
        migrations.AddConstraint(
            model_name='teammember',
            constraint=models.UniqueConstraint(fields=('team', 'user'), name='a_person_is_in_a_team_once'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='teammember',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_teammemberevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "team_id", "user_id") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."team_id", NEW."user_id"); RETURN NULL;', hash='b5d4f326a5e8b6aec4a656cfff94db307837f154', operation='INSERT', pgid='pgtrigger_insert_insert_9d50d', table='core_teammember', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='teammember',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_teammemberevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "team_id", "user_id") VALUES (NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."team_id", NEW."user_id"); RETURN NULL;', hash='a63aa0d1d45f81cb9fa48b75f8daf6665dfc7a49', operation='UPDATE', pgid='pgtrigger_update_update_99534', table='core_teammember', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='teammember',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_teammemberevent" ("id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "team_id", "user_id") VALUES (OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."team_id", OLD."user_id"); RETURN NULL;', hash='8f5bb06ce04c941f1fb2d82af3ae6fe24eddbc62', operation='DELETE', pgid='pgtrigger_delete_delete_6bfee', table='core_teammember', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='team',
            constraint=models.UniqueConstraint(models.F('workspace'), django.db.models.functions.text.Lower('name'), name='team_names_differ_in_a_workspace', violation_error_message='There is a team of this name already.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='team',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_teamevent" ("id", "lead_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "workspace_id") VALUES (NEW."id", NEW."lead_id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."workspace_id"); RETURN NULL;', hash='e805407c720765131acc89f863dfe0b257e750db', operation='INSERT', pgid='pgtrigger_insert_insert_ec96d', table='core_team', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='team',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_teamevent" ("id", "lead_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "workspace_id") VALUES (NEW."id", NEW."lead_id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."workspace_id"); RETURN NULL;', hash='3e03aa750f1ef24617052f80e60a147be7141c86', operation='UPDATE', pgid='pgtrigger_update_update_1fc21', table='core_team', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='team',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_teamevent" ("id", "lead_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "workspace_id") VALUES (OLD."id", OLD."lead_id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."workspace_id"); RETURN NULL;', hash='0b53241043916c998dd371e83adfa22c2b1fef86', operation='DELETE', pgid='pgtrigger_delete_delete_ea492', table='core_team', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='storedfile',
            index=models.Index(fields=['workspace', 'sha256'], name='file_by_sum'),
        ),
        migrations.AddConstraint(
            model_name='snapshot',
            constraint=models.UniqueConstraint(fields=('workspace', 'key', 'labels', 'at'), name='a_snapshot_is_taken_once'),
        ),
        migrations.AddConstraint(
            model_name='searchentry',
            constraint=models.UniqueConstraint(fields=('workspace', 'model', 'object_id'), name='a_thing_is_found_once'),
        ),
        migrations.AddIndex(
            model_name='occurrence',
            index=models.Index(fields=['workspace', '-at'], name='occurrence_by_time'),
        ),
        migrations.AddIndex(
            model_name='occurrence',
            index=models.Index(condition=models.Q(('delivered_at', None)), fields=['id'], name='occurrence_waiting'),
        ),
        migrations.AddIndex(
            model_name='occurrence',
            index=models.Index(fields=['about_type', 'about_id'], name='occurrence_by_about'),
        ),
        migrations.AddConstraint(
            model_name='occurrence',
            constraint=models.UniqueConstraint(fields=('workspace', 'key', 'unique_as'), name='an_occurrence_happens_once'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(fields=['user', '-created_at'], name='notice_by_person'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(condition=models.Q(('read_at', None)), fields=['user', 'workspace'], name='notice_unread'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(fields=('user', 'unique_as'), name='nobody_is_told_twice'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('workspace', 'user'), name='a_person_is_a_member_once'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', [10, 20, 30, 40])), name='membership_role_is_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_membershipevent" ("id", "joined_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "user_id", "workspace_id") VALUES (NEW."id", NEW."joined_at", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."role", NEW."user_id", NEW."workspace_id"); RETURN NULL;', hash='7d7c3a41ea3b567bdcedf9cf6dee6ef5e6f59cd0', operation='INSERT', pgid='pgtrigger_insert_insert_ec0e8', table='core_membership', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_membershipevent" ("id", "joined_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "user_id", "workspace_id") VALUES (NEW."id", NEW."joined_at", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."role", NEW."user_id", NEW."workspace_id"); RETURN NULL;', hash='5cfe0326a41e77c702a1c80fdb4ec3472d551725', operation='UPDATE', pgid='pgtrigger_update_update_af665', table='core_membership', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='membership',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_membershipevent" ("id", "joined_at", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "user_id", "workspace_id") VALUES (OLD."id", OLD."joined_at", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."role", OLD."user_id", OLD."workspace_id"); RETURN NULL;', hash='72881b5f97c7b4db29bd2e49b4058bfa3a1d2e8a', operation='DELETE', pgid='pgtrigger_delete_delete_bf7cb', table='core_membership', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'running'])), fields=['state', 'alive_at'], name='job_unfinished'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(('progress__gte', 0), ('progress__lte', 1)), name='job_progress_is_0_to_1'),
        ),
        migrations.AddConstraint(
            model_name='invitation',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', [10, 20, 30, 40])), name='invitation_role_is_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invitation',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_invitationevent" ("accepted_at", "accepted_by_id", "created_at", "email", "expires_at", "id", "invited_by_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "team_id", "withdrawn_at", "workspace_id") VALUES (NEW."accepted_at", NEW."accepted_by_id", NEW."created_at", NEW."email", NEW."expires_at", NEW."id", NEW."invited_by_id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."role", NEW."team_id", NEW."withdrawn_at", NEW."workspace_id"); RETURN NULL;', hash='e33a3de3bde06000bc31b81b336b93972f41ee83', operation='INSERT', pgid='pgtrigger_insert_insert_2d88f', table='core_invitation', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invitation',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."accepted_at" IS DISTINCT FROM (NEW."accepted_at") OR OLD."accepted_by_id" IS DISTINCT FROM (NEW."accepted_by_id") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."email" IS DISTINCT FROM (NEW."email") OR OLD."expires_at" IS DISTINCT FROM (NEW."expires_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."invited_by_id" IS DISTINCT FROM (NEW."invited_by_id") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."role" IS DISTINCT FROM (NEW."role") OR OLD."team_id" IS DISTINCT FROM (NEW."team_id") OR OLD."withdrawn_at" IS DISTINCT FROM (NEW."withdrawn_at") OR OLD."workspace_id" IS DISTINCT FROM (NEW."workspace_id"))', func='INSERT INTO "core_invitationevent" ("accepted_at", "accepted_by_id", "created_at", "email", "expires_at", "id", "invited_by_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "team_id", "withdrawn_at", "workspace_id") VALUES (NEW."accepted_at", NEW."accepted_by_id", NEW."created_at", NEW."email", NEW."expires_at", NEW."id", NEW."invited_by_id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."role", NEW."team_id", NEW."withdrawn_at", NEW."workspace_id"); RETURN NULL;', hash='200f8706ccd15570725fbcb5aa0bd95cc90e15ba', operation='UPDATE', pgid='pgtrigger_update_update_04d90', table='core_invitation', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='invitation',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_invitationevent" ("accepted_at", "accepted_by_id", "created_at", "email", "expires_at", "id", "invited_by_id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "team_id", "withdrawn_at", "workspace_id") VALUES (OLD."accepted_at", OLD."accepted_by_id", OLD."created_at", OLD."email", OLD."expires_at", OLD."id", OLD."invited_by_id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."role", OLD."team_id", OLD."withdrawn_at", OLD."workspace_id"); RETURN NULL;', hash='46a8d6fff8e8acdcc8e33ec5c3d94c5776978b74', operation='DELETE', pgid='pgtrigger_delete_delete_b8970', table='core_invitation', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='importmapping',
            constraint=models.UniqueConstraint(fields=('workspace', 'importer', 'shape'), name='one_mapping_per_source'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['channel_to', '-created_at'], name='delivery_by_channel'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('channel_to__isnull', False), ('state__in', ['waiting', 'claimed'])), fields=['channel_to', 'due_at'], name='delivery_open_by_channel'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('channel_to__isnull', False), ('followed_up', False), ('state__in', ['failed', 'unknown'])), fields=['id'], name='delivery_to_follow_up'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('state__in', ['waiting', 'claimed', 'sending'])), fields=['due_at'], name='delivery_open'),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.UniqueConstraint(condition=models.Q(('person', None), ('removed_at', None)), fields=('workspace', 'name'), name='channel_names_differ_in_a_workspace', violation_error_message='There is a channel of this name already.'),
        ),
        migrations.AddConstraint(
            model_name='channel',
            constraint=models.CheckConstraint(condition=models.Q(('fallback', models.F('id')), _negated=True), name='a_channel_is_not_its_own_fallback'),
        ),
        migrations.AddConstraint(
            model_name='calendarday',
            constraint=models.UniqueConstraint(fields=('workspace', 'day'), name='a_day_is_in_the_calendar_once', violation_error_message='This day is in the calendar already.'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='calendarday',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_calendardayevent" ("day", "hours", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "public", "workspace_id") VALUES (NEW."day", NEW."hours", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."public", NEW."workspace_id"); RETURN NULL;', hash='27ab609c1553fa55c3eae06acd9c57647a97917f', operation='INSERT', pgid='pgtrigger_insert_insert_e1369', table='core_calendarday', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='calendarday',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_calendardayevent" ("day", "hours", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "public", "workspace_id") VALUES (NEW."day", NEW."hours", NEW."id", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."public", NEW."workspace_id"); RETURN NULL;', hash='176a63aab307ffc7a7cc0e1a5637b114db03bf74', operation='UPDATE', pgid='pgtrigger_update_update_36b7b', table='core_calendarday', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='calendarday',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_calendardayevent" ("day", "hours", "id", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "public", "workspace_id") VALUES (OLD."day", OLD."hours", OLD."id", OLD."name", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."public", OLD."workspace_id"); RETURN NULL;', hash='1f4f38551618e06000ce3657dcaa6687db83e20e', operation='DELETE', pgid='pgtrigger_delete_delete_94941', table='core_calendarday', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='apitoken',
            constraint=models.CheckConstraint(condition=models.Q(('role__in', [10, 20, 30, 40])), name='token_role_is_known'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='apitoken',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_apitokenevent" ("created_at", "expires_at", "hint", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revoked_at", "role", "workspace_id") VALUES (NEW."created_at", NEW."expires_at", NEW."hint", NEW."id", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."revoked_at", NEW."role", NEW."workspace_id"); RETURN NULL;', hash='4e39682a1bc141dc188ac23d2e48319d29e6c1e3', operation='INSERT', pgid='pgtrigger_insert_insert_8f3ec', table='core_apitoken', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='apitoken',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."expires_at" IS DISTINCT FROM (NEW."expires_at") OR OLD."hint" IS DISTINCT FROM (NEW."hint") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."revoked_at" IS DISTINCT FROM (NEW."revoked_at") OR OLD."role" IS DISTINCT FROM (NEW."role") OR OLD."workspace_id" IS DISTINCT FROM (NEW."workspace_id"))', func='INSERT INTO "core_apitokenevent" ("created_at", "expires_at", "hint", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revoked_at", "role", "workspace_id") VALUES (NEW."created_at", NEW."expires_at", NEW."hint", NEW."id", NEW."name", NEW."owner_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."revoked_at", NEW."role", NEW."workspace_id"); RETURN NULL;', hash='55635acbeb8faa6ab8fa65f4e630c2a3417b2d7f', operation='UPDATE', pgid='pgtrigger_update_update_90670', table='core_apitoken', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='apitoken',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_apitokenevent" ("created_at", "expires_at", "hint", "id", "name", "owner_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "revoked_at", "role", "workspace_id") VALUES (OLD."created_at", OLD."expires_at", OLD."hint", OLD."id", OLD."name", OLD."owner_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."revoked_at", OLD."role", OLD."workspace_id"); RETURN NULL;', hash='e08fa69ff6287ad695cc9039a460fb8194e7c1c6', operation='DELETE', pgid='pgtrigger_delete_delete_f3049', table='core_apitoken', when='AFTER')),
        ),
        migrations.CreateModel(
            name='ExchangeRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='From day')),
                ('source', models.CharField(max_length=3, validators=[opsboard.core.models.rates.check_currency], verbose_name='One')),
                ('target', models.CharField(max_length=3, validators=[opsboard.core.models.rates.check_currency], verbose_name='In')),
                ('rate', models.DecimalField(decimal_places=10, max_digits=20, verbose_name='Rate')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'verbose_name': 'Exchange rate',
                'ordering': ('-day', 'source', 'target'),
            },
        ),
        migrations.CreateModel(
            name='ExchangeRateEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('day', models.DateField(verbose_name='From day')),
                ('source', models.CharField(max_length=3, validators=[opsboard.core.models.rates.check_currency], verbose_name='One')),
                ('target', models.CharField(max_length=3, validators=[opsboard.core.models.rates.check_currency], verbose_name='In')),
                ('rate', models.DecimalField(decimal_places=10, max_digits=20, verbose_name='Rate')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='core.exchangerate')),
                ('workspace', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='core.workspace', verbose_name='Workspace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='exchangerate',
            constraint=models.UniqueConstraint(fields=('workspace', 'source', 'target', 'day'), name='a_day_has_one_rate', violation_error_message='This day already has such a rate.'),
        ),
        migrations.AddConstraint(
            model_name='exchangerate',
            constraint=models.CheckConstraint(condition=models.Q(('rate__gt', 0)), name='rate_is_more_than_nought'),
        ),
        migrations.AddConstraint(
            model_name='exchangerate',
            constraint=models.CheckConstraint(condition=models.Q(('source', models.F('target')), _negated=True), name='rate_is_between_two_currencies'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exchangerate',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_exchangerateevent" ("day", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "source", "target", "workspace_id") VALUES (NEW."day", NEW."id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."rate", NEW."source", NEW."target", NEW."workspace_id"); RETURN NULL;', hash='402162e22c774a1ec85b802dbc05fc6f2e643398', operation='INSERT', pgid='pgtrigger_insert_insert_f0957', table='core_exchangerate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exchangerate',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "core_exchangerateevent" ("day", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "source", "target", "workspace_id") VALUES (NEW."day", NEW."id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."rate", NEW."source", NEW."target", NEW."workspace_id"); RETURN NULL;', hash='9e8873432d4697440f346ee113432ef824916728', operation='UPDATE', pgid='pgtrigger_update_update_8b13c', table='core_exchangerate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='exchangerate',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_exchangerateevent" ("day", "id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "rate", "source", "target", "workspace_id") VALUES (OLD."day", OLD."id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."rate", OLD."source", OLD."target", OLD."workspace_id"); RETURN NULL;', hash='801d754529aabe25637ab5d200f4d68c9fb5853a', operation='DELETE', pgid='pgtrigger_delete_delete_b9971', table='core_exchangerate', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='channel',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_channelevent" ("active", "created_at", "fallback_id", "hint", "id", "kind", "language", "name", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "removed_at", "severities", "version", "workspace_id") VALUES (NEW."active", NEW."created_at", NEW."fallback_id", NEW."hint", NEW."id", NEW."kind", NEW."language", NEW."name", NEW."owner_id", NEW."person_id", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."removed_at", NEW."severities", NEW."version", NEW."workspace_id"); RETURN NULL;', hash='10ea01a10c23e9c9af79a1de80c8049c51eed6d4', operation='INSERT', pgid='pgtrigger_insert_insert_5f323', table='core_channel', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='channel',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."active" IS DISTINCT FROM (NEW."active") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."fallback_id" IS DISTINCT FROM (NEW."fallback_id") OR OLD."hint" IS DISTINCT FROM (NEW."hint") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."language" IS DISTINCT FROM (NEW."language") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."person_id" IS DISTINCT FROM (NEW."person_id") OR OLD."removed_at" IS DISTINCT FROM (NEW."removed_at") OR OLD."severities" IS DISTINCT FROM (NEW."severities") OR OLD."version" IS DISTINCT FROM (NEW."version") OR OLD."workspace_id" IS DISTINCT FROM (NEW."workspace_id"))', func='INSERT INTO "core_channelevent" ("active", "created_at", "fallback_id", "hint", "id", "kind", "language", "name", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "removed_at", "severities", "version", "workspace_id") VALUES (NEW."active", NEW."created_at", NEW."fallback_id", NEW."hint", NEW."id", NEW."kind", NEW."language", NEW."name", NEW."owner_id", NEW."person_id", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."removed_at", NEW."severities", NEW."version", NEW."workspace_id"); RETURN NULL;', hash='104cc1328d16c97a4fa97bec83e59d5696e6c09e', operation='UPDATE', pgid='pgtrigger_update_update_edaa9', table='core_channel', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='channel',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "core_channelevent" ("active", "created_at", "fallback_id", "hint", "id", "kind", "language", "name", "owner_id", "person_id", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "removed_at", "severities", "version", "workspace_id") VALUES (OLD."active", OLD."created_at", OLD."fallback_id", OLD."hint", OLD."id", OLD."kind", OLD."language", OLD."name", OLD."owner_id", OLD."person_id", _pgh_attach_context(), NOW(), \'delete\', OLD."id", OLD."removed_at", OLD."severities", OLD."version", OLD."workspace_id"); RETURN NULL;', hash='8ec6fd4e71bef7243564f84f9156d489a1d6728b', operation='DELETE', pgid='pgtrigger_delete_delete_1bab4', table='core_channel', when='AFTER')),
        ),
    ])
