"use strict";
window.ressourceArrivee = true;
