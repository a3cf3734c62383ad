#!/bin/sh
# Runs once, when InfluxDB sets itself up: makes the bucket a database for InfluxQL, and an account that may read it
# and nothing else, for Grafana.
# Variables named DOCKER_INFLUXDB_INIT_* come from the image.
set -eu
influx v1 dbrp create \
    --org "$DOCKER_INFLUXDB_INIT_ORG" \
    --bucket-id "$DOCKER_INFLUXDB_INIT_BUCKET_ID" \
    --db "$DOCKER_INFLUXDB_INIT_BUCKET" \
    --rp autogen \
    --default
influx v1 auth create \
    --org "$DOCKER_INFLUXDB_INIT_ORG" \
    --username grafana \
    --password "$CORDGUARD_INFLUX_READ_PASSWORD" \
    --read-bucket "$DOCKER_INFLUXDB_INIT_BUCKET_ID"
