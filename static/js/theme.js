/* The theme before the first paint: "system" follows the device. Loaded in <head> without defer, so that nothing flashes. */
(() => {
  "use strict";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const show = () => {
    const choice = root.dataset.theme || "system";
    const theme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
    root.dataset.bsTheme = theme;
    const meta = document.querySelector('meta[name="theme-color"]');
    if (meta) meta.content = theme === "dark" ? "#1e2022" : "#ffffff";
  };
  show();
  root.classList.add("scripted");
  dark.addEventListener("change", show);
  new MutationObserver(show).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
})();
