'use strict'

const KINDS = ['blocked', 'down', 'certificate']
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
  find('again').hidden = kind !== 'down'
  document.querySelector('main').hidden = false
  find(kind === 'down' ? 'again' : 'back').focus()
}

// Behind this page lies the failed address, behind that the page from which the visitor came, if there was one.
async function back () {
  if (history.length > 2) history.go(-2)
  else chrome.tabs.remove((await chrome.tabs.getCurrent()).id)
}
function again () { history.back() }

if (wanted === 'ready') {
  document.title = 'Marchepied' // what the desk waits for
} else {
  speak()
  find('back').addEventListener('click', back)
  find('again').addEventListener('click', again)
  if (kind === 'down') window.addEventListener('online', again)
}
