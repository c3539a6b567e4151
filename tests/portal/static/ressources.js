"use strict";
// Says whether the style sheet, the script and the image of the other host have come.

window.addEventListener("load", () => {
  const style = getComputedStyle(document.getElementById("ruban")).getPropertyValue("--ressource");
  const manque = [];
  if (!style.includes("arrivee")) manque.push("style");
  if (!window.ressourceArrivee) manque.push("script");
  if (!document.getElementById("image").naturalWidth) manque.push("image");
  const dit = manque.length ? `Ressources manquantes (${manque.join(", ")})` : "Ressources chargées";
  document.getElementById("etat").textContent = dit;
  document.title = `${dit} - ${document.body.dataset.site}`;
});
