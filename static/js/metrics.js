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
    const roles = [...document.querySelectorAll(".import-role")].map((role) => role.value);
    const named = roles.includes("metric"), rate = roles.includes("numerator");
    more.hidden = named || (metric && metric.value !== "+");
    if (metric) metric.closest(".field").hidden = named;
    // A numerator and a denominator are a rate, whatever was chosen before.
    const sum = document.getElementById("id_aggregation");
    if (!sum || rate === (sum.dataset.before !== undefined)) return;
    if (rate) sum.dataset.before = sum.value;
    sum.value = rate ? "ratio" : sum.dataset.before;
    if (!rate) delete sum.dataset.before;
    for (const choice of sum.options) choice.disabled = rate && choice.value !== "ratio";
  };

  document.addEventListener("change", chosen);
  document.addEventListener("htmx:after:swap", draw);
  chosen();
  draw();
})();
