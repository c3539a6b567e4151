"use strict";
// In the log-in window: gives the token to the page that opened it, then closes the window.

const { jeton, origine } = document.body.dataset;
if (window.opener) {
  window.opener.postMessage({ jeton }, new URL(origine).origin);
  setTimeout(() => window.close(), 300);
}
