"""The settings of ``redis-crdt sync``: from its options, the environment, and a TOML file."""

from __future__ import annotations

import os
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from redis_crdt.errors import InvalidSetting, problems_of
from redis_crdt.sync.tombstones import GRACE


class SyncSettings(BaseSettings):
    """What a syncer is to do. In the environment each name begins with ``REDIS_CRDT_``."""

    model_config = SettingsConfigDict(
        env_prefix="REDIS_CRDT_", extra="forbid", hide_input_in_errors=True, frozen=True
    )
    _file: ClassVar[str | None] = None

    url: SecretStr
    """The server of the replica that is to be kept in step."""
    peers: Annotated[list[SecretStr], NoDecode, Field(min_length=1)]
    """The servers of its peers; in the environment with commas in between."""
    namespace: str = "default"
    replica_id: str | None = None
    """The replica's id; needed where the namespace is new on its server."""
    shards: int = Field(1, ge=1, le=16384)
    max_drift: float = Field(60.0, ge=0)
    """How many seconds ahead of the server's clock a peer's writes may be."""
    interval: float = Field(30.0, gt=0)
    """How many seconds pass between rounds that no wake-up asked for."""
    grace: float = Field(GRACE, ge=0)
    """For how many seconds tombstones stay at least, so that who lags can go on with deltas."""
    gc_interval: float = Field(600.0, gt=0)
    """How many seconds pass between collections."""
    timeout: float = Field(10.0, gt=0)
    """For how many seconds a server may leave a command unanswered."""
    metrics_port: int | None = Field(None, ge=0, le=65535)
    """Where to serve ``/metrics`` for Prometheus, ``/healthz`` and ``/readyz``, if anywhere."""
    metrics_host: str = "127.0.0.1"
    metrics_collections: bool = True
    """Whether each collection has metrics of its own."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("peers", mode="before")
    @classmethod
    def _split(cls, peers: Any) -> Any:
        return peers.split(",") if isinstance(peers, str) else peers

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Options come before the environment, and that before the file."""
        if cls._file is None:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, cls._file)


def load_settings(file: str | None, options: dict[str, Any]) -> SyncSettings:
    """Read the settings; :class:`InvalidSetting` names the field that is wrong."""
    if file is not None and not os.path.isfile(file):
        raise InvalidSetting(f"no such file: {file}")

    class FromFile(SyncSettings):
        _file = file

    try:
        return FromFile(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        raise InvalidSetting(problems_of(error)) from None
    except (SettingsError, ValueError) as error:
        raise InvalidSetting(f"{file or 'environment'}: {error}") from None
