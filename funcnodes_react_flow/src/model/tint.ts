/** The few colours that groups and notes can have, by name: what each looks like is the theme's. */
export const TINTS = ["grey", "yellow", "green", "blue", "purple", "red"] as const;
export type Tint = (typeof TINTS)[number];

/** Reads a colour as it was saved; what is none of ours is shown as grey. */
export function toTint(value: unknown): Tint {
  return TINTS.find((tint) => tint === value) ?? "grey";
}
