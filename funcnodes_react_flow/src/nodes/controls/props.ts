import type { Json } from "../../wire/generated";

export interface ControlProps {
  value: Json | undefined;
  /** Undefined: back to the default of the node class. */
  onCommit: (value: Json | undefined) => void;
  testId: string;
  label: string;
  placeholder: string;
  /** The user gave it this value; without one it is the default of the node class. */
  isOwn: boolean;
}
