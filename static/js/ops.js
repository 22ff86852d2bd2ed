/* What every page needs beside htmx: no framework, no inline handlers, no eval. Everything hangs on data- attributes:

   data-dialog="#id"        opens that <dialog>; data-dialog-close closes the one around it
   hx-target="#dialog-content"   whatever is swapped there opens the shared dialog; a 204 answer from inside closes it
   data-confirm="question"  on a form or its button: asks first
   form[data-auto]          a filter form that sends itself; data-search in it waits for a pause in typing
   form[data-unsaved]       warns before unsaved text is lost
   data-put="name" data-put-value="…"   puts that value into the field of its form; data-unit-now="%" says the form's unit anew
   data-so-far              the box that has a running day judged; data-so-far-now="…" of an answer says what it is called
   data-limit="bytes" data-too-large="sentence"   on a file field: a larger file is refused before it is sent
   data-copy="#id"          copies that element's text (or the attribute's own text)
   data-print               prints the page
   data-focus               gets the focus when it arrives (the summary of errors)
   data-board               a board: see below
   <body data-events-url data-events-token>   the live stream: `hx-trigger="live:alerts from:body"` reads itself again

   Events that a server may send by HX-Trigger: "toast" {text, level}, "<topic>-changed". */
(() => {
  "use strict";
  const body = document.body;
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const words = find("#words")?.dataset ?? {};
  const csrf = () => find('meta[name="csrf-token"]')?.content ?? "";
  const fill = (text, values) => (text ?? "").replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  // --- telling ---------------------------------------------------------------------------------------------------

  const announce = (text) => {
    const place = find("#announcer");
    if (place) { place.textContent = ""; setTimeout(() => { place.textContent = text; }, 60); }
  };

  const keepOrFade = (note) => {
    if (note.dataset.level === "error") return;
    let timer;
    const long = find("a", note) ? 30000 : 7000; // whoever is to follow it needs the time to get there
    const wait = () => { clearTimeout(timer); timer = setTimeout(() => note.remove(), long); };
    const stay = () => clearTimeout(timer);
    for (const name of ["mouseenter", "focusin"]) note.addEventListener(name, stay);
    for (const name of ["mouseleave", "focusout"]) note.addEventListener(name, wait);
    wait();
  };

  const toast = (text, level = "info", href = "") => {
    const list = find("#toasts-list"), mould = find("#toast-template");
    if (!list || !mould || !text) return;
    for (const same of all(".toast-note", list)) if (same.firstElementChild?.textContent === text) same.remove();
    const note = mould.content.firstElementChild.cloneNode(true);
    note.dataset.level = level;
    const place = find(".toast-text", note);
    if (href) { place.append(Object.assign(document.createElement("a"), { href, textContent: text })); }
    else place.textContent = text;
    list.append(note);
    while (list.children.length > 4) list.firstElementChild.remove();
    keepOrFade(note);
  };

  all(".toast-note").forEach(keepOrFade);
  document.addEventListener("toast", (event) => toast(event.detail?.text ?? event.detail?.value, event.detail?.level));

  const sentenceFor = (status) => ({
    0: words.offline, 403: words.forbidden, 404: words.gone, 409: words.conflict, 410: words.gone, 413: words.large,
    422: words.refused, 400: words.refused, 429: words.often,
  })[status] ?? words.broken;

  // --- dialogs ---------------------------------------------------------------------------------------------------

  const open = (dialog) => { if (dialog && !dialog.open) dialog.showModal(); };
  const shared = find("#dialog");

  const ask = (question) => new Promise((resolve) => {
    const dialog = find("#confirm");
    if (!dialog) return resolve(window.confirm(question));
    find("#confirm-text").textContent = question;
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    open(dialog);
  });

  document.addEventListener("click", (event) => {
    const at = (selector) => event.target.closest?.(selector);
    const opener = at("[data-dialog]"), closer = at("[data-dialog-close]"), copier = at("[data-copy]");
    if (opener) {
      opener.closest("[popover]")?.hidePopover?.();
      open(find(opener.dataset.dialog));
    } else if (closer?.closest("dialog")) {
      event.preventDefault();
      closer.closest("dialog").close();
    } else if (at("[data-put]")) {
      const put = at("[data-put]"), field = put.closest("form")?.elements[put.dataset.put];
      if (field) {
        field.value = put.dataset.putValue;
        field.dispatchEvent(new Event("input", { bubbles: true }));
        field.focus();
      }
    } else if (at("[data-print]")) {
      print();
    } else if (at("[data-toast-close]")) {
      at(".toast-note")?.remove();
    } else if (copier) {
      const from = copier.dataset.copy;
      const source = /^#[\w-]+$/.test(from) ? find(from) : null;
      navigator.clipboard?.writeText(source ? source.value ?? source.textContent.trim() : from)
        .then(() => { toast(words.copied, "success"); }, () => source && getSelection().selectAllChildren(source));
    } else if (event.target instanceof HTMLDialogElement) {
      const box = event.target.getBoundingClientRect();
      const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!inside && event.detail) event.target.close();
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target, question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
    if (!question || form.dataset.asked) { delete form.dataset.asked; return; }
    event.preventDefault();
    event.stopImmediatePropagation();
    const by = event.submitter;
    ask(question).then((yes) => {
      if (!yes) return;
      form.dataset.asked = "1";
      form.requestSubmit(by ?? undefined);
    });
  }, true);

  // --- htmx ------------------------------------------------------------------------------------------------------

  document.addEventListener("htmx:config:request", (event) => {
    const request = event.detail.ctx.request;
    if (request.method !== "GET") request.headers["X-CSRFToken"] = csrf();
  });

  document.addEventListener("htmx:confirm", (event) => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    if (!ctx?.confirm) return;
    event.preventDefault();
    ask(ctx.confirm).then((yes) => (yes ? issueRequest() : dropRequest()));
  });

  document.addEventListener("htmx:before:response", (event) => {
    const { ctx } = event.detail, answer = ctx.response.raw, status = answer.status;
    const entrance = body.dataset.loginUrl;
    if (status === 401 || (answer.redirected && entrance && new URL(answer.url).pathname === entrance)) {
      event.preventDefault();
      location.assign(`${entrance}?next=${encodeURIComponent(location.pathname + location.search)}`);
      return;
    }
    if (status < 400) return;
    const html = (answer.headers.get("Content-Type") ?? "").includes("html");
    const form = ctx.sourceElement?.closest?.("form");
    if (html && (status === 422 || (status === 409 && form))) return;
    event.preventDefault();
    tell(answer);
    if (status === 409) refresh();
  });

  const tell = async (answer) => {
    const type = answer.headers.get("Content-Type") ?? "";
    let said = "";
    try {
      if (type.startsWith("text/plain")) said = (await answer.text()).trim();
      else if (type.includes("json")) said = (await answer.json()).detail ?? "";
    } catch { said = ""; }
    toast(typeof said === "string" && said && said.length < 300 ? said : sentenceFor(answer.status), "error");
  };

  document.addEventListener("htmx:error", (event) => {
    const { ctx, error } = event.detail;
    if (ctx?.response || ctx?.sourceElement?.isConnected === false || error?.name === "AbortError") return;
    if (ctx?.sourceEvent && !/^(live:|every|load)/.test(ctx.sourceEvent.type)) {
      toast(String(error).includes("timeout") ? words.timeout : words.offline, "error");
    }
  });

  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const dialog = ctx.sourceElement?.closest?.("dialog");
    if (dialog && ctx.response?.status === 204) dialog.close();
  });

  // The box that has a running day judged: there where it matters, ticked where it had better be, until somebody chose.
  const running = (said) => {
    const place = find("[data-so-far]", said.closest("form") ?? body), box = place && find("input", place);
    if (!box) return;
    const { soFarNow: label, soFarHint: hint, soFarBest: best } = said.dataset, was = box.checked;
    if (label) { find(".form-check-label", place).textContent = label; find(".field-help", place).textContent = hint; }
    if (place.dataset.touched === undefined) box.checked = best !== undefined;
    place.hidden = !label && !box.checked;
    if (box.checked !== was) box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const settle = (within) => {
    if (shared && within.closest?.("#dialog-content")) {
      const title = find("h1, h2, h3", shared);
      if (title) shared.setAttribute("aria-label", title.textContent.trim());
      open(shared);
      // The first field, not the cross; on a phone that would bring the keyboard up.
      if (matchMedia("(pointer: fine)").matches) find("input:not([type=hidden]), select, textarea", shared)?.focus();
    }
    const wanted = within.matches?.("[data-focus]") ? within : find("[data-focus]", within);
    wanted?.focus({ preventScroll: false });
    for (const tab of all(".tabs [aria-current]", within)) {
      const bar = tab.parentElement;
      if (tab.offsetLeft + tab.offsetWidth > bar.offsetLeft + bar.clientWidth) bar.scrollLeft = tab.offsetLeft - bar.offsetLeft - bar.clientWidth / 3;
    }
    for (const said of all("[data-unit-now]", within)) {
      for (const unit of all(".unit", said.closest("form") ?? said)) unit.textContent = said.dataset.unitNow;
    }
    for (const said of all("[data-so-far-now]", within)) running(said);
    all("[data-board]", within).forEach(board);
    if (within.matches?.("[data-board]")) board(within);
  };

  document.addEventListener("htmx:after:swap", (event) => {
    const { target, response } = event.detail.ctx ?? {};
    if (response?.status === 204) return;
    settle(target instanceof Element && target.isConnected ? target : body);
  });

  shared?.addEventListener("close", () => { find("#dialog-content").replaceChildren(); });

  // --- forms -----------------------------------------------------------------------------------------------------

  let typing;
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.dataset.unsaved !== undefined) form.dataset.dirty = "1";
    if (form?.dataset.auto === undefined || event.target.dataset.search === undefined) return;
    clearTimeout(typing);
    typing = setTimeout(() => form.requestSubmit(), 350);
  });
  const refuseTooLarge = (field) => {
    find(".too-large", field.parentElement)?.remove();
    if (![...field.files].some((file) => file.size > Number(field.dataset.limit))) return;
    field.value = "";
    const note = document.createElement("div");
    note.className = "field-error too-large";
    note.textContent = field.dataset.tooLarge;
    field.after(note);
    announce(note.textContent);
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches?.("input[type=file][data-limit]")) refuseTooLarge(event.target);
    if (event.isTrusted) event.target.closest?.("[data-so-far]")?.setAttribute("data-touched", "");
    const form = event.target.form;
    if (form?.dataset.auto !== undefined && event.target.dataset.search === undefined) form.requestSubmit();
  });
  document.addEventListener("submit", (event) => { delete event.target.dataset.dirty; });
  addEventListener("beforeunload", (event) => { if (find("form[data-dirty]")) event.preventDefault(); });

  // Empty values make no address longer.
  document.addEventListener("formdata", (event) => {
    if (event.target.dataset?.auto === undefined) return;
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });

  // --- boards ----------------------------------------------------------------------------------------------------
  /* <div class="board" data-board hx-get="…" hx-trigger="live:work from:body, board-stale" hx-swap="outerMorph">
       <section class="board-column" data-limit="3"> <header><h2>Doing</h2> <span class="board-count">2</span></header>
         <ol class="board-cards" data-column="doing" aria-label="Doing">
           <li class="board-card" tabindex="0" id="card-7" data-card="Its title" data-move-url="…" data-version="4">
     Moves by drag, by Alt + arrows on a focused card, and by buttons with data-move-to="doing" in the card or its menu.
     POST column, position (0…), version to data-move-url; any 2xx is fine, JSON {"version": 5} renews the version.
     A card without data-move-url stays where it is. Needs vendor/sortable/Sortable.min.js for dragging. */

  const columnName = (list) => find("h2, h3", list.closest(".board-column") ?? list)?.textContent.trim() ?? list.getAttribute("aria-label") ?? "";

  const count = (within) => {
    for (const column of all(".board-column", within)) {
      const here = all(".board-card", column).length, limit = Number(column.dataset.limit || 0);
      const place = find(".board-count", column);
      if (place) place.textContent = limit ? `${here} / ${limit}` : String(here);
      column.classList.toggle("is-full", Boolean(limit) && here > limit);
    }
  };

  const move = async (card, from, before) => {
    const list = card.closest("[data-column]");
    const cards = all(".board-card", list), place = cards.indexOf(card);
    const back = () => { from.insertBefore(card, before?.parentNode === from ? before : null); count(card.closest("[data-board]")); };
    count(card.closest("[data-board]"));
    const column = columnName(list), limit = Number(list.closest(".board-column")?.dataset.limit || 0);
    try {
      const answer = await fetch(card.dataset.moveUrl, {
        method: "POST",
        headers: { "X-CSRFToken": csrf(), "X-Requested-With": "fetch", Accept: "application/json" },
        body: new URLSearchParams({ column: list.dataset.column, position: String(place), version: card.dataset.version ?? "" }),
      });
      if (!answer.ok) {
        back();
        await tell(answer);
        if (answer.status === 409) htmx.trigger(card.closest("[data-board]"), "board-stale");
        return;
      }
      const said = (answer.headers.get("Content-Type") ?? "").includes("json") ? await answer.json() : {};
      card.dataset.version = said.version ?? Number(card.dataset.version ?? 0) + 1;
      announce(fill(words.moved, { card: card.dataset.card, column, place: place + 1, count: cards.length }));
      if (limit && cards.length > limit) toast(fill(words.full, { column, limit }), "warning");
    } catch {
      back();
      toast(words.offline, "error");
    }
  };

  let dropped = 0;
  document.addEventListener("click", (event) => {
    if (Date.now() - dropped < 80 && event.target.closest?.(".board-card")) event.preventDefault();
  }, true);

  const board = (element) => {
    count(element);
    if (!window.Sortable) return;
    for (const list of all("[data-column]", element)) {
      if (Sortable.get(list)) continue;
      let before = null;
      Sortable.create(list, {
        group: "board", draggable: ".board-card[data-move-url]", filter: "button, input, select, [popover]", preventOnFilter: false,
        forceFallback: true, fallbackTolerance: 4, delay: 250, delayOnTouchOnly: true, touchStartThreshold: 6,
        animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
        onStart: (event) => { before = event.item.nextElementSibling; element.dataset.moving = "1"; },
        onEnd: (event) => {
          delete element.dataset.moving;
          dropped = Date.now();
          // Sortable looks where the hand is twenty times a second; a quick hand lets go between two looks.
          const at = event.originalEvent?.changedTouches?.[0] ?? event.originalEvent;
          const under = at && document.elementFromPoint(at.clientX, at.clientY)?.closest?.("[data-column]");
          if (under && element.contains(under) && under !== event.item.parentNode) {
            under.append(event.item);
            move(event.item, event.from, before);
          }
          else if (event.from !== event.to || event.oldIndex !== event.newIndex) move(event.item, event.from, before);
        },
      });
    }
  };

  const byKeys = (card, key) => {
    const list = card.closest("[data-column]"), before = card.nextElementSibling;
    const lists = all("[data-column]", card.closest("[data-board]"));
    if (key === "ArrowUp") { if (!card.previousElementSibling) return; list.insertBefore(card, card.previousElementSibling); }
    else if (key === "ArrowDown") { if (!before) return; list.insertBefore(before, card); }
    else {
      const next = lists[lists.indexOf(list) + (key === "ArrowRight" ? 1 : -1)];
      if (!next) return;
      next.insertBefore(card, next.children[[...list.children].indexOf(card)] ?? null);
    }
    card.focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    move(card, list, before);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-move-to]"), card = button?.closest(".board-card");
    if (!card?.dataset.moveUrl) return;
    event.preventDefault();
    button.closest("[popover]")?.hidePopover?.();
    const list = card.closest("[data-column]"), before = card.nextElementSibling;
    const target = find(`[data-column="${CSS.escape(button.dataset.moveTo)}"]`, card.closest("[data-board]"));
    if (!target || target === list) return;
    target.append(card);
    card.focus();
    move(card, list, before);
  });

  // A board that is being moved by hand is not read again underneath the hand.
  document.addEventListener("htmx:before:request", (event) => {
    if (event.detail.ctx.sourceElement?.dataset?.moving) event.preventDefault();
  });

  // --- live ------------------------------------------------------------------------------------------------------

  const topics = () => new Set(all("[hx-trigger*='live:']").flatMap((element) => element.getAttribute("hx-trigger").match(/live:[\w.-]+/g) ?? []));
  const say = (name) => body.dispatchEvent(new CustomEvent(name));
  const refresh = () => topics().forEach(say);

  const live = () => {
    const { eventsUrl, eventsToken } = body.dataset;
    if (!eventsUrl) return;
    let stream = null, poll = null, away = null, missed = false;
    const seen = new Map(), waiting = new Map(), last = new Map();
    const state = (name) => { body.dataset.live = name; };

    const polling = () => {
      state("polling");
      missed = true;
      poll ??= setInterval(() => { if (!document.hidden) refresh(); }, 15000);
    };
    const hear = (event) => {
      let said;
      try { said = JSON.parse(event.data); } catch { return; }
      if (!said?.topic || seen.get(said.topic) === said.version) return;
      seen.set(said.topic, said.version);
      if (waiting.has(said.topic)) return;
      // What comes in together is read together, and a stream that never pauses once a second.
      const rest = Math.max(150, 1000 - (performance.now() - (last.get(said.topic) ?? -1000)));
      waiting.set(said.topic, setTimeout(() => {
        waiting.delete(said.topic);
        last.set(said.topic, performance.now());
        say(`live:${said.topic}`);
      }, rest));
    };
    const close = () => { stream?.close(); stream = null; clearInterval(poll); poll = null; };
    const connect = () => {
      if (stream) return;
      stream = new EventSource(`${eventsUrl}?token=${encodeURIComponent(eventsToken)}`);
      const late = setTimeout(polling, 5000);
      stream.onopen = () => {
        clearTimeout(late);
        clearInterval(poll);
        poll = null;
        state("open");
        if (missed) refresh();
        missed = false;
      };
      stream.onmessage = hear;
      stream.onerror = () => { clearTimeout(late); polling(); };
    };
    // A tab that nobody looks at gives its connection back: browsers allow six to one origin.
    document.addEventListener("visibilitychange", () => {
      clearTimeout(away);
      if (document.hidden) away = setTimeout(() => { missed = true; close(); state("resting"); }, 30000);
      else if (!stream) connect();
    });
    addEventListener("pagehide", close);
    addEventListener("pageshow", (event) => { if (event.persisted) { missed = true; connect(); } });
    connect();
  };

  // --- notices ---------------------------------------------------------------------------------------------------
  // What came in since this page was made is told once, in whichever window hears it first; mere information stays
  // under the bell, and whoever reads the notices needs no second telling.

  const LEVELS = { warning: "warning", critical: "error" };
  let heard = 0;
  const toldUpTo = (pk) => {
    try {
      heard = Math.max(heard, Number(localStorage.getItem("opsboard.told")) || 0);
      if (pk > heard) localStorage.setItem("opsboard.told", String(pk));
    } catch { /* private windows may refuse */ }
    const before = heard;
    heard = Math.max(heard, pk);
    return before;
  };

  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    if (ctx.sourceElement?.id !== "bell" || !ctx.text || find("#notices")) return;
    const answer = new DOMParser().parseFromString(ctx.text, "text/html");
    for (const item of all("li.is-unread", answer).reverse()) {
      const link = find("a", item), pk = Number(link?.getAttribute("href")?.match(/(\d+)\/$/)?.[1]);
      if (!pk || Date.parse(find("time", item)?.dateTime ?? "") < Number(body.dataset.at) * 1000) continue;
      if (toldUpTo(pk) < pk && LEVELS[item.dataset.severity]) toast(link.textContent.trim(), LEVELS[item.dataset.severity], link.getAttribute("href"));
    }
  });

  // --- keys ------------------------------------------------------------------------------------------------------

  const destinations = new Map();
  for (const link of all("a[data-go]")) {
    const name = new URL(link.href).pathname.split("/").filter(Boolean).pop() ?? "";
    const letter = [...name, ...link.textContent.toLowerCase()].find((one) => /[a-z]/.test(one) && !destinations.has(one));
    if (letter) destinations.set(letter, link);
  }
  const list = find("#shortcuts-go");
  for (const [letter, link] of destinations) {
    const row = document.createElement("div"), term = document.createElement("dt"), words = document.createElement("dd");
    for (const key of ["g", letter]) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      term.append(cap, " ");
    }
    words.textContent = link.textContent;
    row.append(term, words);
    list?.append(row);
  }
  if (list && !destinations.size) list.remove();

  const remembered = {
    get: () => { try { return localStorage.getItem("opsboard.keys") !== "off"; } catch { return true; } },
    set: (on) => { try { localStorage.setItem("opsboard.keys", on ? "on" : "off"); } catch { /* private windows may refuse */ } },
  };
  const box = find("#shortcuts-on");
  if (box) {
    box.checked = remembered.get();
    box.addEventListener("change", () => remembered.set(box.checked));
  }

  let going = 0;
  document.addEventListener("keydown", (event) => {
    const card = event.target.closest?.(".board-card[data-move-url]");
    if (card && event.altKey && event.key.startsWith("Arrow")) {
      event.preventDefault();
      byKeys(card, event.key);
      return;
    }
    const typingNow = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (typingNow || event.ctrlKey || event.metaKey || event.altKey || find("dialog[open]") || !remembered.get()) return;
    if (event.key === "?") open(find("#shortcuts"));
    else if (event.key === "/" && find("[data-search]")) { event.preventDefault(); find("[data-search]").focus(); }
    else if (event.key === "g") going = Date.now();
    else if (Date.now() - going < 1500 && destinations.has(event.key)) { going = 0; destinations.get(event.key).click(); }
  });

  // --- begin -----------------------------------------------------------------------------------------------------

  // Deferred scripts that a page adds (Sortable) have run by then.
  document.addEventListener("DOMContentLoaded", () => settle(body));
  live();
  window.ops = Object.freeze({ toast, announce, refresh });
})();
