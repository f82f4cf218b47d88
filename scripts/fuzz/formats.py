"""Texts that no pattern describes, by the name of their format in the OpenAPI document: schemathesis makes them up from here."""

import schemathesis
from hypothesis import strategies

zones = ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]

schemathesis.openapi.format("timezone", strategies.sampled_from(zones))
schemathesis.openapi.format("date-time-local", strategies.datetimes().map(lambda time: f"{time:%Y-%m-%dT%H:%M}".zfill(16)))
