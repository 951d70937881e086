"""The commands that print files for whoever deploys regions."""

from __future__ import annotations

import typer

from redis_crdt import deploy
from redis_crdt.cli.app import app


@app.command()
def alerts() -> None:
    """Print alert rules for Prometheus, which say what to do."""
    typer.echo(deploy.alerts(), nl=False)


@app.command()
def dashboard() -> None:
    """Print a dashboard for Grafana."""
    typer.echo(deploy.dashboard(), nl=False)


@app.command()
def unit() -> None:
    """Print a systemd unit that runs syncers, as redis-crdt@.service."""
    typer.echo(deploy.unit(), nl=False)
