/** What the library puts into a drag, and the canvas takes from it. */
export const DRAG_TYPE = "application/x-funcnodes-class";
