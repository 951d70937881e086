"""What systemd does with the unit that `redis-crdt unit` prints, as far as the page asks for it.

systemctl enable|disable --now NAME...; systemctl start|stop|restart|reload NAME...
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

MACHINE = Path(os.environ["MACHINE"])


def settings(name: str) -> dict[str, str]:
    """Read the unit; what it says of /etc is in the machine's directory."""
    template, _, instance = name.partition("@")
    text = (MACHINE / f"etc/systemd/system/{template}@.service").read_text()
    text = text.replace("%i", instance).replace("%%", "%").replace("/etc/", f"{MACHINE}/etc/")
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {key: value for key, _, value in lines}


def runs(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return state.stdout.strip()[:1] not in ("", "Z")


def main() -> None:
    verb, *rest = sys.argv[1:]
    names = [word for word in rest if not word.startswith("--")]
    if verb in ("enable", "disable"):
        verb = {"enable": "start", "disable": "stop"}[verb] if "--now" in rest else ""
    for name in names:
        unit, pid_file = settings(name), MACHINE / f"{name}.pid"
        if verb == "reload":
            reload = unit["ExecReload"].replace("$MAINPID", pid_file.read_text())
            subprocess.run(shlex.split(reload), check=True)
        if verb in ("stop", "restart"):
            stop(pid_file)
        if verb in ("start", "restart"):
            start(unit, MACHINE / f"{name}.log", pid_file)


def stop(pid_file: Path) -> None:
    pid = int(pid_file.read_text())
    os.kill(pid, signal.SIGTERM)
    while runs(pid):
        time.sleep(0.01)
    pid_file.unlink()


def start(unit: dict[str, str], log: Path, pid_file: Path) -> None:
    with open(log, "ab") as told:
        process = subprocess.Popen(
            shlex.split(unit["ExecStart"]),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
        )
    pid_file.write_text(str(process.pid))


main()
