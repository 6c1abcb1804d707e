/** Letters that normalisation does not take apart. */
const LIGATURES: Record<string, string> = { œ: "oe", æ: "ae", ß: "ss" };

/** Lower case without accents and ligatures: "Zoé Œuvrard" is found by "zoe oeu". */
export function folded(text: string): string {
  const plain = text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[œæß]/g, (letter) => LIGATURES[letter] ?? letter);
}

/** Whether the text contains each typed word. */
export function containsWords(text: string, typed: string): boolean {
  const within = folded(text);
  return folded(typed)
    .split(/\s+/)
    .every((word) => within.includes(word));
}

/** Whether each typed word begins a word of the text, as the servers' search has it. */
export function beginsWords(text: string, typed: string): boolean {
  const within = wordsOf(text);
  return wordsOf(typed).every((word) => within.some((whole) => whole.startsWith(word)));
}

function wordsOf(text: string): string[] {
  return folded(text)
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}
