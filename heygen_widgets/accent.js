// Make Jupyter's accent colour Vuetify's "primary" in elements of the class `heygen-accent`, now and after a change of the theme: as dark
// or light as can be read on the page. Menus need the class too, because Vuetify moves them out of the widget.
function followAccent() {
  if (document.getElementById("heygen-accent")) return;
  const style = document.createElement("style");
  style.id = "heygen-accent";
  document.body.append(style);
  const update = () => {
    const [lightness, text] = document.body.dataset.jpThemeLight === "false" ? ["max(l, 0.75)", "0, 0, 0"] : ["min(l, 0.5)", "255, 255, 255"];
    style.style.color = `rgb(from oklch(from ${getComputedStyle(document.body).getPropertyValue("--jp-brand-color1")} ${lightness} c h) r g b)`;
    const parts = getComputedStyle(style).color.match(/-?\d[\d.e-]*/g).map(part => Math.round(255 * Math.min(1, Math.max(0, part))));
    // Vuetify sets the colours in many elements again, by the class of its theme. Elsewhere than in Jupyter, its own colour stays.
    style.textContent = !style.style.color ? "" : `.heygen-accent.heygen-accent, .heygen-accent [class*="v-theme--"] {
      --v-theme-primary: ${parts.slice(0, 3)}; --v-theme-on-primary: ${text};
    }`;
  };
  new MutationObserver(update).observe(document.body, { attributeFilter: ["data-jp-theme-name"] });
  update();
}
