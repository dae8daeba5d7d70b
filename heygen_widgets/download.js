// Let the browser save a file.
function saveFile(blob, name) {
  const MAY_TAKE = 60000;   // ms until the browser begins to read it
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), MAY_TAKE);
}
