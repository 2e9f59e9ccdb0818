(function () {
  var box = document.createElement("div");
  box.className = "tell";
  box.hidden = true;
  document.body.append(box);
  function scale(text) {
    var p = text.split(" "), lo = +p[1], hi = +p[2], a = +p[3], b = +p[4];
    return function (pixel) {
      var t = (pixel - a) / (b - a);
      return p[0] === "log" ? Math.exp(Math.log(lo) * (1 - t) + Math.log(hi) * t) : lo * (1 - t) + hi * t;
    };
  }
  function show(v) { return String(+v.toPrecision(3)).replace("-", "\u2212"); }
  document.querySelectorAll("svg[data-x]").forEach(function (svg) {
    var lines = Array.from(svg.querySelectorAll("path[data-n]"), function (path) {
      var points = path.getAttribute("d").split(/[ML]/).slice(1).map(function (p) { return p.split(/[ h]/).map(Number); });
      return { name: path.dataset.n, points: points };
    });
    if (lines.length === 0) { return; }
    svg.setAttribute("aria-label", svg.querySelector("title").textContent);
    svg.querySelector("title").remove();
    var x = scale(svg.dataset.x), y = scale(svg.dataset.y);
    function leave() { box.hidden = true; }
    svg.addEventListener("pointerleave", leave);
    svg.addEventListener("pointermove", function (event) {
      var area = svg.getBoundingClientRect();
      var at = (event.clientX - area.left) * svg.viewBox.baseVal.width / area.width;
      box.textContent = "";
      var place = null;
      lines.forEach(function (line) {
        var best = line.points.reduce(function (a, p) { return Math.abs(p[0] - at) >= Math.abs(a[0] - at) ? a : p; });
        if (place === null) {
          place = best[0];
          box.append(svg.dataset.name + " " + show(x(place)));
        }
        box.append(document.createElement("br"), line.name + " " + show(y(best[1])));
      });
      box.hidden = false;
      var left = Math.min(event.clientX + 14, innerWidth - box.offsetWidth - 8);
      var top = event.clientY - box.offsetHeight - 14;
      box.style.transform = "translate(" + Math.max(left, 4) + "px," + Math.max(top, 4) + "px)";
    });
  });
})();
