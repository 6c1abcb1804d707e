/** What the loader asked for in the frame's address, and what follows from it. */
import { pickLocale, translator } from "@guichet/shared/i18n";
import type { FrameOptions } from "../bridge";
import { texts } from "./texts";

export const widgetKey = new URLSearchParams(location.search).get("key") ?? "";
export const options: Partial<FrameOptions> = JSON.parse(decodeURIComponent(location.hash.slice(1)) || "{}");
export const locale = pickLocale(options.locale);
export const t = translator(texts, locale);
