// Copy a text. Returns whether the browser allowed it.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without a secure connection there is no clipboard API.
    const fill = event => { event.preventDefault(); event.stopPropagation(); event.clipboardData.setData("text/plain", text); };
    window.addEventListener("copy", fill, true);
    const done = document.execCommand("copy");
    window.removeEventListener("copy", fill, true);
    return done;
  }
}
