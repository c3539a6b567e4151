"use strict";
// Prints; the title changes only once printing is over, since it names the printed document.

const dire = (texte) => {
  document.title = `${texte} - ${document.body.dataset.site}`;
  document.getElementById("etat").textContent = texte;
};

window.addEventListener("afterprint", () => setTimeout(() => dire("Impression demandée"), 500));
document.getElementById("imprimer").addEventListener("click", () => window.print());
if (document.body.dataset.imprimer) {
  window.addEventListener("load", () => setTimeout(() => window.print(), 300));
}
