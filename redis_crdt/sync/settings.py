"""The settings of the command line: from options, the environment, and a TOML file.

They are the same ones everywhere. Each is said once, here: the options of the commands with their
help, and the table in ``redis_crdt/deploy/README.md``, are made of these fields and their texts.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from redis_crdt.core.names import check_namespace, check_replica_id
from redis_crdt.errors import InvalidSetting
from redis_crdt.sync.tombstones import GRACE

PREFIX = "REDIS_CRDT_"
"""What the names of settings begin with in the environment."""

CONFIG = f"{PREFIX}CONFIG"
"""Where the environment names the file of settings."""


class Settings(BaseSettings):
    """What a command is to do, and where."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )
    _file: ClassVar[str | None] = None
    _in_file: ClassVar[dict[str, Any]] = {}
    _options: ClassVar[dict[str, Any]] = {}

    url: SecretStr
    """The server of the replica, such as redis://localhost:6379/0."""
    namespace: str = "default"
    """Which namespace."""
    replica_id: str | None = None
    """The replica's id; needed where the namespace is new on its server."""
    shards: int = Field(1, ge=1, le=16384)
    """How many shards a new namespace has."""
    max_drift: float = Field(60.0, ge=0, lt=1e9)
    """How many seconds ahead of the server's clock what is taken in may be."""
    allow_eviction: bool = False
    """Accept a server that may throw keys away."""
    durable: bool = False
    """Vouch that the server keeps whatever it acknowledges: so budgets outlast restarts."""
    timeout: float = Field(10.0, gt=0)
    """For how many seconds a server may leave a command unanswered."""
    peers: Annotated[list[SecretStr], NoDecode] = []
    """The servers of the replica's peers; in the environment with commas in between."""
    interval: float = Field(30.0, gt=0)
    """How many seconds pass between rounds that nothing new asked for."""
    grace: float = Field(GRACE, ge=0, lt=1e9)
    """For how many seconds tombstones stay at least, so that who lags can go on with deltas."""
    gc_interval: float = Field(600.0, gt=0)
    """How many seconds pass between collections of tombstones."""
    max_bytes_per_second: float | None = Field(None, gt=0)
    """How many bytes a second come at most where all entries are compared; no bound if unset."""
    metrics_port: int | None = Field(None, ge=0, le=65535)
    """Where to serve /metrics for Prometheus, /healthz and /readyz, if anywhere."""
    metrics_host: str = "127.0.0.1"
    """The address to serve them on."""
    metrics_collections: bool = True
    """Whether each collection has metrics of its own."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """What to log at least: debug, info, warning or error."""
    log_format: Literal["text", "json"] = "text"
    """How: as text, a line for each event, or as json, an object on each line."""

    @field_validator("peers", mode="before")
    @classmethod
    def _split(cls, peers: Any) -> Any:
        if not isinstance(peers, str):
            return peers
        return [peer.strip() for peer in peers.split(",") if peer.strip()]

    @field_validator("namespace")
    @classmethod
    def _check_namespace(cls, namespace: str) -> str:
        return check_namespace(namespace)

    @field_validator("replica_id")
    @classmethod
    def _check_replica_id(cls, replica_id: str | None) -> str | None:
        return None if replica_id is None else check_replica_id(replica_id)

    def of_replicas(self) -> dict[str, Any]:
        """Return how replicas are opened, by whatever URL, as arguments of ``from_url``."""
        return {
            "namespace": self.namespace,
            "shards": self.shards,
            "max_drift": self.max_drift,
            "allow_eviction": self.allow_eviction,
            "durable": self.durable,
            "socket_timeout": self.timeout,
            "socket_connect_timeout": self.timeout,
        }

    def peer_urls(self) -> list[str]:
        """Return the URLs of the peers; :class:`InvalidSetting` where there are none."""
        if not self.peers:
            raise InvalidSetting("peers: at least one is needed")
        return [peer.get_secret_value() for peer in self.peers]

    def anew(self) -> Settings:
        """Read the settings once more, from where these came."""
        return load_settings(self._file, self._options)

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
        return init_settings, env_settings, InitSettingsSource(settings_cls, cls._in_file)


def load_settings(file: str | None, options: dict[str, Any]) -> Settings:
    """Read the settings; :class:`InvalidSetting` names the one that is wrong.

    ``file`` may also be a pipe, as of ``--config <(sops -d eu.toml)``. Options that are None were
    not given.
    """
    _check_environment(os.environ)

    class Loaded(Settings):
        _file, _options = file, options
        _in_file = _read(file) if file is not None else {}

    try:
        return Loaded(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        raise InvalidSetting("; ".join(map(_problem, problems[:3]))) from None


def _read(file: str) -> dict[str, Any]:
    try:
        with open(file, "rb") as opened:
            return tomllib.load(opened)
    except OSError as error:
        raise InvalidSetting(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise InvalidSetting(f"{file} is no TOML: {error}") from None


def _problem(problem: Any) -> str:
    name = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        meant = _nearest(name, Settings.model_fields)
        return f"{name}: no such setting" + (f"; did you mean {meant}?" if meant else "")
    if problem["type"] == "missing":
        return f"{name}: missing; pass it, set {PREFIX}{name.upper()}, or name a file by --config"
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"


def _check_environment(names: Iterable[str]) -> None:
    """Refuse what is nearly a setting. Other variables may begin as ours do."""
    known = [*Settings.model_fields, "config"]
    for name in names:
        prefix, setting = name.upper()[: len(PREFIX)], name[len(PREFIX) :].lower()
        if prefix == PREFIX and setting not in known and (meant := _nearest(setting, known)):
            raise InvalidSetting(f"{name}: no such setting; did you mean {PREFIX}{meant.upper()}?")


def _nearest(name: str, known: Iterable[str]) -> str | None:
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.75)), None)
