import { useState } from "react";

/**
 * Gives the keyboard back, when a dialog closes, to what had it before. For `onCloseAutoFocus` of a dialog that is
 * rendered only while it is open: Radix knows the way back only for dialogs opened by a trigger of its own.
 */
export function useReturnFocus(otherwise?: () => void): (event: Event) => void {
  // As it is rendered first: afterwards a field in the dialog has the keyboard.
  const [before] = useState(() => document.activeElement);
  return (event) => {
    event.preventDefault();
    if (before instanceof HTMLElement && before.isConnected && before !== document.body) before.focus();
    else otherwise?.();
  };
}
