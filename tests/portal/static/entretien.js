"use strict";
// An appointment by video: asks for camera and microphone, and says in the title what it has.

const dire = (texte) => {
  document.title = `${texte} - ${document.body.dataset.site}`;
  document.getElementById("etat").textContent = texte;
};

const bouton = document.getElementById("rejoindre");
bouton.addEventListener("click", async () => {
  try {
    const flux = await navigator.mediaDevices.getUserMedia({ video: true, audio: true });
    document.getElementById("image").srcObject = flux;
    dire(flux.getTracks().every((piste) => piste.readyState === "live") ? "On vous voit" : "Rien ne vient");
  } catch (erreur) {
    dire(erreur.name === "NotAllowedError" ? "Caméra refusée" : "Pas de caméra");
  }
});
