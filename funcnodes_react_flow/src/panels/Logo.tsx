export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="shrink-0">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <path
        d="M9.5 10.5h5a3 3 0 0 1 3 3v5a3 3 0 0 0 3 3h2"
        fill="none"
        stroke="var(--on-accent)"
        strokeWidth="2.4"
        strokeLinecap="round"
      />
      <circle cx="9.5" cy="10.5" r="3.2" fill="var(--on-accent)" />
      <circle cx="22.5" cy="21.5" r="3.2" fill="var(--on-accent)" opacity="0.7" />
    </svg>
  );
}
