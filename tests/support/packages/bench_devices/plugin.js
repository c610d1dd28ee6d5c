export const shown = "bench";
