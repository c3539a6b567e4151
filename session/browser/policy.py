"""The managed policy of the visitor's browser: what Chromium may show, keep, ask and send.

Chromium reads /etc/chromium/policies/managed/*.json. It ignores a file that it cannot read or parse without a word
(measured), so `session.desk` proves in the live browser that the policy is in force before a station is offered.

Values of -setting policies: 1 allow, 2 block, 3 ask. Names and meanings:
https://chromeenterprise.google/policies/ ; tests check every name against the installed browser.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from session.browser import errors
from session.pages import Settings

PROBE_URL = "http://marchepied.invalid/"
"""Never on an allow list; `.invalid` never resolves (RFC 2606), so that it asks the network nothing of ours."""

_BLOCK = 2
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?")


class BadHost(ValueError):
    """A host of the configuration that cannot be on the allow list. The text names it: it is no visitor's data."""


def allow_entries(host: str) -> list[str]:
    """URLAllowlist entries of one host: `host`, `host:port`, or `*.host` (the host and everything below it).

    Without a port, both schemes on their own port: many links still begin at http:// and are sent on to https://.
    In Chromium's filter format a leading dot means "this host alone"; no dot means its sub-domains too.
    """
    if _HOST.fullmatch(host) is None or len(host) > 253:
        raise BadHost(f"not a host name: {host!r}")
    name = host[2:] if host.startswith("*.") else "." + host
    if ":" in host:
        return [f"http://{name}", f"https://{name}"]
    return [f"http://{name}:80", f"https://{name}:443"]


def hosts_of(settings: Settings) -> list[str]:
    """Every host that some site of the station needs as a page, in order, once."""
    hosts: dict[str, None] = {}
    for site in settings.sites:
        parts = urlsplit(site.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise BadHost(f"not a web address of the site {site.id!r}")
        hosts[parts.hostname + (f":{parts.port}" if parts.port else "")] = None
        hosts.update(dict.fromkeys(site.hosts))
    return list(hosts)


def allow_list(hosts: Iterable[str]) -> list[str]:
    """`URLAllowlist`: our own pages, and these hosts. Raises BadHost."""
    return [*_OWN_PAGES, *(entry for host in hosts for entry in allow_entries(host))]


def build(
    hosts: Iterable[str],
    *,
    downloads: str,
    language: str = "fr",
    cameras: Iterable[str] = (),
    interview: bool = False,
) -> dict[str, Any]:
    """The whole policy. `downloads` is the documents directory as the browser sees it. Raises BadHost.

    `cameras` are origins that may use camera and microphone; `interview`: whether a visit may have such at all.
    """
    origins = list(cameras)
    languages = list(dict.fromkeys((language, "fr", "en")))
    return {
        **_NAVIGATION,
        "ForcedLanguages": languages,
        "URLAllowlist": allow_list(hosts),
        **_EXTENSIONS,
        **_SILENT,
        **_NOTHING_KEPT,
        **_DEVICES,
        **({"WebRtcIPHandling": "default_public_interface_only"} if interview else {}),
        # Exceptions from AudioCaptureAllowed and VideoCaptureAllowed, without a question of the browser's.
        **({"VideoCaptureAllowedUrls": origins, "AudioCaptureAllowedUrls": origins} if origins else {}),
        **_NO_CHROME,
        **_NO_AI,
        "DownloadDirectory": downloads,
    }


def encode(policy: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(policy), indent=1) + b"\n"


# Without a path: in this format "*" is no wildcard inside one, and our own page would be blocked (measured).
_PDF_VIEWER = "chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai"
"""Chromium's own. Blocked, every PDF that a site shows in a page is a grey square (measured); what it can do besides
showing is to print, which `PrintingEnabled` takes away, and to save into the documents."""
_OWN_PAGES = (f"chrome-extension://{errors.ID}", _PDF_VIEWER, "about:blank")

_NAVIGATION: dict[str, Any] = {
    # "*" alone is said not to cover internal pages in every build, so every scheme is named as well.
    "URLBlocklist": [
        "*",
        "file://*",
        "view-source:*",
        "chrome://*",
        "chrome-untrusted://*",
        "chrome-search://*",
        "chrome-extension://*",
        "devtools://*",
        "data:*",
        "javascript://*",
        "ftp://*",
    ],
    "DeveloperToolsAvailability": 2,
    "SSLErrorOverrideAllowed": False,
    "DefaultPopupsSetting": _BLOCK,  # a log-in window by the visitor's own tap still opens
    "AutoLaunchProtocolsFromOrigins": [],
    "ExternalProtocolDialogShowAlwaysOpenCheckbox": False,
    "InsecureFormsWarningsEnabled": False,  # its page has a "send anyway" that nobody on a station can judge
    "LookalikeWarningAllowlistDomains": [],
    "AuthSchemes": "",  # no browser log-in dialog: the site's own "401" page is shown
    "BasicAuthOverHttpEnabled": False,
    "AmbientAuthenticationInPrivateModesEnabled": 0,
    "CACertificateManagementAllowed": 2,
    "DefaultInsecureContentSetting": _BLOCK,
    "WebAppInstallByUserEnabled": False,
    "SubAppsWithoutPromptsAllowedForOrigins": [],
}

_EXTENSIONS: dict[str, Any] = {
    # "*" in ExtensionInstallBlocklist, or "blocked" as the default mode, also refuses --load-extension, by which our
    # own guide comes (measured: "Loading of unpacked extensions is disabled by the administrator"). So the one
    # source that there is, the web store, is blocked, and its pages are on no allow list.
    "ExtensionSettings": {
        "*": {
            "allowed_types": ["extension"],
            "runtime_blocked_hosts": ["*://*"],
            "blocked_permissions": [
                "nativeMessaging",
                "debugger",
                "management",
                "proxy",
                "cookies",
                "scripting",
                "storage",
                "downloads",
                "history",
                "webRequest",
            ],
        },
        "update_url:https://clients2.google.com/service/update2/crx": {"installation_mode": "blocked"},
    },
    "ExtensionInstallSources": [],
    "ExtensionDeveloperModeSettings": 1,
    "ExtensionReviewPromptsEnabled": False,
    "NativeMessagingBlocklist": ["*"],
    "NativeMessagingUserLevelHosts": False,
    "BlockExternalExtensions": True,
}

_SILENT: dict[str, Any] = {
    "SafeBrowsingProtectionLevel": 0,  # it would send addresses to Google
    "SafeBrowsingSurveysEnabled": False,
    "MetricsReportingEnabled": False,
    "UrlKeyedAnonymizedDataCollectionEnabled": False,
    "ChromeVariations": 2,
    "BrowserNetworkTimeQueriesEnabled": False,
    "SearchSuggestEnabled": False,
    "DefaultSearchProviderEnabled": False,
    "AlternateErrorPagesEnabled": False,
    "NetworkPredictionOptions": 2,
    "SpellCheckServiceEnabled": False,
    "SpellcheckEnabled": False,  # no dictionary is there, and Chromium would fetch one
    "TranslateEnabled": False,
    "TranslatorAPIAllowed": False,
    "LiveCaptionEnabled": False,
    "LiveTranslateEnabled": False,
    "DnsOverHttpsMode": "off",
    "DNSInterceptionChecksEnabled": False,
    "ComponentUpdatesEnabled": False,
    "DomainReliabilityAllowed": False,
    "UserFeedbackAllowed": False,
    "FeedbackSurveysEnabled": False,
    "PromotionsEnabled": False,
    "WebRtcEventLogCollectionAllowed": False,
    "WebRtcTextLogCollectionAllowed": False,
    "WebRtcIPHandling": "disable_non_proxied_udp",
    "EnableMediaRouter": False,
    "GoogleSearchSidePanelEnabled": False,
    "ProxyMode": "direct",
    "WPADQuickCheckEnabled": False,
    "BackgroundModeEnabled": False,
    "PrivacySandboxPromptEnabled": False,
    "PrivacySandboxAdTopicsEnabled": False,
    "PrivacySandboxSiteEnabledAdsEnabled": False,
    "PrivacySandboxAdMeasurementEnabled": False,
    "DesktopSharingHubEnabled": False,
    "EnterpriseHardwarePlatformAPIEnabled": False,
    "RemoteAccessHostAllowRemoteAccessConnections": False,
}

_NOTHING_KEPT: dict[str, Any] = {
    "PasswordManagerEnabled": False,
    "PasswordManagerPasskeysEnabled": False,
    "PasswordLeakDetectionEnabled": False,
    "PasswordSharingEnabled": False,
    "AutofillAddressEnabled": False,
    "AutofillCreditCardEnabled": False,
    "AutofillPredictionSettings": 2,
    "PaymentMethodQueryEnabled": False,
    "ImportAutofillFormData": False,
    "ImportBookmarks": False,
    "ImportHistory": False,
    "ImportSavedPasswords": False,
    "ImportSearchEngine": False,
    "BrowserSignin": 0,
    "SyncDisabled": True,
    "SigninInterceptionEnabled": False,
    "BrowserAddPersonEnabled": False,
    "BrowserGuestModeEnabled": False,
    "ProfilePickerOnStartupAvailability": 1,
    "IncognitoModeAvailability": 1,
    "EditBookmarksEnabled": False,
    "BookmarkBarEnabled": False,
    # 1 keeps the session cookies of a browser that died, so that its visitor stays logged in. What forgets them is
    # the environment's memory disk.
    "RestoreOnStartup": 1,
    "WebAuthenticationRemoteProxiedRequestsAllowed": False,
    "QRCodeGeneratorEnabled": False,
    "UserDataSnapshotRetentionLimit": 0,
}

_DEVICES: dict[str, Any] = {
    "DefaultGeolocationSetting": _BLOCK,
    "DefaultNotificationsSetting": _BLOCK,
    "DefaultMediaStreamSetting": _BLOCK,
    "DefaultWebUsbGuardSetting": _BLOCK,
    "DefaultWebHidGuardSetting": _BLOCK,
    "DefaultSerialGuardSetting": _BLOCK,
    "DefaultWebBluetoothGuardSetting": _BLOCK,
    "DefaultFileSystemReadGuardSetting": _BLOCK,
    "DefaultFileSystemWriteGuardSetting": _BLOCK,
    "DefaultSensorsSetting": _BLOCK,
    "DefaultLocalFontsSetting": _BLOCK,
    "DefaultWindowManagementSetting": _BLOCK,
    "DefaultIdleDetectionSetting": _BLOCK,
    "DefaultClipboardSetting": _BLOCK,
    "DefaultDirectSocketsSetting": _BLOCK,
    "DefaultControlledFrameSetting": _BLOCK,
    "LocalNetworkBlockedForUrls": ["*"],
    "AutoplayAllowed": False,
    "AudioCaptureAllowed": False,
    "VideoCaptureAllowed": False,
    "ScreenCaptureAllowed": False,
    "PrintingEnabled": False,
    "DisablePrintPreview": True,  # the PDF viewer's print button opens it all the same (measured)
}

_NO_CHROME: dict[str, Any] = {
    "PromptForDownloadLocation": False,
    "DownloadRestrictions": 0,
    "DefaultAutomaticDownloadsSetting": 1,  # 3, the default, asks in a dialog of the browser
    "AutoOpenFileTypes": [],
    "AlwaysOpenPdfExternally": False,
    "PdfAnnotationsEnabled": False,
    "AllowFileSelectionDialogs": True,  # uploads need it; the mount namespace is the boundary
    "DefaultBrowserSettingEnabled": False,
    "HomepageIsNewTabPage": False,
    "NewTabPageLocation": "about:blank",
    "ShowHomeButton": False,
    "ShowAppsShortcutInBookmarkBar": False,
    "ShowCastIconInToolbar": False,
    "BrowserLabsEnabled": False,
    "FullscreenAllowed": True,
    "AllowDinosaurEasterEgg": False,
    "TaskManagerEndProcessEnabled": False,
    "SideSearchEnabled": False,
    "HighEfficiencyModeEnabled": False,
    "CommandLineFlagSecurityWarningsEnabled": False,
    "SuppressUnsupportedOSWarning": True,
    "AccessibilityImageLabelsEnabled": False,
    "ShoppingListEnabled": False,
    "NTPCardsVisible": False,
    "NTPCustomBackgroundEnabled": False,
    "MediaRecommendationsEnabled": False,
    "HistoryClustersVisible": False,
}

_NO_AI: dict[str, Any] = {
    "AIModeSettings": 1,
    "AutofillGenAiSettings": 2,
    "AutomatedPasswordChangeSettings": 2,
    "BuiltInAIAPIsEnabled": False,
    "CreateThemesSettings": 2,
    "DevToolsGenAiSettings": 2,
    "GeminiSettings": 1,
    "GenAILocalFoundationalModelSettings": 1,
    "HelpMeWriteSettings": 2,
    "HistorySearchSettings": 2,
    "SearchContentSharingSettings": 1,
    "SmartTabSharingSettings": 1,
    "TabCompareSettings": 2,
    "ThirdPartyAiChatSettings": 1,
    "VoiceTypingSettings": 2,
}
