/** As the server has it (NIST SP 800-63B, section 5.1.1.2). */
export const PASSWORD_MIN = 8;
export const PASSWORD_MAX = 128;

/** The token of a link by which one sets a password, `/#/welcome/<token>`: behind the #, so that no server logs it. */
export function welcomeToken(hash: string): string | null {
  return /^#\/welcome\/([\w-]{20,200})$/.exec(hash)?.[1] ?? null;
}
