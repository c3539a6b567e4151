"use strict";
// The small actions of the small pages; each says in the title what it did.

const dire = (texte) => {
  document.title = `${texte} - ${document.body.dataset.site}`;
  const etat = document.getElementById("etat");
  if (etat) etat.textContent = texte;
};

for (const bouton of document.querySelectorAll("[data-ouvrir]")) {
  bouton.addEventListener("click", () => {
    const ouverte = window.open(bouton.dataset.ouvrir, "_blank", bouton.dataset.taille);
    dire(ouverte ? "Fenêtre ouverte" : "Fenêtre bloquée");
  });
}

const copier = document.getElementById("copier");
if (copier) {
  const source = document.getElementById("source");
  copier.addEventListener("click", async () => {
    source.focus();
    source.select();
    let fait = document.execCommand("copy");
    if (!fait) {
      fait = await navigator.clipboard.writeText(source.value).then(() => true, () => false);
    }
    dire(fait ? "Texte copié" : "Copie refusée");
    document.getElementById("collage").focus();
  });
  document.getElementById("collage").addEventListener("paste", (evenement) => {
    const colle = evenement.clipboardData.getData("text/plain");
    dire(`Texte collé (${Array.from(colle).length} caractères)`);
  });
}

document.getElementById("pdf")?.addEventListener("submit", () => dire("Téléchargement demandé"));
