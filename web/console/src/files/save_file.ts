const KEPT_MS = 60_000;

/** Hands bytes to the browser's own downloads. */
export function saveFile(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads the address after the click, when it has time.
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT_MS);
}
