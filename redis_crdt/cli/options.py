"""How commands are given their settings: as options, by the environment, or in a file.

The options are made of the fields of :class:`~redis_crdt.sync.settings.Settings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Annotated, Any

import typer
from pydantic import SecretStr

from redis_crdt.errors import NamespaceMissing, ReplicaMismatch
from redis_crdt.replica.blocking import Replica
from redis_crdt.sync.settings import CONFIG, PREFIX, Settings, load_settings

EVERY = tuple(Settings.model_fields)
"""What a syncer has."""

SERVER = ("namespace", "max_drift", "allow_eviction", "timeout")
"""What commands have that deal with one replica, beside its URL."""

NEW = (*SERVER, "replica_id", "shards")
"""What those have that may make it."""

PANEL = f"Settings, also in a file, or as {PREFIX}NAME"

_Config = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        envvar=CONFIG,
        help="A TOML file of settings, or a pipe. Options and the environment come before it.",
        rich_help_panel=PANEL,
    ),
]
# Of any number, since only such an argument may be left out where others follow.
_Url = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="URL",
        help="The server, such as redis://localhost:6379/0; by default that of the settings.",
        show_default=False,
    ),
]


def takes_settings(
    names: Iterable[str] = SERVER, *, file: str | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Have a command called with the settings of these names as its first argument.

    Their options are added to its own, and, unless ``url`` is one of them, an argument for the
    URL. ``file`` names an argument that may be left out, as may the URL before it.
    """
    options = {name: _option(name) for name in names}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(signature(command, eval_str=True).parameters.values())[1:]
        added = [_parameter(name, option) for name, option in options.items()]
        if "url" not in options:
            own.insert(0, _parameter("url", _Url))
        parameters = [*own, _parameter("config", _Config), *added]

        @wraps(command)
        def run(config: str | None, **arguments: Any) -> None:
            given = {name: arguments.pop(name) for name in options}
            if "url" not in options:
                given["url"] = _url(arguments, file)
            command(load_settings(config, given), **arguments)

        run.__signature__ = Signature(  # type: ignore[attr-defined]
            [p.replace(kind=Parameter.KEYWORD_ONLY) for p in parameters]
        )
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate


def _parameter(name: str, annotation: Any) -> Parameter:
    return Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _url(arguments: dict[str, Any], file: str | None) -> str | None:
    urls: list[str] = arguments.pop("url") or []
    if file is not None and not urls and "://" in (arguments[file] or ""):
        urls, arguments[file] = [arguments[file]], None
    if len(urls) > 1:
        raise typer.BadParameter(f"too many arguments: {' '.join(urls[1:])}")
    return urls[0] if urls else None


def _plain(default: Any) -> str:
    if default is True:
        return "yes"
    return f"{default:g}" if isinstance(default, float) else str(default)


def _option(name: str) -> Any:
    """Return the option for a setting. What is given to it is checked with all the others."""
    field = Settings.model_fields[name]
    said = field.description or ""
    if field.default and not field.is_required():
        said = f"{said} (default: {_plain(field.default)})"
    flags, metavar = ["--" + name.replace("_", "-")], "TEXT"
    shape: Any = str | None
    if field.default is False:
        return Annotated[bool | None, typer.Option(*flags, help=said, rich_help_panel=PANEL)]
    if name == "peers":
        flags, shape, metavar = ["--peer"], list[str] | None, "URL"
        said = "A peer's server; once for each of them."
    elif name == "namespace":
        flags.append("-n")
    elif field.annotation in (SecretStr, float):
        metavar = "URL" if field.annotation is SecretStr else "SECONDS"
    elif field.annotation in (int, int | None):
        metavar = "NUMBER"
    elif field.annotation is bool:
        metavar = "yes|no"
    return Annotated[shape, typer.Option(*flags, metavar=metavar, help=said, rich_help_panel=PANEL)]


def replica_of(settings: Settings, url: str | None = None, *, new: bool = False) -> Replica:
    """Open the replica of the settings, or that of another server.

    A namespace that is not there is made only if it may be ``new``: else a mistyped one would be.
    """
    own = settings.replica_id if url is None else None
    try:
        replica = Replica.from_url(
            url or settings.url.get_secret_value(),
            replica_id=own if new else None,
            **settings.of_replicas(),
        )
    except NamespaceMissing as error:
        if new:
            raise
        missing = f"no namespace {settings.namespace!r} is there; `redis-crdt namespaces` lists all"
        raise NamespaceMissing(missing).at(error.server or "") from None
    if own not in (None, replica.replica_id):
        replica.close()
        raise ReplicaMismatch(f"{replica.about} is replica {replica.replica_id!r}, not {own!r}")
    return replica


def opened(settings: Settings, url: str | None = None, *, new: bool = False) -> Replica:
    """Open it with as many shards as it has."""
    try:
        return replica_of(settings, url, new=new)
    except ReplicaMismatch as mismatch:
        if mismatch.shards is None:
            raise
        shards = mismatch.shards
    return replica_of(settings.model_copy(update={"shards": shards}), url, new=new)
