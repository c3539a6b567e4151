"""The configuration of a station that runs for a test, and what a test can set of it."""

from __future__ import annotations

CONFIG = """\
[station]
name = "Bus des Trois-Rivières"

[session]
minutes = {minutes}
idle_minutes = {idle_minutes}
warning_seconds = {warning_seconds}
extension_minutes = {extension_minutes}
extensions = 2

[environment]
memory_mib = {memory_mib}
inodes = {inodes}
first_uid = {first_uid}
restarts = {restarts}
restart_window_seconds = {restart_window_seconds}

[display]
server = "{server}"
width = {width}
height = {height}

[voice]
device = "{voice_device}"

[agent]
hook = "{hook}"

[demonstration]
enabled = true
ports = [{port}, {tls_port}, {down_port}]
keys = "{keys}"

[wipe]
require = []

[[sites]]
id = "portail"
title = "Portail des Trois-Rivières"
url = "http://portail.localhost:{port}/"
hosts = ["connexion.localhost:{port}", "portail.localhost:{tls_port}", "portail.localhost:{down_port}"]
{more}"""

DEFAULTS: dict[str, object] = {
    "minutes": 45,
    "idle_minutes": 5,
    "warning_seconds": 60,
    "extension_minutes": 15,
    "memory_mib": 1024,
    "inodes": 200_000,
    "first_uid": 60_960,
    "restarts": 5,
    "restart_window_seconds": 60,
    "server": "xvfb",
    "voice_device": "default",
    "width": 1280,
    "height": 800,
    "hook": "",
    "keys": "",
    "port": 1,
    "tls_port": 2,
    "down_port": 3,
    "more": "",
}
