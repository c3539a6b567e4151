"use strict";
// The line above this file, added by the server, gives the identifier: it is stored with the script.

self.addEventListener("install", (evenement) => {
  evenement.waitUntil((async () => {
    const cache = await caches.open("portail-ouvrier");
    await cache.put("/souvenir-ouvrier", new Response(identifiant));
    await self.skipWaiting();
  })());
});
self.addEventListener("activate", (evenement) => evenement.waitUntil(self.clients.claim()));
self.addEventListener("message", (evenement) => evenement.source.postMessage({ identifiant }));
