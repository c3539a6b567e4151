"use strict";
// Sends the typed text as a file, as if it had been chosen.

const bouton = document.getElementById("envoyer");
const dire = (titre, message) => {
  document.getElementById("etat").textContent = message;
  document.title = `${titre} - ${document.body.dataset.site}`;
};

bouton.addEventListener("click", async () => {
  bouton.disabled = true;
  const donnees = new FormData();
  const texte = new Blob([document.getElementById("texte").value], { type: "text/plain" });
  donnees.append("piece", texte, "texte.txt");
  try {
    const reponse = await fetch("/pieces", {
      method: "POST", body: donnees, headers: { Accept: "application/json" },
    });
    const { titre, message } = await reponse.json();
    dire(titre, message);
  } catch {
    dire("Envoi impossible", "L'envoi n'a pas abouti. Recommencez.");
  }
  bouton.disabled = false;
  bouton.focus();
});
