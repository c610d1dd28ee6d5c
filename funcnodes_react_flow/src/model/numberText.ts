/** Numbers as one reads them: at most ten significant digits, whole numbers unchanged. */
export function numberText(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(10)));
}
