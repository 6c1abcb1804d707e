import { Problem } from "./problem";

/** Five seconds in all. */
const DELAYS_MS = [200, 400, 800, 1_600, 2_000];
/** What one service has just saved, another hears of a moment later; until then it answers one of these. */
const NOT_YET = ["contact_not_known_yet", "attachment_not_known_yet"];

/** Makes the call, and makes it again while the service has not heard yet of what it names. @throws Problem */
export async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (const delay of DELAYS_MS) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof Problem) || !NOT_YET.includes(error.code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
  return call();
}
