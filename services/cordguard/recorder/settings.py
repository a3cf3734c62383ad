"""What the recorder must be told, beyond what every service must."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from cordguard.runtime.settings import ServiceSettings


class RecorderSettings(ServiceSettings):
    """Where the recorder keeps, and where it ships to. Without ``influx_url`` it only keeps."""

    influx_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = Field(
        default=None, description="InfluxDB, for example http://127.0.0.1:8086; absent: nothing is shipped."
    )
    influx_token: str | None = Field(default=None, repr=False, description="Token that may write to the bucket.")
    influx_org: str = Field(default="-", min_length=1, description="Organisation; a single one needs no name.")
    influx_bucket: str = Field(default="cordguard", min_length=1, description="Bucket (in InfluxDB 1: database).")

    @model_validator(mode="after")
    def _url_needs_token(self) -> RecorderSettings:
        if self.influx_url is not None and not self.influx_token:
            msg = "influx_token is required when influx_url is given; make one that may write to the bucket"
            raise ValueError(msg)
        return self
