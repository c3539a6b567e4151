"use strict";
// Opens the log-in host in a small window and waits for its word.

const { adresse, origine, site } = document.body.dataset;
const dire = (texte) => {
  document.title = `${texte} - ${site}`;
  document.getElementById("etat").textContent = texte;
};

document.getElementById("ouvrir").addEventListener("click", () => {
  const fenetre = window.open(adresse, "connexion", "popup,width=520,height=560");
  dire(fenetre ? "Fenêtre ouverte" : "Fenêtre bloquée");
});

window.addEventListener("message", (evenement) => {
  if (evenement.origin !== new URL(origine).origin || typeof evenement.data?.jeton !== "string") return;
  location.assign(`/connexion/retour?jeton=${encodeURIComponent(evenement.data.jeton)}`);
});
