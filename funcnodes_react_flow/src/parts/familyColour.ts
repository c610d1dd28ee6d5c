import type { CSSProperties } from "react";
import type { Family } from "../model/portType";

/** The colour of a family of types, as a CSS value that follows the theme. */
export function familyColour(family: Family): string {
  return `var(--family-${family})`;
}

/** Hands the colour to a port's handle. */
export function portStyle(family: Family): CSSProperties {
  const style: CSSProperties & { "--port": string } = { "--port": familyColour(family) };
  return style;
}
