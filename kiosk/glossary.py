"""The words that sites use and visitors may not know; what they mean is in the catalogues."""

from __future__ import annotations

import enum


class Term(enum.StrEnum):
    """In the order in which they are offered: first what one meets first."""

    LOGIN = "login"
    PASSWORD = "password"  # noqa: S105 (the word, not one)
    EMAIL = "email"
    ATTACHMENT = "attachment"
    PROOF = "proof"
    DOWNLOAD = "download"
    BROWSER = "browser"
    PAGE = "page"
    TAB = "tab"
    LINK = "link"
    FORM = "form"
    COOKIES = "cookies"
