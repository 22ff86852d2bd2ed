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

  // The column that is the value, or a rate's numerator, says what a new metric is called, in what it is measured, how it
  // adds up and which way is better: as its own line says. What somebody typed or chose stays.
  const plain = /^(values?|numbers?|值|数值|数量)$/i;

  const suggest = () => {
    const metric = document.getElementById("id_metric"), head = [...document.querySelectorAll("#mapping thead th")].slice(1);
    const places = (wanted) => [...document.querySelectorAll(".import-role")].flatMap((role, at) => (role.value === wanted ? [at] : []));
    const [numerator] = places("numerator"), values = places("value"), rate = numerator !== undefined;
    if (values.length > 1 || (metric && metric.value !== "+") || document.querySelector("#mapping .error-summary")) return;
    const place = rate ? numerator : values[0];
    const line = document.querySelector(`tr[data-column="${place}"]`);
    const said = (name) => line?.querySelector(`[name="${name}_${place}"]`)?.value;
    const put = (id, value) => {
      const field = document.getElementById(id);
      if (!field) return;
      field.dataset.first ??= field.value;
      if (field.value !== (field.dataset.suggested ?? field.dataset.first)) return;
      field.value = field.dataset.suggested = value ?? field.dataset.first;
    };
    const several = head.filter((one) => one.classList.contains("num")).length > 1;
    const named = line && several && !plain.test(said("name"));
    put("id_name", rate ? line?.dataset.rate : named ? said("name") : null); // else the file's name says more
    put("id_unit", rate ? "" : said("unit") || (named ? "" : null));
    put("id_direction", line && (rate || named) ? said("better") : null);
    if (!rate) put("id_aggregation", named || ["mean", "ratio"].includes(said("adds")) ? said("adds") : null);
  };

  const chosen = () => {
    for (const role of document.querySelectorAll(".import-role")) role.classList.toggle("is-chosen", role.value !== "");
    suggest();
    const metric = document.getElementById("id_metric"), more = document.querySelector("[data-when-new]");
    if (!more) return;
    const roles = [...document.querySelectorAll(".import-role")].map((role) => role.value);
    const several = roles.filter((role) => role === "value").length > 1;
    const one = document.querySelector("[data-when-one]"), many = document.querySelector("[data-when-several]");
    if (one && many) {
      [one.hidden, many.hidden] = [several, !several];
      for (const line of many.querySelectorAll("tr[data-column]")) {
        line.hidden = roles[Number(line.dataset.column)] !== "value";
        const isNew = line.querySelector("select").value === "+";
        for (const cell of line.querySelectorAll("[data-new] > *")) cell.hidden = !isNew === !cell.matches("[data-there]");
      }
    }
    const named = roles.includes("metric"), rate = roles.includes("numerator");
    // Nobody watches a metric that is only being made.
    const past = document.querySelector("[data-when-there]");
    const parts = [...document.querySelectorAll("tr[data-column]:not([hidden]) td:first-of-type select")];
    if (past) past.hidden = !named && (several ? parts.every((one) => one.value === "+") : metric?.value === "+");
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

  // What a target is typed in: shares in per cent.
  const unit = () => {
    const beside = document.querySelector("#id_target + .unit"), sum = document.getElementById("id_aggregation")?.value;
    const typed = document.getElementById("id_unit")?.value.trim() ?? "";
    const share = sum === "ratio" ? ["", "%"].includes(typed) : sum === "formula" && typed === "%";
    if (beside) beside.textContent = share ? "%" : typed;
  };

  document.addEventListener("input", unit);
  document.addEventListener("change", unit);
  document.addEventListener("change", chosen);
  document.addEventListener("htmx:after:swap", draw);
  chosen();
  draw();
})();
