"""What every service must be told: typed, frozen, checked at start."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cordguard.bus.port import Connection, Subscription, Will
from cordguard.contract.units import Level


class ServiceSettings(BaseModel):
    """One service's place in the world."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    site: Level = Field(default="site", description="The site whose topics it serves.")
    instance: Level = Field(default="main", description="Tells two copies of one service apart.")
    data_dir: Path = Field(description="Everything the service keeps lies below this folder.")
    broker_host: str = Field(default="127.0.0.1", description="MQTT broker.")
    broker_port: Annotated[int, Field(ge=1, le=65_535)] = 1883
    broker_username: str | None = Field(default=None, description="Account at the broker.")
    broker_password: str | None = Field(default=None, repr=False, description="Its password.")
    simulated_clock: bool = Field(default=False, description="Take the time from the run's clock topic.")

    def connection(
        self,
        client_id: str,
        subscriptions: tuple[Subscription, ...],
        *,
        clean: bool = False,
        will: Will | None = None,
    ) -> Connection:
        """A connection under this service's account."""
        return Connection(
            client_id=client_id,
            host=self.broker_host,
            port=self.broker_port,
            username=self.broker_username,
            password=self.broker_password,
            clean=clean,
            subscriptions=subscriptions,
            will=will,
        )
