# One image for all services and the simulator: `docker run cordguard service safety --help`.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/cordguard \
    && /opt/cordguard/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY schemas ./schemas
COPY services ./services
COPY simulators ./simulators
RUN /opt/cordguard/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11.14-slim-bookworm
COPY --from=build /opt/cordguard /opt/cordguard
ENV PATH=/opt/cordguard/bin:$PATH PYTHONUNBUFFERED=1
# A new volume takes over the owner of the folder it is mounted on.
RUN useradd --uid 10001 --no-create-home cordguard \
    && install --directory --owner cordguard --mode 0700 /data /broker-config
USER cordguard
ENTRYPOINT ["cordguard"]
