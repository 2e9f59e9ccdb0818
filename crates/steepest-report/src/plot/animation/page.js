"use strict";
(() => {
  const main = document.querySelector("main"), play = document.getElementById("play");
  const at = document.getElementById("at"), told = document.getElementById("told");
  const parts = [...document.querySelectorAll("[data-f]")].map(e => [e, +e.dataset.f, +e.dataset.t]);
  const last = +at.max, delay = +main.dataset.delay, pause = +main.dataset.last;
  let now = -1, timer = 0;
  const show = k => {
    if (k === now) return;
    now = k;
    for (const [e, from, to] of parts) e.classList.toggle("hid", k < from || k > to);
    at.value = k;
    told.textContent = (k + 1) + " of " + (last + 1);
  };
  const stop = () => { clearTimeout(timer); timer = 0; play.textContent = "Play"; };
  const next = () => {
    show(now >= last ? 0 : now + 1);
    timer = setTimeout(next, now >= last ? delay * pause : delay);
  };
  const start = () => { play.textContent = "Pause"; timer = setTimeout(next, delay); };
  play.addEventListener("click", () => timer ? stop() : start());
  at.addEventListener("input", () => { stop(); show(+at.value); });
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) { show(last); } else { show(0); start(); }
})();
