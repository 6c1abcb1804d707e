/** A sheet with a folded corner. */
export const FileIcon = () => (
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <path d="M14 3H6v18h12V7zM14 3v4h4" />
  </svg>
);
