import type { ItemFile } from "@guichet/shared/protocol";
import { useEffect, useState } from "preact/hooks";
import { useDesk } from "../desk";
import { Problem } from "../http/problem";

const NONE: ReadonlyMap<string, string> = new Map();

/** Addresses of an e-mail's inline images, by content id, as long as they are shown; fetched with the agent's token. */
export function useInlineImages(files: readonly ItemFile[]): ReadonlyMap<string, string> {
  const { api } = useDesk();
  const [addresses, setAddresses] = useState(NONE);
  const wanted = files.map(({ id, content_id }) => `${id} ${content_id}`).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `wanted` says which files these are
  useEffect(() => {
    if (files.length === 0) return;
    const made = new Map<string, string>();
    let gone = false;
    for (const { id, content_id, media_type } of files) {
      api.blob(`/api/v1/attachments/${id}`).then(
        (blob) => {
          if (gone || !content_id) return;
          made.set(content_id, URL.createObjectURL(new Blob([blob], { type: media_type })));
          setAddresses(new Map(made));
        },
        (error: unknown) => {
          // Without it the mail shows what it says instead of the image.
          if (!(error instanceof Problem)) throw error;
        },
      );
    }
    return () => {
      gone = true;
      for (const address of made.values()) URL.revokeObjectURL(address);
      setAddresses(NONE);
    };
  }, [api, wanted]);
  return addresses;
}
