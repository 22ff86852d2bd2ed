/* The diagram editor: bpmn-js on the document that stands in #diagram-xml.

   #diagram-form[data-diagram="edit|look"]   saves by fetch; the server answers the mark of the new version, or says why not
   [data-zoom]                               "fit-viewport", "in", "out" */
(() => {
  "use strict";
  const form = document.querySelector("#diagram-form"), place = document.querySelector("#diagram");
  if (!form || !window.BpmnJS) return;
  const state = document.querySelector("#diagram-state"), words = form.dataset;
  const edits = form.dataset.diagram === "edit";
  // Who may only look gets bpmn-js's viewer under the same name, without tools.
  const known = JSON.parse(document.querySelector("#diagram-words").textContent);
  const translate = (text, values = {}) => (known[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const modeler = new window.BpmnJS({
    container: place,
    // The page's own letters: Arial has no Chinese ones.
    textRenderer: { defaultStyle: { fontFamily: getComputedStyle(document.body).fontFamily } },
    additionalModules: [{ translate: ["value", translate] }],
  });

  /* All of it beside the tools, which lie over the left edge. */
  const fit = () => {
    const canvas = modeler.get("canvas");
    canvas.zoom(1);
    const { inner, outer } = canvas.viewbox(), left = edits ? 130 : 20;
    if (!inner.width || !inner.height) return;
    const scale = Math.min((outer.width - left - 20) / inner.width, (outer.height - 70) / inner.height, 1);
    canvas.viewbox({
      x: inner.x - left / scale, y: inner.y - (outer.height / scale - inner.height) / 2,
      width: outer.width / scale, height: outer.height / scale,
    });
  };

  const show = async () => {
    try {
      await modeler.importXML(JSON.parse(document.querySelector("#diagram-xml").textContent));
      fit();
      modeler.on("commandStack.changed", () => { form.dataset.dirty = "1"; state.textContent = words.changed; });
      place.dataset.shown = "yes";
    } catch (error) {
      state.textContent = words.unread.replace("{error}", error.message);
    }
  };

  const save = async () => {
    state.textContent = words.saving;
    let answer = null, told = {};
    try {
      const { xml } = await modeler.saveXML({ format: false });
      answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams({ bpmn: xml, mark: form.elements.mark.value }),
        headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value, Accept: "application/json" },
      });
      told = await answer.json();
    } catch { /* said below */ }
    if (told.mark) form.elements.mark.value = told.mark;
    if (answer?.ok) delete form.dataset.dirty;
    state.textContent = told.told ?? told.error ?? (answer?.status === 403 ? words.forbidden : words.failed);
    if (answer && !answer.ok) window.ops?.toast(state.textContent, "error");
  };

  form.addEventListener("submit", (event) => { event.preventDefault(); event.stopImmediatePropagation(); if (edits) save(); });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s" && edits) { event.preventDefault(); save(); }
  });
  form.addEventListener("click", (event) => {
    const zoom = event.target.closest("[data-zoom]")?.dataset.zoom, canvas = modeler.get("canvas");
    if (zoom === "fit-viewport") fit();
    else if (zoom) canvas.zoom(canvas.zoom() * (zoom === "in" ? 1.2 : 1 / 1.2));
  });
  window.diagram = modeler;
  show();
})();
