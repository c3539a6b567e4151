"""The browser's own message bus (dbus-daemon), on which nobody speaks but the browser and the desk.

It starts and ends with the browser, in its sandbox: GTK ends a program whose bus goes away, so it must not die with the
desk. There is no other service, and a name can be owned only by the desk.

Chromium asks once, as it starts, whether somebody chooses files for it; where nobody answers it has GTK's dialog for
all its life (measured, Chromium 156). So the bus keeps calls for that name until the desk is there, or there again, as
it does for a service that it has started: what it starts is a program that does nothing.
"""

from __future__ import annotations

from pathlib import Path

from session.environment.users import Users

DIRECTORY = Path("/run/bus")
"""Where the sandboxes of the browser and the desk see it."""
SOCKET = DIRECTORY / "socket"
ADDRESS = f"unix:path={SOCKET}"
CONFIG = Path("/etc/marchepied-bus.conf")
"""In the browser's sandbox."""
SERVICES = Path("/etc/marchepied-bus-services")
"""In the browser's sandbox: what a call may start."""
RUN = "/usr/bin/dbus-run-session"
START_SECONDS = 20
"""For so long a call waits for the desk; Chromium itself gives up after 25."""

INPUT_METHOD = ("org.fcitx.Fcitx5", "org.freedesktop.portal.Fcitx")
"""Whoever owns them is GTK's input method "fcitx"."""
PORTAL = "org.freedesktop.portal.Desktop"
"""Whoever owns it chooses files for Chromium, among other things."""
NAMES = (*INPUT_METHOD, PORTAL)


def wrap(program: tuple[str, ...]) -> tuple[str, ...]:
    """The program with a bus of its own, whose address it finds in DBUS_SESSION_BUS_ADDRESS."""
    return (RUN, f"--config-file={CONFIG}", "--", *program)


def kept() -> tuple[str, str]:
    """Name and text of the file by which the bus keeps calls for the portal until somebody owns it.

    A program that ends well is taken for one that goes on in the background (dbus-daemon 1.14, bus/activation.c).
    """
    return f"{PORTAL}.service", f"[D-BUS Service]\nName={PORTAL}\nExec=/usr/bin/true\n"


def configuration(users: Users) -> str:
    """What dbus-daemon(1) reads. All that is not allowed is refused."""
    owned = "\n".join(f'    <allow own="{name}"/>' for name in NAMES)
    called = "\n".join(f'    <allow send_destination="{name}"/>' for name in NAMES)
    return f"""\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{ADDRESS}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{SERVICES}</servicedir>
  <limit name="service_start_timeout">{1000 * START_SECONDS}</limit>
  <limit name="max_completed_connections">64</limit>
  <limit name="max_message_size">1048576</limit>
  <policy context="default">
    <deny user="*"/>
    <allow user="{users.visitor}"/>
    <allow user="{users.screen}"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <deny send_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
  </policy>
  <policy user="{users.screen}">
    <allow send_type="signal"/>
{owned}
  </policy>
  <policy user="{users.visitor}">
{called}
  </policy>
</busconfig>
"""
