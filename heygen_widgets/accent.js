// Make Jupyter's accent colour Vuetify's "primary" in elements of the class `heygen-accent`, now and after a change of
// the theme. Menus and dialogs need the class too, because Vuetify moves them out of the widget.
function followAccent() {
  if (document.getElementById("heygen-accent")) return;
  const READABLE = 5.5;   // contrast to the page; leaves room for the tint of a pressed button
  const style = document.createElement("style");
  style.id = "heygen-accent";
  document.body.append(style);

  // The red, green and blue of a colour of the theme, in whatever notation it is written.
  const colour = name => {
    style.style.color = "";
    style.style.color = getComputedStyle(document.body).getPropertyValue(name);
    const parts = style.style.color && getComputedStyle(style).color.match(/^rgb\((\d+), (\d+), (\d+)\)$/);
    return parts ? parts.slice(1).map(Number) : null;
  };
  const luminance = rgb => {
    const [red, green, blue] = rgb.map(part => (part <= 10 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const bestOn = rgb => [[255, 255, 255], [0, 0, 0]].sort((a, b) => contrast(b, rgb) - contrast(a, rgb))[0];

  const update = () => {
    const brand = colour("--jp-brand-color1");
    const page = colour("--jp-layout-color1");
    // Elsewhere than in Jupyter, Vuetify's own colour stays.
    if (!brand || !page) { style.textContent = ""; return; }
    const end = bestOn(page);
    let accent = brand;
    for (let share = 0.05; share <= 1 && contrast(accent, page) < READABLE; share += 0.05) {
      accent = brand.map((part, at) => Math.round(part + share * (end[at] - part)));
    }
    // Vuetify sets the colours in many elements again, by the class of its theme.
    style.textContent = `.heygen-accent.heygen-accent, .heygen-accent [class*="v-theme--"] {
      --v-theme-primary: ${accent}; --v-theme-on-primary: ${bestOn(accent)};
    }`;
  };
  new MutationObserver(update).observe(document.body, { attributeFilter: ["data-jp-theme-name"] });
  update();
}
