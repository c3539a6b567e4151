"use strict";
// Looks in every place that memoire.js writes to. Looking creates nothing.

const cookie = (nom) => {
  const trouve = document.cookie.split("; ").find((un) => un.startsWith(`${nom}=`));
  return trouve ? decodeURIComponent(trouve.slice(nom.length + 1)) : "";
};

const base = async () => {
  const bases = await indexedDB.databases();
  if (!bases.some((une) => une.name === "portail")) return "";
  return new Promise((fini) => {
    const demande = indexedDB.open("portail");
    demande.onerror = () => fini("");
    demande.onsuccess = () => {
      const tout = demande.result.transaction("visiteurs").objectStore("visiteurs").getAll();
      tout.onsuccess = () => { demande.result.close(); fini(tout.result.map((un) => un.identifiant).join(", ")); };
      tout.onerror = () => fini("");
    };
  });
};

const reserve = async () => {
  const noms = (await caches.keys()).filter((nom) => nom.startsWith("portail"));
  const textes = [];
  for (const nom of noms) {
    const cache = await caches.open(nom);
    for (const cle of await cache.keys()) textes.push(await (await cache.match(cle)).text());
  }
  return textes.join(", ");
};

const dossier = async () => {
  const racine = await navigator.storage.getDirectory();
  try {
    return await (await (await racine.getFileHandle("visiteur.txt")).getFile()).text();
  } catch {
    return "";
  }
};

const ouvrier = async () => {
  const trouves = await navigator.serviceWorker.getRegistrations();
  return trouves.map((un) => decodeURIComponent((un.active || un.waiting || un.installing).scriptURL)).join(", ");
};

const lieux = [
  ["Cookie de session", async () => cookie("portail_nom")],
  ["Cookie durable", async () => cookie("portail_souvenir")],
  ["localStorage", async () => localStorage.getItem("portail.identifiant")],
  ["sessionStorage", async () => sessionStorage.getItem("portail.identifiant")],
  ["IndexedDB", base],
  ["Cache", reserve],
  ["Dossier privé", dossier],
  ["Service worker", ouvrier],
];

(async () => {
  let nombre = 0;
  for (const [nom, lire] of lieux) {
    const valeur = (await lire().catch(() => "")) || "";
    if (valeur) nombre += 1;
    const ligne = document.createElement("li");
    ligne.className = valeur ? "oui" : "non";
    ligne.textContent = `${nom} : ${valeur || "rien"}`;
    document.getElementById("traces").append(ligne);
  }
  const dit = nombre ? `Traces : ${nombre} sur ${lieux.length}` : "Aucune trace";
  document.getElementById("etat").textContent = dit;
  document.title = `${dit} - ${document.body.dataset.site}`;
})();
