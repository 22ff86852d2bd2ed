/* Dashboards: tiles moved by hand and by keys, pictures of them, one explored, and the wall.

   [data-arrange data-version] > .grid > .panel[data-tile data-x data-y data-w data-h data-move]
       drag the tile, pull its .panel-corner, or press arrows (with Shift: its size); the server lays the rest out and
       answers the grid as it is then, or 409 with both layouts
   button[data-remove]        takes a tile off
   form[data-layout]          undo and redo, also by Ctrl + Z and Ctrl + Shift + Z
   button[data-picture]       fetches an SVG and saves it as PNG
   #wall[data-next …]         turns to the next dashboard after data-seconds */
(() => {
  "use strict";
  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const csrf = () => find('meta[name="csrf-token"]')?.content ?? "";
  const words = find("#board-words")?.dataset ?? {};
  const fill = (text, values) => (text ?? "").replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
  const dark = () => document.documentElement.dataset.bsTheme === "dark";

  // --- arranging -------------------------------------------------------------------------------------------------

  const board = () => find("[data-arrange]");
  const number = (tile, name) => Number(tile.dataset[name]);
  const wide = () => matchMedia("(min-width: 1024px)").matches;

  const send = async (url, values, focus) => {
    const place = board();
    const body = new URLSearchParams({ ...values, version: place.dataset.version });
    let answer;
    try {
      answer = await fetch(url, {
        method: "POST", body,
        headers: { "X-CSRFToken": csrf(), "X-Requested-With": "fetch", Accept: "text/html" },
      });
    } catch {
      ops.toast(find("#words")?.dataset.offline, "error");
      return false;
    }
    const text = await answer.text();
    if (answer.status === 409) {
      const content = find("#dialog-content"), dialog = find("#dialog");
      const parsed = new DOMParser().parseFromString(text, "text/html");
      content.replaceChildren(...(find("#conflict", parsed) ? [find("#conflict", parsed)] : []));
      if (!dialog.open) dialog.showModal();
      return false;
    }
    if (!answer.ok) {
      ops.toast(find("#words")?.dataset[answer.status === 403 ? "forbidden" : answer.status === 422 ? "refused" : "broken"], "error");
      place.dispatchEvent(new CustomEvent("again"));
      return false;
    }
    const parsed = new DOMParser().parseFromString(text, "text/html");
    place.replaceChildren(...parsed.body.childNodes);
    window.htmx?.process(place);
    place.dataset.version = answer.headers.get("X-Version") ?? place.dataset.version;
    for (const field of all("form[data-layout] [name=version]")) field.value = place.dataset.version;
    for (const [id, way] of [["#undo", "X-Back"], ["#redo", "X-Forth"]]) {
      const button = find(id), had = button === document.activeElement;
      if (!button) continue;
      button.disabled = !answer.headers.get(way);
      if (had && button.disabled) find(id === "#undo" ? "#redo" : "#undo")?.focus();
    }
    if (focus) find(`[data-tile="${focus}"]`, place)?.focus({ preventScroll: false });
    return true;
  };

  const say = (tile, id) => {
    const there = find(`[data-tile="${id}"]`) ?? tile;
    ops.announce(fill(words.moved, {
      name: there.getAttribute("aria-label"), x: number(there, "x") + 1, y: number(there, "y") + 1, w: there.dataset.w, h: there.dataset.h,
    }));
  };

  const put = async (tile, place) => {
    const id = tile.dataset.tile;
    if (await send(tile.dataset.move, place, id)) say(tile, id);
  };

  const step = (grid) => {
    const style = getComputedStyle(grid), gap = parseFloat(style.columnGap) || 12;
    const column = (grid.clientWidth + gap) / 12, row = parseFloat(style.gridAutoRows) + gap;
    return { column, row: row || 68 };
  };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  let hand = null;
  document.addEventListener("pointerdown", (event) => {
    const tile = event.target.closest?.("[data-arrange] .panel[data-tile]");
    if (!tile || event.button || !wide() || event.target.closest("a, button")) return;
    const grid = tile.parentElement, box = tile.getBoundingClientRect();
    hand = {
      tile, grid, id: event.pointerId, x: event.clientX, y: event.clientY, size: Boolean(event.target.closest(".panel-corner")), begun: false,
      left: box.left, top: box.top, width: box.width, height: box.height, ...step(grid), ghost: null,
      place: { x: number(tile, "x"), y: number(tile, "y"), w: number(tile, "w"), h: number(tile, "h") },
    };
  });
  document.addEventListener("pointermove", (event) => {
    if (!hand || event.pointerId !== hand.id) return;
    const dx = event.clientX - hand.x, dy = event.clientY - hand.y;
    if (!hand.begun) {
      if (Math.hypot(dx, dy) < 5) return;
      hand.begun = true;
      hand.tile.setPointerCapture?.(hand.id);
      hand.tile.classList.add("is-moving");
      board().dataset.moving = "1";
      hand.ghost = document.createElement("div");
      hand.ghost.className = "panel-ghost";
      hand.grid.append(hand.ghost);
    }
    event.preventDefault();
    const was = hand.place, columns = Math.round(dx / hand.column), rows = Math.round(dy / hand.row);
    if (hand.size) {
      hand.next = { ...was, w: clamp(was.w + columns, 1, 12 - was.x), h: clamp(was.h + rows, 1, 12) };
      hand.tile.style.width = `${Math.max(60, hand.width + dx)}px`;
      hand.tile.style.height = `${Math.max(40, hand.height + dy)}px`;
    } else {
      hand.next = { ...was, x: clamp(was.x + columns, 0, 12 - was.w), y: Math.max(0, was.y + rows) };
      hand.tile.style.transform = `translate(${dx}px, ${dy}px)`;
    }
    const { x, y, w, h } = hand.next;
    hand.ghost.style.gridArea = `${y + 1} / ${x + 1} / span ${h} / span ${w}`;
  });
  const drop = (event, keep) => {
    if (!hand || event.pointerId !== hand.id) return;
    const { tile, begun, next, place, ghost } = hand;
    hand = null;
    ghost?.remove();
    tile.classList.remove("is-moving");
    tile.removeAttribute("style");
    if (board()) delete board().dataset.moving;
    if (begun && keep && next && ["x", "y", "w", "h"].some((name) => next[name] !== place[name])) put(tile, next);
  };
  document.addEventListener("pointerup", (event) => drop(event, true));
  document.addEventListener("pointercancel", (event) => drop(event, false));

  let waiting = null;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && hand?.begun) { drop({ pointerId: hand.id }, false); return; }
    const tile = event.target.closest?.("[data-arrange] .panel[data-tile]");
    if (!tile || event.target !== tile || !event.key.startsWith("Arrow") || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const place = waiting?.id === tile.dataset.tile ? waiting.place : { x: number(tile, "x"), y: number(tile, "y"), w: number(tile, "w"), h: number(tile, "h") };
    if (event.shiftKey) {
      place.w = clamp(place.w + way[0], 1, 12 - place.x);
      place.h = clamp(place.h + way[1], 1, 12);
    } else {
      place.x = clamp(place.x + way[0], 0, 12 - place.w);
      place.y = Math.max(0, place.y + way[1]);
    }
    clearTimeout(waiting?.timer);
    waiting = { id: tile.dataset.tile, place, timer: setTimeout(() => { waiting = null; put(tile, place); }, 220) };
    ops.announce(fill(words.moved, { name: tile.getAttribute("aria-label"), x: place.x + 1, y: place.y + 1, w: place.w, h: place.h }));
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-remove]");
    if (!button) return;
    const name = button.closest(".panel")?.getAttribute("aria-label");
    if (await send(button.dataset.remove, {})) ops.toast(fill(words.removed, { name }), "success");
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest?.("form[data-layout]");
    if (!form || !board()) return;
    event.preventDefault();
    send(form.action, {});
  });

  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!board() || !(event.ctrlKey || event.metaKey) || event.altKey || !["z", "y"].includes(key)) return;
    if (event.target.closest?.("input, textarea, select, dialog") || hand?.begun) return;
    event.preventDefault();
    const button = find(key === "y" || event.shiftKey ? "#redo" : "#undo");
    if (button && !button.disabled) button.form.requestSubmit(button);
  });

  // --- which fields of a tile matter -----------------------------------------------------------------------------

  const matter = () => {
    const form = find("#tile-form");
    if (!form) return;
    const kind = find("[name=kind]", form)?.value;
    for (const part of all("[data-for]", form)) part.hidden = !part.dataset.for.split(" ").includes(kind);
  };
  document.addEventListener("change", (event) => { if (event.target.name === "kind") matter(); });
  document.addEventListener("htmx:after:swap", matter);
  document.addEventListener("htmx:afterSwap", matter);
  matter();

  // Numbers are here within five seconds also where the live stream is not: an answer without news costs next to nothing.
  if (find("#board") && document.body.dataset.eventsUrl) {
    setInterval(() => {
      if (!document.hidden && document.body.dataset.live !== "open" && !board()?.dataset.moving) {
        document.body.dispatchEvent(new CustomEvent("live:metrics"));
      }
    }, 4000);
  }

  // A chosen period puts own days aside, and the other way round.
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-look]");
    if (!form) return;
    if (event.target.name === "span") for (const field of all("[type=date]", form)) field.value = "";
    else if (event.target.type === "date" && event.target.value) find("[name=span]", form).value = "";
  }, true);

  // A download leaves the page where it is; its menu goes.
  document.addEventListener("click", (event) => { event.target.closest?.("[popover] a")?.closest("[popover]").hidePopover?.(); });

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-print]")) { event.target.closest("[popover]")?.hidePopover?.(); print(); }
  });

  // --- pictures --------------------------------------------------------------------------------------------------

  const picture = async (url, name) => {
    const address = new URL(url, location.href);
    if (dark()) address.searchParams.set("theme", "dark");
    const answer = await fetch(address, { headers: { Accept: "image/svg+xml" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const svg = await answer.text();
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
    await image.decode();
    const canvas = document.createElement("canvas"), larger = 2;
    canvas.width = image.naturalWidth * larger;
    canvas.height = image.naturalHeight * larger;
    const pen = canvas.getContext("2d");
    pen.scale(larger, larger);
    pen.drawImage(image, 0, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${name.replace(/[^\p{L}\p{N}._-]+/gu, "-") || "dashboard"}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 30000);
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-picture]");
    if (!button) return;
    button.closest("[popover]")?.hidePopover?.();
    picture(button.dataset.picture, button.dataset.name ?? "").catch(() => ops.toast(find("#words")?.dataset.broken, "error"));
  });

  // --- the wall --------------------------------------------------------------------------------------------------

  const wall = find("#wall");
  if (!wall) return;
  const addresses = JSON.parse(find("#wall-addresses")?.textContent ?? "[]");
  let here = 0, turn = null, quiet = null, running = true;

  const rows = () => {
    const deepest = Math.max(1, ...all(".grid > .panel", wall).map((tile) => {
      const at = (prefix) => Number([...tile.classList].find((name) => name.startsWith(prefix))?.slice(prefix.length) ?? 0);
      return at("at-y") + at("at-h");
    }));
    wall.style.setProperty("--rows", String(deepest));
  };
  const clock = () => {
    const place = find(".wall-clock", wall);
    if (place) place.textContent = new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  };
  // What is shown is asked for again by its mark; an answer without news is 304 and costs nothing.
  let mark = "";
  const show = async (fresh) => {
    const url = addresses[here]?.url ?? location.href;
    try {
      const answer = await fetch(url, { headers: { "HX-Request": "true", ...(fresh || !mark ? {} : { "If-None-Match": mark }) }, cache: "no-store" });
      if (answer.status === 304) return;
      if (answer.redirected || !answer.ok) throw new Error(String(answer.status));
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = find("#wall-board", parsed), now = find("#wall-board", wall);
      if (!next || !now) return;
      now.replaceWith(next);
      mark = answer.headers.get("ETag") ?? "";
      wall.classList.remove("is-stale");
      rows();
      clock();
    } catch {
      wall.classList.add("is-stale"); // the last picture stays, and the next look may be luckier
    }
  };
  const next = (by = 1) => {
    if (addresses.length > 1) { here = (here + by + addresses.length) % addresses.length; mark = ""; show(true); }
  };
  const start = () => {
    clearInterval(turn);
    if (running && addresses.length > 1) turn = setInterval(() => next(), Math.max(5, Number(wall.dataset.seconds)) * 1000);
  };
  const stir = () => {
    document.body.classList.remove("is-quiet");
    clearTimeout(quiet);
    quiet = setTimeout(() => document.body.classList.add("is-quiet"), 3500);
  };
  const awake = async () => { try { await navigator.wakeLock?.request("screen"); } catch { /* not everywhere, not always */ } };

  document.addEventListener("pointermove", stir);
  document.addEventListener("keydown", (event) => {
    stir();
    if (event.target.closest("input, select, summary, button, a")) return;
    if (event.key === "ArrowRight") next(1);
    else if (event.key === "ArrowLeft") next(-1);
    else if (event.key === " ") { event.preventDefault(); running = !running; start(); }
    else if (event.key === "f") find("[data-full]")?.click();
  });
  find("[data-full]")?.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.().catch(() => {});
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { awake(); show(); } });
  for (const topic of ["live:metrics", "live:annotations", "live:dashboards"]) document.body.addEventListener(topic, () => show());
  setInterval(() => { if (!document.hidden) show(); }, Number(wall.dataset.poll || 4) * 1000);
  setInterval(clock, 5000);
  rows();
  clock();
  start();
  stir();
  awake();
})();
