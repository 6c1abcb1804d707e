import { fileTexts, refusalOf, formatSize as sizeIn } from "@guichet/shared/file_texts";
import { translator } from "@guichet/shared/i18n";
import { locale } from "../options";

export const t = translator(fileTexts, locale);
export const tellRefusal = (code: string): string => t(refusalOf(code));
export const formatSize = (bytes: number): string => sizeIn(locale, bytes);
