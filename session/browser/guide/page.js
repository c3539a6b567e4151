'use strict'

const KINDS = ['blocked', 'down', 'offline', 'unsent', 'certificate']
const WAITING = ['down', 'offline']
const LANGUAGES = ['fr', 'en', 'nl', 'ar']
const find = (id) => document.getElementById(id)

const wanted = location.hash.slice(1)
const kind = KINDS.includes(wanted) ? wanted : 'down'

// Not chrome.i18n: that follows the language files which Chromium has, and a station may have none but English. The
// policy puts the station's language first in this list.
async function speak () {
  const language = navigator.languages.map((one) => one.split('-')[0]).find((one) => LANGUAGES.includes(one)) ?? 'fr'
  const words = await (await fetch(`_locales/${language}/messages.json`)).json()
  const say = (key) => words[key].message
  document.documentElement.lang = language
  document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr'
  document.title = say(kind + 'Title')
  find('title').textContent = say(kind + 'Title')
  find('text').textContent = say(kind + 'Text')
  find('back').textContent = say('back')
  find('again').textContent = say('again')
  find('again').hidden = !WAITING.includes(kind)
  document.querySelector('main').hidden = false
  find(WAITING.includes(kind) ? 'again' : 'back').focus()
}

// Behind this page lies the failed address, behind that the page from which the visitor came, if there was one.
async function back () {
  if (history.length > 2) history.go(-2)
  else chrome.tabs.remove((await chrome.tabs.getCurrent()).id)
}
// One step back: to a page that was asked for by a form, Chromium itself goes no more than to say so (ERR_CACHE_MISS,
// our "unsent"), so nothing is ever sent twice by this.
function again () { history.back() }

// A way that leads nowhere (a 4G that is dead) comes back without a word to anybody. What the visitor asked for is
// then asked for again, ever more seldom, while they look at this page; nobody else is asked anything.
const PAUSES = [15, 30, 60] // seconds
function againLater () {
  const tries = Number(sessionStorage.getItem('tries') ?? 0)
  setTimeout(() => {
    if (document.visibilityState !== 'visible') return againLater()
    sessionStorage.setItem('tries', tries + 1)
    again()
  }, 1000 * PAUSES[Math.min(tries, PAUSES.length - 1)])
}

async function tellTheOthers () {
  new BroadcastChannel('network').postMessage('back')
  chrome.tabs.remove((await chrome.tabs.getCurrent()).id)
}

if (wanted === 'ready') {
  document.title = 'Marchepied' // what the desk waits for
} else if (wanted === 'online') {
  tellTheOthers() // which the desk opens when the network is back
} else {
  speak()
  find('back').addEventListener('click', back)
  find('again').addEventListener('click', () => { sessionStorage.removeItem('tries'); again() })
  if (WAITING.includes(kind)) {
    new BroadcastChannel('network').addEventListener('message', again)
    window.addEventListener('online', again)
    againLater()
  }
}
