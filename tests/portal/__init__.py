"""A fictional public-service portal: what tests, try-outs and benches browse instead of real sites."""

from tests.portal.journal import Download, Form, Journal, Upload
from tests.portal.server import Portal

__all__ = ["Download", "Form", "Journal", "Portal", "Upload"]
