# One image for every process of Lanewise: `docker build -t lanewise .`, then `docker run lanewise run /site/LINE.toml`.
FROM python:3.13.9-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/lanewise \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /src
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-cache --no-default-groups --extra sparkplug --no-install-project
COPY README.md LICENSE ./
COPY plc plc
COPY rfid rfid
COPY edge edge
COPY api api
COPY lanewise_client lanewise_client
RUN uv sync --locked --no-cache --no-default-groups --extra sparkplug --no-editable

FROM python:3.13.9-slim-bookworm
# The working folder must not shadow an installed package: api, edge, plc and rfid are plain words.
ENV PATH=/opt/lanewise/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1
# The font of papers, Chinese and Latin.
RUN apt-get update && apt-get install -y --no-install-recommends fonts-wqy-microhei && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin lanewise \
    && install --directory --owner=lanewise --group=lanewise /var/lib/lanewise
COPY --from=build /opt/lanewise /opt/lanewise
USER 10001:10001
WORKDIR /var/lib/lanewise
VOLUME /var/lib/lanewise
ENTRYPOINT ["lanewise"]
CMD ["--help"]
