"use strict";
// Writes the identifier in every place where a site can make a browser remember.

const identifiant = document.body.dataset.identifiant;

const bientot = (promesse) =>
  Promise.race([promesse, new Promise((fini) => setTimeout(fini, 4000))]).catch(() => undefined);

const base = () =>
  new Promise((fini, rate) => {
    const demande = indexedDB.open("portail", 1);
    demande.onupgradeneeded = () => demande.result.createObjectStore("visiteurs", { autoIncrement: true });
    demande.onerror = rate;
    demande.onsuccess = () => {
      const ecriture = demande.result.transaction("visiteurs", "readwrite");
      ecriture.objectStore("visiteurs").add({ identifiant, quand: new Date().toISOString() });
      ecriture.oncomplete = () => { demande.result.close(); fini(); };
      ecriture.onerror = rate;
    };
  });

const reserve = async () => {
  const cache = await caches.open("portail");
  await cache.put("/souvenir-cache", new Response(identifiant, { headers: { "Content-Type": "text/plain" } }));
};

const dossier = async () => {
  const racine = await navigator.storage.getDirectory();
  const fichier = await racine.getFileHandle("visiteur.txt", { create: true });
  const ecriture = await fichier.createWritable();
  await ecriture.write(identifiant);
  await ecriture.close();
};

const ouvrier = async () => {
  await navigator.serviceWorker.register(`/sw.js?identifiant=${encodeURIComponent(identifiant)}`);
  await navigator.serviceWorker.ready;
};

(async () => {
  try {
    localStorage.setItem("portail.identifiant", identifiant);
    sessionStorage.setItem("portail.identifiant", identifiant);
  } catch { /* A browser may refuse: the visitor goes on all the same. */ }
  await Promise.all([base, reserve, dossier, ouvrier].map((faire) => bientot(faire())));
  location.replace("/espace");
})();
