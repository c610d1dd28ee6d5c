/** The time of today, or the day before that. */
export function when(seconds: number): string {
  const then = new Date(seconds * 1000);
  const today = new Date().toDateString() === then.toDateString();
  return today
    ? then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" })
    : then.toLocaleDateString([], { day: "numeric", month: "short" });
}
