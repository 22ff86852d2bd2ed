/* The step table of a process: rows that are typed, moved and deleted by keys; the map beside it draws itself anew.

   form[data-steps]            saves itself after each change: one request at a time, the next one after it
     tbody.step-row[data-id]   one step; [data-up] [data-down] [data-remove] [data-more] are its buttons
   #new-step                   the template of a row
   #drawn                      the part that the server answers: the map, what is wrong, and the mark of the version */
(() => {
  "use strict";
  const form = document.querySelector("form[data-steps]");
  if (!form) return;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const fill = (text, values) => (text ?? "").replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const table = find(".step-table", form), state = find("#steps-state"), place = find("#drawn");
  const template = find("#new-step"), words = form.dataset;
  const rows = () => all(".step-row", table);
  const field = (row, name) => find(`[name="${name}"]`, row);
  const row_of = (element) => element.closest?.(".step-row");
  const NAMES = ["id", "id_known", "scope", "kind", "name", "role", "working", "waiting", "then", "output", "volume", "system", "cost", "phase"];

  // --- saving ----------------------------------------------------------------------------------------------------

  let sent = "", under_way = false, again = false, timer = 0, stale = false;
  const values = () => JSON.stringify(rows().map((row) => Object.fromEntries(NAMES.map((name) => [name, field(row, name).value]))));

  const complain = () => {
    for (const error of all(".step-error", table)) error.textContent = "";
    for (const input of all("[aria-invalid]", table)) { input.removeAttribute("aria-invalid"); input.classList.remove("is-invalid"); }
    for (const told of all("[data-field]", place)) {
      const row = rows().find((one) => one.dataset.id === told.dataset.row), input = row && field(row, told.dataset.field);
      if (!input) continue;
      input.setAttribute("aria-invalid", "true");
      input.classList.add("is-invalid");
      find(".step-error", input.closest("td, label")).textContent = told.dataset.sentence;
      const more = input.closest(".step-more");
      if (more) open_more(row, true);
    }
  };

  const save = async (asked) => {
    clearTimeout(timer);
    const now = values();
    if (!template || (now === sent && !asked)) return;
    if (under_way) { again = true; return; }
    if (stale && !asked) return;
    under_way = true;
    state.textContent = words.saving;
    let answer = null;
    try {
      answer = await fetch(form.action, {
        method: "POST", body: new URLSearchParams({ rows: now, mark: field(form, "mark").value }),
        headers: { "X-CSRFToken": field(form, "csrfmiddlewaretoken").value, "HX-Request": "true", "X-Requested-With": "fetch" },
      });
    } catch { /* said below */ }
    under_way = false;
    if (!answer || ![200, 409, 422].includes(answer.status)) {
      state.textContent = answer?.status === 403 ? words.forbidden : words.failed;
      return;
    }
    const parsed = new DOMParser().parseFromString(await answer.text(), "text/html"), part = find("#drawn-now", parsed);
    if (!part) { state.textContent = words.failed; return; }
    const scrolled = find(".lane-scroll", place)?.scrollLeft ?? 0;
    place.replaceChildren(part);
    const lanes = find(".lane-scroll", place);
    if (lanes) lanes.scrollLeft = scrolled;
    field(form, "mark").value = part.dataset.mark;
    sent = now;
    stale = answer.status === 409;
    complain();
    state.textContent = answer.status === 200 ? words.saved : words.refused;
    state.classList.toggle("is-bad", answer.status !== 200);
    for (const hidden of all("form [name=mark]")) hidden.value = part.dataset.mark;
    if (answer.status === 200) { find("#trades")?.remove(); for (const row of rows()) if (field(row, "name").value.trim()) field(row, "id_known").value = "yes"; }
    if (answer.status === 200 && values() === now) delete form.dataset.dirty;
    roles();
    if (again) { again = false; save(); }
  };
  const soon = (wait = 500) => { form.dataset.dirty = "1"; clearTimeout(timer); timer = setTimeout(save, wait); };

  const roles = () => {
    const known = new Set(rows().map((row) => field(row, "role").value.trim()).filter(Boolean));
    find("#step-roles").replaceChildren(...[...known].map((role) => Object.assign(document.createElement("option"), { value: role })));
  };

  // --- rows ------------------------------------------------------------------------------------------------------

  /* "3 70 %, 5 30 %" names rows by number: when rows move, the numbers follow them; one that is deleted leaves its place
     to the row that comes after it, or to the end. */
  const follow = (before) => {
    const order = rows(), now = new Map(order.map((row, index) => [row, index + 1]));
    const number = new Map(before.map((row, index) => [String(index + 1), now.get(row) ?? null]));
    order.forEach((row, index) => {
      find("[data-number]", row).textContent = index + 1;
      const then = field(row, "then");
      then.value = then.value.replace(/(^|[,;+/，；、|])(\s*)(\d+)(?!\d*\s*%)/g, (whole, mark, blank, given) => {
        const to = number.get(given);
        if (to === undefined) return whole;
        const heir = order[Number(given) - 1], stands = heir && field(heir, "name").value.trim();
        return `${mark}${blank}${to ?? (stands ? given : words.end)}`;
      });
    });
  };

  const add = (after) => {
    const before = rows(), fresh = template.content.cloneNode(true).querySelector(".step-row");
    const id = `Step_${crypto.getRandomValues(new Uint32Array(1))[0].toString(16)}`;
    fresh.id = `step-${id}`;
    fresh.dataset.id = id;
    field(fresh, "id").value = id;
    for (const button of all("[name=do]", fresh)) button.value = button.value.replace(/:.*/, `:${id}`);
    if (after) {
      after.after(fresh);
      field(fresh, "scope").value = field(after, "scope").value;
      field(fresh, "role").value = field(after, "role").value;
      // In the middle, the new step takes over where the one before went on to.
      if (fresh.nextElementSibling?.matches(".step-row")) {
        field(fresh, "then").value = field(after, "then").value;
        field(after, "then").value = "";
      }
    } else {
      table.append(fresh);
    }
    follow(before);
    field(fresh, "name").focus();
  };

  const move = (row, by) => {
    const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other?.matches(".step-row")) return;
    const before = rows(), active = document.activeElement;
    if (by < 0) other.before(row); else other.after(row);
    follow(before);
    active?.focus({ preventScroll: false });
    window.ops?.announce(fill(words.moved, { name: field(row, "name").value, row: rows().indexOf(row) + 1 }));
    soon();
  };

  const remove = (row) => {
    const before = rows(), near = row.nextElementSibling ?? row.previousElementSibling;
    if (before.length === 1) { for (const name of NAMES.slice(4)) field(row, name).value = ""; field(row, "name").focus(); soon(); return; }
    row.remove();
    follow(before);
    if (near?.matches(".step-row")) field(near, "name").focus();
    soon();
  };

  const open_more = (row, open) => {
    find(".step-more", row).hidden = !open;
    find("[data-more]", row).setAttribute("aria-expanded", String(open));
  };

  // --- keys and clicks -------------------------------------------------------------------------------------------

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const row = row_of(button);
    if (button.dataset.more !== undefined) {
      const open = find(".step-more", row).hidden;
      open_more(row, open);
      if (open) find(".step-more input", row).focus();
      return;
    }
    if (!template) return;
    if (button.dataset.up !== undefined) move(row, -1);
    else if (button.dataset.down !== undefined) move(row, 1);
    else if (button.dataset.remove !== undefined) remove(row);
    else if (button.dataset.addStep !== undefined) add(rows().at(-1));
    else if (button.dataset.saveSteps !== undefined) save(true);
    else return;
    event.preventDefault();
  });

  form.addEventListener("keydown", (event) => {
    const row = row_of(event.target);
    if (!row || !event.target.matches("input") || event.isComposing) return;
    const up = event.key === "ArrowUp", down = event.key === "ArrowDown";
    if (!template) return;
    if (event.key === "Enter" && !event.altKey) {
      event.preventDefault();
      if (field(row, "name").value.trim() || field(row, "id_known").value) { save(); add(row); }
    } else if (event.altKey && (up || down)) {
      event.preventDefault();
      move(row, up ? -1 : 1);
    } else if (event.altKey && (event.key === "Delete" || event.key === "Backspace")) {
      event.preventDefault();
      remove(row);
    } else if ((up || down) && !event.shiftKey && !event.ctrlKey && event.target.name !== "role") {
      const other = up ? row.previousElementSibling : row.nextElementSibling;
      const there = other?.matches(".step-row") && field(other, event.target.name);
      if (there && there.offsetParent) { event.preventDefault(); there.focus(); there.select(); }
    }
  });

  form.addEventListener("change", (event) => { if (row_of(event.target)) soon(); });
  form.addEventListener("submit", (event) => { if (template) { event.preventDefault(); event.stopImmediatePropagation(); save(true); } });

  // A step of the map, or a sentence about one, leads to its row.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('#drawn a[href^="#step-"]');
    const row = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!row) return;
    event.preventDefault();
    row.scrollIntoView({ block: "center" });
    field(row, "name").focus({ preventScroll: true });
  });
  table.addEventListener("focusin", (event) => {
    const id = row_of(event.target)?.dataset.id;
    for (const box of all("#drawn [data-step]")) box.classList.toggle("is-here", box.dataset.step === id);
  });
  sent = values();
})();
