const INVISIBLE = /^[\s\p{Cc}\p{Default_Ignorable_Code_Point}\u2800]*$/u;

/** Whether there is nothing to see in a text: only spaces, marks of direction, zero-width characters and fillers. */
export function isBlank(text: string): boolean {
  return INVISIBLE.test(text);
}
