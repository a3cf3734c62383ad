"""The Grafana dashboards as code. ``python grafana/build`` writes them to ``grafana/dashboards``."""
