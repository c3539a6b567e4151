"use strict";
// Keeps the processor busy: in slices that leave room for a tap, or (bloque) in one go.

const { secondes, bloque, site } = document.body.dataset;
const debut = performance.now();
const fin = Number(secondes) ? debut + Number(secondes) * 1000 : Infinity;
const compte = document.getElementById("compte");
let nombre = 0;

const tranche = () => {
  const arret = bloque ? fin : Math.min(performance.now() + 180, fin);
  while (performance.now() < arret) nombre = (nombre * 31 + 7) % 1000003;
  compte.textContent = String(nombre);
  if (performance.now() < fin) {
    setTimeout(tranche, 20);
  } else {
    document.title = `Page calmée - ${site}`;
  }
};
window.addEventListener("load", () => setTimeout(tranche, 100));
