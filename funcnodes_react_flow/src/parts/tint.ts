import type { CSSProperties } from "react";
import type { Tint } from "../model/tint";

type TintStyle = CSSProperties & { "--tint": string };

/** Hands a colour to a group or a note; what line, ground and veil are made of it is the theme's. */
export function tintStyle(tint: Tint): CSSProperties {
  const style: TintStyle = { "--tint": `var(--tint-${tint})` };
  return style;
}
