"use strict";
// A test sees from the title that the attempt was made and that this page is still there.

setTimeout(() => {
  const { numero, site } = document.body.dataset;
  if (document.title.startsWith("Essai ")) document.title = `Essai ${numero} resté sur place - ${site}`;
}, 2000);
