import type { Api } from "./api";
import type { Call } from "./http";

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** The longest page that the services give. */
const LONGEST = 200;

/** All of a short list, page by page. @throws Problem */
export async function readAll<T>(
  api: Pick<Api, "get">,
  path: string,
  query: Call["query"] = {},
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await api.get(path, { ...query, limit: LONGEST, cursor });
    all.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return all;
}
