import type { Json } from "../../wire/generated";

export interface ControlProps {
  value: Json | undefined;
  /** Undefined: back to the default of the node class. */
  onCommit: (value: Json | undefined) => void;
  testId: string;
  label: string;
  placeholder: string;
}
