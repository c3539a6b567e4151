"""How Kivy is set up, before anything of it is imported: nothing read from or written to the disk, no input but
the display's, no extra key. Kivy reads its settings while it is imported, so this comes first.
"""

from __future__ import annotations

import logging
import os

WINDOW_INSTANCE = "marchepied-ui"
"""Instance part of WM_CLASS: how the guard knows this window."""


def prepare(width: int, height: int) -> None:
    """Sets up Kivy for a borderless window of this size, in pixels, at the top left of the display."""
    os.environ.update(
        KIVY_NO_ARGS="1",
        KIVY_NO_CONFIG="1",
        KIVY_NO_ENV_CONFIG="1",
        KIVY_NO_FILELOG="1",
        KIVY_NO_CONSOLELOG="1",
        # Kivy's other modes take over the root logger and sys.stderr.
        KIVY_LOG_MODE="PYTHON",
        KIVY_HOME=os.path.join(os.environ.get("HOME", "/nonexistent"), ".kivy"),
        # One pixel is one pixel: sizes come from the real window, not from what the display claims to measure.
        KIVY_METRICS_DENSITY="1",
        KIVY_METRICS_FONTSCALE="1",
        KIVY_DPI="96",
        SDL_VIDEO_X11_WMCLASS=WINDOW_INSTANCE,
        # SIGTERM ends the process at once; SDL would turn it into a polite request.
        SDL_NO_SIGNAL_HANDLERS="1",
        SDL_VIDEO_ALLOW_SCREENSAVER="1",
        # Else SDL takes the first tap after a change of the keyboard's focus for the mere choice of a window.
        SDL_MOUSE_FOCUS_CLICKTHROUGH="1",
        # Where Mesa draws without a graphics chip it compiles its programs at each start: that takes half the time
        # without optimisation, and the pictures no longer (measured, Mesa 22). Nothing of it is kept on the disk.
        GALLIVM_PERF="nopt",
        MESA_SHADER_CACHE_DISABLE="true",
    )
    # Faults reach us as exceptions; the rest is talk, mostly of providers that are rightly missing. A filter,
    # because Kivy sets its logger's level itself while it is imported.
    logging.getLogger("kivy").addFilter(lambda record: record.levelno >= logging.CRITICAL)
    from kivy.config import Config

    for section, values in {
        "kivy": {"exit_on_escape": "0", "keyboard_mode": "system"},
        "graphics": {
            "width": str(width),
            "height": str(height),
            "position": "custom",
            "left": "0",
            "top": "0",
            "borderless": "1",
            "resizable": "1",
            "fullscreen": "0",
            "multisamples": "0",
        },
    }.items():
        for name, value in values.items():
            Config.set(section, name, value)
    Config.remove_section("input")
    Config.add_section("input")
    Config.set("input", "mouse", "mouse,disable_multitouch")
