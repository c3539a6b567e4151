// Puts our own page in the place of Chromium's error pages. It keeps nothing: the failed address stays where it is
// already, in the history of its own tab, one step behind our page; "again" is one step back.
'use strict'

const PAGE = chrome.runtime.getURL('page.html')

// The desk opens this address to see that the station's rules are in force: only if they refuse it is it "ready".
const PROBE_HOST = 'marchepied.invalid'
const isProbe = (url) => /^https?:/.test(url ?? '') && new URL(url).hostname === PROBE_HOST

// Addresses that cannot be reached by any repetition: their page offers only the way back.
const BLOCKED = new Set([
  'BLOCKED_BY_ADMINISTRATOR', 'BLOCKED_BY_CLIENT', 'BLOCKED_BY_RESPONSE', 'UNKNOWN_URL_SCHEME',
  'DISALLOWED_URL_SCHEME', 'UNSAFE_PORT', 'UNSAFE_REDIRECT', 'INVALID_URL', 'ACCESS_DENIED', 'FILE_NOT_FOUND'
])

// What a cut network looks like, and so may one site that is away: two sites in a row are the network.
const FAR = new Set([
  'NAME_NOT_RESOLVED', 'NAME_RESOLUTION_FAILED', 'DNS_TIMED_OUT', 'TIMED_OUT', 'CONNECTION_TIMED_OUT',
  'ADDRESS_UNREACHABLE', 'NETWORK_CHANGED', 'NETWORK_IO_SUSPENDED'
])
const silent = new Set()
function isOffline (name, url) {
  const host = new URL(url).hostname
  if (/(^|\.)localhost$/.test(host)) return false // needs no network: a demonstration
  if (name === 'INTERNET_DISCONNECTED' || !navigator.onLine) return true
  if (FAR.has(name)) silent.add(host)
  return FAR.has(name) && silent.size > 1
}
chrome.webNavigation.onCompleted.addListener((details) => {
  if (details.frameId === 0 && /^https?:/.test(details.url)) silent.clear()
})

function kindOf (error, url) {
  const name = error.replace(/^net::ERR_/, '')
  if (name === 'ABORTED') return null
  if (name === 'CACHE_MISS') return 'unsent'
  if (BLOCKED.has(name)) return 'blocked'
  if (/^(CERT_|SSL_|BAD_SSL|INSECURE_)/.test(name)) return 'certificate'
  return isOffline(name, url) ? 'offline' : 'down'
}

// Tabs whose navigation began on our page: if it fails again on the way back, go one further back.
const fromGuide = new Map()
// Tabs whose newest navigation failed, and how.
const failing = new Map()
// Tabs whose failure was seen.
const seen = new Set()

chrome.webNavigation.onBeforeNavigate.addListener(async (details) => {
  if (details.frameId !== 0) return
  if (!details.url.startsWith(PAGE)) failing.delete(details.tabId)
  try {
    const tab = await chrome.tabs.get(details.tabId)
    if (tab.url && tab.url.startsWith(PAGE)) fromGuide.set(details.tabId, tab.url)
    else fromGuide.delete(details.tabId)
  } catch { /* the tab is gone */ }
})

// An error is told before Chromium's own page for it is there, which may then end the way to ours: look again.
const TRIES = 5
const TRY_MS = 100
async function show (failed, kind) {
  for (let n = 0; n < TRIES; n++) {
    await chrome.tabs.update(failed.tabId, { url: PAGE + '#' + kind })
    await new Promise((resolve) => setTimeout(resolve, TRY_MS))
    const tab = await chrome.tabs.get(failed.tabId)
    const still = failing.get(failed.tabId) === failed && tab.url === failed.url
    if (!still || tab.status !== 'complete') return
  }
}

chrome.webNavigation.onErrorOccurred.addListener(async (details) => {
  if (details.frameId !== 0 || details.url.startsWith(PAGE)) return
  let kind = kindOf(details.error, details.url)
  if (kind === null) return
  seen.add(details.tabId)
  failing.set(details.tabId, details)
  if (isProbe(details.url) && details.error === 'net::ERR_BLOCKED_BY_ADMINISTRATOR') kind = 'ready'
  const was = fromGuide.get(details.tabId)
  fromGuide.delete(details.tabId)
  try {
    if (was === PAGE + '#blocked' && kind === 'blocked') {
      await chrome.tabs.goBack(details.tabId)
    } else {
      await show(details, kind)
    }
  } catch { /* the tab is gone, or has nothing behind it */ }
})

chrome.tabs.onRemoved.addListener((tab) => { fromGuide.delete(tab); seen.delete(tab); failing.delete(tab) })

// A browser that has just started may refuse the probe before this worker listens: then ask again.
let asking = false
async function probeAgain () {
  if (asking) return
  asking = true
  for (let n = 0; n < TRIES; n++) {
    for (const tab of await chrome.tabs.query({ url: `*://${PROBE_HOST}/*`, status: 'complete' })) {
      if (!seen.has(tab.id)) chrome.tabs.reload(tab.id).catch(() => {})
    }
    await new Promise((resolve) => setTimeout(resolve, TRY_MS))
  }
  asking = false
}
chrome.tabs.onUpdated.addListener((id, change, tab) => {
  if (change.status === 'complete' && isProbe(tab.url)) probeAgain()
})
probeAgain()
