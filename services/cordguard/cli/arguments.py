"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

SiteOption = Annotated[str, typer.Option(help="The site whose topics are used.")]
BrokerHostOption = Annotated[str, typer.Option(envvar="CORDGUARD_BROKER_HOST", help="MQTT broker.")]
BrokerPortOption = Annotated[int, typer.Option(min=1, max=65_535, envvar="CORDGUARD_BROKER_PORT", help="Its port.")]
