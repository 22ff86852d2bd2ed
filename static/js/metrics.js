/* Metrics: the explorable chart, and the questions about a new metric that show only where one is made. */
(() => {
  "use strict";

  const draw = () => {
    const place = document.getElementById("explore"), source = document.getElementById("figure");
    if (!place || !source || !window.Plotly || place.dataset.drawn) return;
    place.dataset.drawn = "yes";
    const figure = JSON.parse(source.textContent);
    const theme = figure.themes[document.documentElement.dataset.bsTheme === "dark" ? "dark" : "light"];
    const layout = { ...figure.layout, height: 420 };
    for (const [path, value] of Object.entries(theme)) {
      const [first, second] = path.split(".");
      if (second) layout[first] = { ...layout[first], [second]: value };
      else layout[first] = value;
    }
    window.Plotly.newPlot(place, figure.data, layout, figure.config);
  };

  const chosen = () => {
    const metric = document.getElementById("id_metric"), more = document.querySelector("[data-when-new]");
    if (!more) return;
    const named = [...document.querySelectorAll(".import-role")].some((role) => role.value === "metric");
    more.hidden = named || (metric && metric.value !== "+");
    if (metric) metric.closest(".field").hidden = named;
  };

  document.addEventListener("change", chosen);
  document.addEventListener("htmx:after:swap", draw);
  chosen();
  draw();
})();
