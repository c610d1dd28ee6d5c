/** A thin bar of progress; without a fraction it only says that something is going on. */
export function Bar({
  fraction,
  tone = "accent",
}: {
  fraction: number | null;
  tone?: "accent" | "danger" | "ok";
}) {
  const colour = { accent: "bg-accent", danger: "bg-danger", ok: "bg-ok" }[tone];
  return (
    <div
      className="h-1 w-full overflow-hidden rounded-full bg-hover"
      role="progressbar"
      aria-valuenow={fraction === null ? undefined : Math.round(fraction * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      {fraction === null ? (
        <div className={`sweep h-full w-1/3 rounded-full ${colour}`} />
      ) : (
        <div
          className={`h-full rounded-full transition-[width] duration-300 ${colour}`}
          style={{ width: `${Math.max(2, fraction * 100)}%` }}
        />
      )}
    </div>
  );
}
